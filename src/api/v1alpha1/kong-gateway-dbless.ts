import { z } from "zod";

/** For gateways without a database. */
export const Dbless = z.strictObject({
  replaceForeign: z
    .boolean()
    .default(false)
    .describe(
      "Whether a configuration that the operator did not load may be replaced. A gateway without a database has one owner: whatever it is given replaces everything.",
    ),
});
export type Dbless = z.infer<typeof Dbless>;

const Pod = z.strictObject({
  address: z.string().describe("Host and port of its Admin API."),
  configurationHash: z.string().optional().describe("Hash of the configuration that it said it has."),
  message: z.string().optional().describe("What is wrong with it."),
});

export const DblessStatus = z
  .strictObject({
    configurationHash: z.string().describe("Hash of the configuration that every Pod shall have."),
    pods: z.array(Pod).max(256).describe("What the Pods have."),
  })
  .describe("Only of a gateway without a database: which configuration it shall have, and which its Pods have.");
