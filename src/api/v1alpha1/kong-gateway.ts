import { z } from "zod";
import { headerName, integer, mapListOf, text, uuid } from "../fields.ts";
import type { KindDefinition } from "../kind.ts";
import { MESSAGE_COLUMN, READY_COLUMNS } from "../kind.ts";
import { CATEGORY } from "../names.ts";
import { SecretKeyRef, secretWithKey } from "../references.ts";
import { isSet, withRules, withTransitionRules } from "../rules.ts";
import { baseStatusFields } from "../status.ts";
import { AllowedNamespaces } from "./allowed-namespaces.ts";
import { DeletionPolicy } from "./common.ts";
import { Dbless, DblessStatus } from "./kong-gateway-dbless.ts";
import { tenancyFields } from "./kong-gateway-tenants.ts";
import { Proxy } from "./kong-gateway-proxy.ts";
import { AdminServiceRef } from "./kong-gateway-service.ts";
import { serverTls, serverUrl } from "./server-fields.ts";

const AdminTls = serverTls({
  who: "the Admin API",
  whose: "the Admin API's",
  name: "; the host of url, or <name>.<namespace>.svc of serviceRef,",
});

const AdminHeader = z.strictObject({
  name: headerName().describe("Name of the header."),
  secretRef: SecretKeyRef.describe("Where its value comes from."),
});

export const AdminApi = withRules(
  z.strictObject({
    url: serverUrl("credentials belong").optional().describe("Address of the Admin API. Either this or serviceRef."),
    serviceRef: AdminServiceRef.optional().describe(
      "Kubernetes Service of the Admin API. Its Pods are spoken to one by one: any of those of a gateway with a database, all of those of one without.",
    ),
    tls: AdminTls.optional().describe("How TLS to the Admin API is set up."),
    tokenSecretRef: secretWithKey("token", "token")
      .optional()
      .describe("Token sent as the header Kong-Admin-Token, for gateways with RBAC."),
    headersFrom: mapListOf(AdminHeader, "name", 16)
      .optional()
      .describe("Further headers of every request to the Admin API, with values from Secrets."),
    workspace: text({
      maxLength: 128,
      pattern: "^[-._~0-9A-Za-z]+$",
      message: "must be the name of a workspace: letters, digits, '.', '-', '_' and '~'",
    })
      .optional()
      .describe("Workspace to configure, for gateways that have workspaces. Cannot be changed."),
    timeoutMs: integer(100, 300000).default(10000).describe("Milliseconds to wait for an answer of the Admin API."),
    concurrency: integer(1, 64).default(16).describe("Most requests to the Admin API at the same time."),
  }),
  [
    {
      cel: "has(self.url) != has(self.serviceRef)",
      message: "exactly one of url and serviceRef must be set",
      holds: (api) => isSet(api.url) !== isSet(api.serviceRef),
    },
    {
      cel: "!has(self.tls) || !has(self.url) || self.url.startsWith('https://')",
      message: "tls needs an https url: write https in url or remove tls",
      at: "tls",
      holds: (api) => !isSet(api.tls) || api.url === undefined || api.url.startsWith("https://"),
    },
    {
      cel: "!has(self.tls) || !has(self.serviceRef) || self.serviceRef.scheme == 'https'",
      message: "tls needs scheme https: write it in serviceRef or remove tls",
      at: "tls",
      holds: (api) => !isSet(api.tls) || api.serviceRef === undefined || api.serviceRef.scheme === "https",
    },
  ],
);
export type AdminApi = z.infer<typeof AdminApi>;

const Drift = z.strictObject({
  intervalSeconds: integer(1, 86400)
    .default(60)
    .describe("Seconds between two comparisons with what the gateway holds."),
  policy: z
    .enum(["Repair", "Report"])
    .default("Repair")
    .describe(
      "Repair puts back what was changed behind the operator's back; Report only says so in the condition Drifted.",
    ),
});

const Prune = z.strictObject({
  policy: z
    .enum(["Delete", "Report"])
    .default("Delete")
    .describe(
      "What becomes of entities that carry our marks and belong to no object: Delete removes them, Report only says so.",
    ),
  maxPercent: integer(1, 100)
    .default(30)
    .describe(
      "Most that one pass may delete, in percent of our entities on the gateway; a pass that would delete more deletes nothing.",
    ),
});

