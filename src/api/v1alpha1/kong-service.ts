import { z } from "zod";
import { host, integer, kongName, mapListOf, text, urlPath } from "../fields.ts";
import type { KindDefinition } from "../kind.ts";
import { MESSAGE_COLUMN, READY_COLUMNS } from "../kind.ts";
import { CATEGORY } from "../names.ts";
import { LocalRef } from "../references.ts";
import { isSet, withRules } from "../rules.ts";
import { entityStatusFields, KongStatus } from "../status.ts";
import { entityFields, PROTOCOLS } from "./common.ts";
import { ServicePortRef } from "./service-port-ref.ts";
import { targetStatusFields } from "./target-status.ts";

const MAX_TIMEOUT_MS = 2147483646;
const timeout = () => integer(1, MAX_TIMEOUT_MS).optional();

const fields = z.strictObject({
  name: kongName()
    .optional()
    .describe(
      "Name of the service in Kong. By default <namespace>.<name>, or <name> where the gateway's naming is Plain.",
    ),
  url: text({
    maxLength: 2048,
    pattern: "^(grpcs?|https?|tcp|tls|tls_passthrough|udp)://[^/?#@ ]+(/[^?# ]*)?$",
    message:
      "must be protocol://host[:port][/path] with a protocol that Kong knows and without user, query or fragment",
  })
    .optional()
    .describe("Short for protocol, host, port and path in one."),
  upstreamRef: LocalRef.optional().describe("The KongUpstream that balances the requests; stands in place of host."),
  backend: z
    .strictObject({
      serviceRef: ServicePortRef.describe("The Kubernetes Service whose ready endpoints take the requests."),
    })
    .optional()
    .describe(
      "Servers found in the cluster; the service gets an upstream of its own for them. Stands in place of host.",
    ),
  protocol: z.enum(PROTOCOLS).optional().describe("Protocol spoken to the upstream server."),
  host: host()
    .optional()
    .describe("Host name or IP address of the upstream server, or the name of an upstream in Kong."),
  port: integer(0, 65535).optional().describe("Port of the upstream server."),
  path: urlPath().optional().describe("Path put before that of every request to the upstream server."),
  retries: integer(0, 32767).optional().describe("How often a failed request is tried again."),
  connect_timeout: timeout().describe("Milliseconds to wait for a connection to the upstream server."),
  write_timeout: timeout().describe("Milliseconds between two writes to the upstream server."),
  read_timeout: timeout().describe("Milliseconds between two reads from the upstream server."),
  tls_verify: z
    .boolean()
    .optional()
    .describe("Whether the upstream server's certificate is verified; Kong's proxy_ssl_verify decides unless set."),
  tls_verify_depth: integer(0, 64)
    .optional()
    .describe("Longest chain accepted when verifying the upstream server's certificate."),
  clientCertificateRef: LocalRef.optional().describe("The KongCertificate presented to the upstream server."),
  caCertificateRefs: mapListOf(LocalRef, "name", 16)
    .optional()
    .describe("The KongCACertificates that the upstream server's certificate is verified against."),
  enabled: z.boolean().optional().describe("Whether Kong proxies requests to the service."),
  ...entityFields("service"),
});

const NO_PATH = ["tcp", "tls", "udp", "grpc", "grpcs"];
const TLS_FIELDS = ["tls_verify", "tls_verify_depth", "clientCertificateRef", "caCertificateRefs"] as const;

/** Whether `url` or `protocol` makes the service one of `protocols`; neither means Kong's default, http. */
function celSpeaks(protocols: readonly string[]): string {
  const list = `[${protocols.map((protocol) => `'${protocol}'`).join(", ")}]`;
  return `((has(self.url) ? self.url.split('://')[0] : (has(self.protocol) ? self.protocol : 'http')) in ${list})`;
}

function speaks(
  spec: { url?: string | undefined; protocol?: string | undefined },
  protocols: readonly string[],
): boolean {
  return protocols.includes(spec.url?.split("://")[0] ?? spec.protocol ?? "http");
}

/** A service in Kong. */
export const KongServiceSpec = withRules(fields, [
  {
    cel: "[has(self.host), has(self.url), has(self.upstreamRef), has(self.backend)].filter(set, set).size() == 1",
    message: "exactly one of host, url, upstreamRef and backend must be set: they all say where requests go",
    holds: (spec) => [spec.host, spec.url, spec.upstreamRef, spec.backend].filter(isSet).length === 1,
  },
  {
    cel: "!has(self.url) || !(has(self.protocol) || has(self.port) || has(self.path))",
    message:
      "url stands for protocol, host, port and path: remove protocol, port and path, or write host in place of url",
    at: "url",
    holds: (spec) => !isSet(spec.url) || ![spec.protocol, spec.port, spec.path].some(isSet),
  },
  {
    cel: `!has(self.path) || !${celSpeaks(NO_PATH)}`,
    message: "path cannot be set when protocol is tcp, tls, udp, grpc or grpcs: remove path",
    at: "path",
    holds: (spec) => !isSet(spec.path) || !speaks(spec, NO_PATH),
  },
  {
    cel: `!has(self.url) || !${celSpeaks(NO_PATH)} || !self.url.matches(r'^[a-z_]+://[^/]+/.+$')`,
    message: "url cannot have a path when its protocol is tcp, tls, udp, grpc or grpcs: remove the path",
    at: "url",
    holds: (spec) => !isSet(spec.url) || !speaks(spec, NO_PATH) || !/^[a-z_]+:\/\/[^/]+\/.+$/.test(spec.url ?? ""),
  },
  ...TLS_FIELDS.map((field) => ({
    cel: `!has(self.${field}) || ${celSpeaks(["https", "tls"])}`,
    message: `${field} needs protocol https or tls: set the protocol or remove ${field}`,
    at: field,
    holds: (spec: z.output<typeof fields>) => !isSet(spec[field]) || speaks(spec, ["https", "tls"]),
  })),
]).describe(
  "What the service in Kong should be. Fields of Kong's own keep its names; what is absent takes the gateway's default.",
);
export type KongServiceSpec = z.infer<typeof KongServiceSpec>;

export const KongServiceStatus = z.strictObject({
  ...entityStatusFields,
  kong: KongStatus.optional().describe("The service in Kong."),
  ...targetStatusFields,
});
export type KongServiceStatus = z.infer<typeof KongServiceStatus>;

export const KongService: KindDefinition<KongServiceSpec, KongServiceStatus> = {
  kind: "KongService",
  plural: "kongservices",
  singular: "kongservice",
  shortNames: ["kjs"],
  categories: [CATEGORY],
  description: "A service in Kong: the server that requests are proxied to.",
  specSchema: KongServiceSpec,
  statusSchema: KongServiceStatus,
  printerColumns: [
    { name: "Kong name", type: "string", jsonPath: ".status.kong.name", description: "Name of the service in Kong" },
    { name: "Host", type: "string", jsonPath: ".spec.host", priority: 1 },
    { name: "Url", type: "string", jsonPath: ".spec.url", priority: 1 },
    { name: "Gateway", type: "string", jsonPath: ".status.gateway.name", priority: 1 },
    MESSAGE_COLUMN,
    ...READY_COLUMNS,
  ],
};
