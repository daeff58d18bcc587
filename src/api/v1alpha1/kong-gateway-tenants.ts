import { z } from "zod";
import { namespaceName, setOf, text } from "../fields.ts";
import { celHasAny, isSet, withRules } from "../rules.ts";
import { LabelSelector } from "./allowed-namespaces.ts";

/** Short, because the API server reckons the cost of a rule by the length of its expression. */
const NAME = "[-0-9A-Za-z_.]*[0-9A-Za-z_]";

/** A host, or many by a wildcard; `*` alone is every host. */
const tenantHost = () =>
  text({
    maxLength: 255,
    pattern: `^(\\*|\\*\\.${NAME}|${NAME}(\\.\\*)?)$`,
    message:
      "must be a host name without a port; '*' may be its first or its last label, or stand alone for every host",
  });

const destination = () =>
  text({
    maxLength: 255,
    pattern: `^(\\*|(\\*\\.)?${NAME}|[0-9A-Fa-f:.]+(/[0-9]{1,3})?)$`,
    message: "must be a host name (the first label may be '*'), an IP address or a CIDR block, without a port",
  });

const pluginName = () =>
  text({
    maxLength: 128,
    pattern: "^(\\*|[-_0-9A-Za-z]+)$",
    message: "must be the name of a plugin, or '*' for all",
  });

const vaultPrefix = () =>
  text({
    maxLength: 64,
    pattern: "^[a-z][a-z0-9-]*[a-z0-9]$",
    message: "must be the prefix of a vault in Kong: lower-case letters, digits and '-'",
  });

const Namespaces = withRules(
  z.strictObject({
    names: setOf(namespaceName(), 64).min(1).optional().describe("Namespaces by name."),
    selector: LabelSelector.optional().describe("Namespaces by label."),
  }),
  [
    {
      cel: celHasAny("names", "selector"),
      message: "at least one of names and selector must be set",
      holds: (namespaces) => isSet(namespaces.names) || isSet(namespaces.selector),
    },
  ],
);

const Plugins = z.strictObject({
  allow: setOf(pluginName(), 64)
    .optional()
    .describe("Plugins beyond those that every tenant may use, with all their settings; '*' is every plugin."),
  deny: setOf(pluginName(), 64)
    .optional()
    .describe("Plugins that these namespaces may not use; '*' is every plugin that allow does not name."),
});

/** What namespaces other than the gateway's own may do beyond what is open to each of them. */
export const Tenant = z.strictObject({
  namespaces: Namespaces.describe("The namespaces that this entry is about. allowedNamespaces must admit them too."),
  hosts: setOf(tenantHost(), 32)
    .optional()
    .describe(
      "Hosts that are theirs, for routes and for certificates' server names. '*' opens every host, and routes without hosts and with expressions too.",
    ),
  plugins: Plugins.optional().describe("Which plugins they may use."),
  globalPlugins: z
    .boolean()
    .optional()
    .describe("Whether they may have plugins that act on every request, or on all requests of a consumer."),
  consumers: z
    .boolean()
    .optional()
    .describe("Whether they may have consumers and consumer groups, which count on everyone's routes."),
  vaultRefs: setOf(vaultPrefix(), 32)
    .optional()
    .describe("Prefixes of the vaults that their {vault://prefix/…} references may read. env is Kong's environment."),
  customNames: z
    .boolean()
    .optional()
    .describe("Whether they may choose any name in Kong, adopt what exists there, and leave entities behind."),
  destinations: setOf(destination(), 32)
    .optional()
    .describe(
      "Where their services, targets and plugins may send requests besides public addresses and Services of their own: names, IP addresses, CIDR blocks.",
    ),
});
export type Tenant = z.infer<typeof Tenant>;

/** Fields of a KongGateway about namespaces other than its own. */
export const tenancyFields = {
  tenants: z
    .array(Tenant)
    .max(64)
    .optional()
    .describe(
      "What namespaces other than the gateway's own may do. Without an entry only what concerns nobody else; where several entries are about a namespace, it may do what any of them opens.",
    ),
  revocation: z
    .strictObject({
      policy: z
        .enum(["Delete", "Report"])
        .default("Delete")
        .describe("Delete removes from Kong what is no longer permitted; Report leaves it there and only says so."),
    })
    .prefault({})
    .describe(
      "What becomes of entities whose namespace allowedNamespaces no longer admits, or that tenants no longer permits.",
    ),
};