const fields = z.strictObject({
  adminApi: AdminApi.describe("How to reach the Admin API."),
  proxy: Proxy.optional().describe("How to reach the proxy. Routes with verify are asked for there."),
  instance: text({
    maxLength: 128,
    pattern: "^[-._0-9A-Za-z]+$",
    message: "must consist of letters, digits, '.', '-' and '_'",
  })
    .optional()
    .describe(
      "Name under which entities are marked as ours on the gateway; <namespace>.<name> unless set. Cannot be changed.",
    ),
  takeOver: uuid()
    .optional()
    .describe(
      "uid of another cluster (of its namespace kube-system) whose entities under the same instance become this cluster's.",
    ),
  naming: z
    .enum(["Namespaced", "Plain"])
    .default("Namespaced")
    .describe("Names in Kong of objects that set none: Namespaced makes <namespace>.<name>, Plain just <name>."),
  allowedNamespaces: AllowedNamespaces.prefault({}).describe("Namespaces whose objects may use the gateway."),
  ...tenancyFields,
  drift: Drift.prefault({}).describe("How changes made behind the operator's back are found and what becomes of them."),
  dbless: Dbless.prefault({}).describe("For a gateway without a database."),
  prune: Prune.prefault({}).describe("What becomes of our entities that no object describes any more."),
  deletionPolicy: DeletionPolicy.default("Delete").describe(
    "What becomes of an entity when its object is deleted and says nothing itself: Delete removes it from Kong, Orphan leaves it there without our marks.",
  ),
});

/** Ids and marks of all entities are made of the instance and the workspace. */
const immutable = (path: string) => ({
  cel: `has(self.${path}) == has(oldSelf.${path}) && (!has(self.${path}) || self.${path} == oldSelf.${path})`,
  message: `${path} cannot be changed, because every entity on the gateway is marked with it: create another KongGateway`,
  at: path,
});

/** A Kong gateway and how the operator treats it. */
export const KongGatewaySpec = withTransitionRules(fields, [
  immutable("instance"),
  immutable("adminApi.workspace"),
]).describe("Where the gateway is and how the operator treats it.");
export type KongGatewaySpec = z.infer<typeof KongGatewaySpec>;

const Listener = z.strictObject({
  port: z.int().describe("Port number."),
  kind: z.enum(["proxy", "admin"]).describe("What is served there."),
  tls: z.boolean().optional().describe("Whether TLS is spoken there."),
});

export const KongGatewayStatus = z.strictObject({
  ...baseStatusFields,
  version: z.string().optional().describe("Version of the gateway."),
  mode: z
    .enum(["database", "db-less"])
    .optional()
    .describe("Whether the gateway keeps its configuration in a database."),
  routerFlavor: z.string().optional().describe("Router flavor: traditional, traditional_compatible or expressions."),
  nodeId: z.string().optional().describe("Id of the node that answered."),
  hostname: z.string().optional().describe("Host name of the node that answered."),
  listeners: z.array(Listener).max(64).optional().describe("Ports on which the gateway listens."),
  entities: z
    .record(z.string(), z.int())
    .meta({ maxProperties: 64 })
    .optional()
    .describe("How many of our entities the gateway holds, by type."),
  lastSyncTime: z
    .string()
    .meta({ format: "date-time" })
    .optional()
    .describe("When the gateway was last compared with the objects."),
  instance: z.string().optional().describe("Instance under which entities are marked as ours."),
  dbless: DblessStatus.optional(),
  cluster: z.string().optional().describe("uid of this cluster's namespace kube-system, the other half of the mark."),
});
export type KongGatewayStatus = z.infer<typeof KongGatewayStatus>;

export const KongGateway: KindDefinition<KongGatewaySpec, KongGatewayStatus> = {
  kind: "KongGateway",
  plural: "konggateways",
  singular: "konggateway",
  shortNames: ["kjg"],
  categories: [CATEGORY],
  description:
    "A Kong gateway that objects configure: where its Admin API is and how the operator treats what it holds.",
  specSchema: KongGatewaySpec,
  statusSchema: KongGatewayStatus,
  printerColumns: [
    { name: "Version", type: "string", jsonPath: ".status.version" },
    { name: "Mode", type: "string", jsonPath: ".status.mode" },
    { name: "Instance", type: "string", jsonPath: ".status.instance", priority: 1 },
    { name: "Url", type: "string", jsonPath: ".spec.adminApi.url", priority: 1 },
    MESSAGE_COLUMN,
    ...READY_COLUMNS,
  ],
};
