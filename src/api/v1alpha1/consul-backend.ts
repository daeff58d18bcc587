import { z } from "zod";
import { setOf, text } from "../fields.ts";
import { secretWithKey } from "../references.ts";
import { isSet, withRules } from "../rules.ts";
import { serverTls, serverUrl } from "./server-fields.ts";

/** Name of something in Consul, which takes nearly everything; what would be a part of a path or a list is not a name. */
const consulName = (of: string) =>
  text({
    maxLength: 128,
    pattern: "^[^\\x00-\\x20/?#,\\x7f]+$",
    message: `must be ${of} in Consul: no spaces, '/', '?', '#' or ','`,
  });

const consulTag = () =>
  text({ maxLength: 256, pattern: "^[^\\x00-\\x1f\\x7f]+$", message: "must be a tag without control characters" });

const ConsulTls = serverTls({
  who: "Consul",
  whose: "Consul's",
  name: ", such as server.dc1.consul; the host of address",
});

/** A service registered in Consul, as a source of targets. */
export const ConsulBackend = withRules(
  z.strictObject({
    address: serverUrl("the token belongs").describe(
      "Address of Consul's HTTP API, such as http://consul-server.consul.svc:8500.",
    ),
    service: consulName("the name of a service").describe("Name of the service in Consul."),
    tags: setOf(consulTag(), 16)
      .optional()
      .describe("Only instances that carry all of these tags, upper and lower case being the same."),
    datacenter: consulName("the name of a datacenter")
      .optional()
      .describe("Datacenter of the service; that of the Consul agent which answers unless set."),
    namespace: consulName("the name of a namespace")
      .optional()
      .describe("Consul Enterprise: namespace of the service."),
    partition: consulName("the name of an admin partition")
      .optional()
      .describe("Consul Enterprise: admin partition of the service."),
    secretRef: secretWithKey("token", "ACL token")
      .optional()
      .describe("ACL token, which needs service:read on the service and node:read on its nodes."),
    tls: ConsulTls.optional().describe("How TLS to Consul is set up."),
  }),
  [
    {
      cel: "!has(self.tls) || self.address.startsWith('https://')",
      message: "tls needs an https address: write https in address or remove tls",
      at: "tls",
      holds: ({ tls, address }) => !isSet(tls) || address.startsWith("https://"),
    },
  ],
);
export type ConsulBackend = z.infer<typeof ConsulBackend>;
