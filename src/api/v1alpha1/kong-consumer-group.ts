import { z } from "zod";
import type { KindDefinition } from "../kind.ts";
import { MESSAGE_COLUMN, READY_COLUMNS } from "../kind.ts";
import { CATEGORY } from "../names.ts";
import { entityStatusFields, KongStatus } from "../status.ts";
import { entityFields } from "./common.ts";

/** A consumer group of a gateway that has them. */
export const KongConsumerGroupSpec = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(512)
      .optional()
      .describe(
        "Name of the consumer group in Kong. By default <namespace>.<name>, or <name> where the gateway's naming is Plain.",
      ),
    ...entityFields("consumer group"),
  })
  .describe("What the consumer group in Kong should be. Its members name it in KongConsumer's spec.consumerGroups.");
export type KongConsumerGroupSpec = z.infer<typeof KongConsumerGroupSpec>;

export const KongConsumerGroupStatus = z.strictObject({
  ...entityStatusFields,
  kong: KongStatus.optional().describe("The consumer group in Kong."),
});
export type KongConsumerGroupStatus = z.infer<typeof KongConsumerGroupStatus>;

export const KongConsumerGroup: KindDefinition<KongConsumerGroupSpec, KongConsumerGroupStatus> = {
  kind: "KongConsumerGroup",
  plural: "kongconsumergroups",
  singular: "kongconsumergroup",
  shortNames: ["kjcg"],
  categories: [CATEGORY],
  description:
    "A consumer group: plugins can act on the requests of all its members. Only Kong Gateway Enterprise has them; not to be confused with the groups of the acl plugin.",
  specSchema: KongConsumerGroupSpec,
  statusSchema: KongConsumerGroupStatus,
  printerColumns: [
    {
      name: "Kong name",
      type: "string",
      jsonPath: ".status.kong.name",
      description: "Name of the consumer group in Kong",
    },
    { name: "Gateway", type: "string", jsonPath: ".status.gateway.name", priority: 1 },
    MESSAGE_COLUMN,
    ...READY_COLUMNS,
  ],
};
