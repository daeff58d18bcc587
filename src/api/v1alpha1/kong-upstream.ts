import { z } from "zod";
import { headerName, hostName, hostWithPort, integer, mapListOf, text, urlPath } from "../fields.ts";
import type { KindDefinition } from "../kind.ts";
import { MESSAGE_COLUMN, READY_COLUMNS } from "../kind.ts";
import { CATEGORY } from "../names.ts";
import { LocalRef } from "../references.ts";
import { withRules } from "../rules.ts";
import { entityStatusFields, KongStatus } from "../status.ts";
import { entityFields, tagsField } from "./common.ts";
import { UpstreamBackend } from "./kong-upstream-backends.ts";
import { Healthchecks } from "./kong-upstream-healthchecks.ts";
import { upstreamRules } from "./kong-upstream-rules.ts";
import { targetStatusFields } from "./target-status.ts";

const hashInput = () =>
  z.enum(["none", "consumer", "ip", "header", "cookie", "path", "query_arg", "uri_capture"]).optional();
const argument = () => z.string().min(1).max(256).optional();

/** A server behind the upstream. */
export const Target = z.strictObject({
  target: hostWithPort().describe(
    "Host name or IP address, with or without a port; Kong takes 8000 where none is given.",
  ),
  weight: integer(0, 65535)
    .optional()
    .describe("Share of the requests against the other targets' weights; 0 sends none."),
  tags: tagsField("target", 8),
});
export type Target = z.infer<typeof Target>;

const fields = z.strictObject({
  name: hostName()
    .optional()
    .describe("Name of the upstream in Kong. By default <name>.<namespace>.kjo.invalid, which no DNS server knows."),
  algorithm: z
    .enum(["consistent-hashing", "least-connections", "round-robin", "latency"])
    .optional()
    .describe("How requests are spread over the targets."),
  hash_on: hashInput().describe("What is hashed to choose a target."),
  hash_fallback: hashInput().describe("What is hashed where hash_on finds nothing."),
  hash_on_header: headerName().optional().describe("Header to hash, for hash_on: header."),
  hash_fallback_header: headerName().optional().describe("Header to hash, for hash_fallback: header."),
  hash_on_cookie: text({
    maxLength: 256,
    pattern: "^[-!#$%&\\x27*+.^_`|~0-9A-Za-z]+$",
    message: "must be a cookie name: letters, digits and !#$%&'*+-.^_`|~",
  })
    .optional()
    .describe("Cookie to hash, for cookie in hash_on or hash_fallback; Kong sets it where a request has none."),
  hash_on_cookie_path: urlPath().optional().describe("Path of the cookie that Kong sets."),
  hash_on_query_arg: argument().describe("Query argument to hash, for hash_on: query_arg."),
  hash_fallback_query_arg: argument().describe("Query argument to hash, for hash_fallback: query_arg."),
  hash_on_uri_capture: argument().describe("Named capture of the route's path to hash, for hash_on: uri_capture."),
  hash_fallback_uri_capture: argument().describe(
    "Named capture of the route's path to hash, for hash_fallback: uri_capture.",
  ),
  slots: integer(10, 65536).optional().describe("Slots of the load balancer's ring."),
  healthchecks: Healthchecks.optional().describe("How Kong finds out which targets can be used."),
  host_header: hostWithPort().optional().describe("Host header of requests to the targets."),
  clientCertificateRef: LocalRef.optional().describe("The KongCertificate presented to the targets."),
  use_srv_name: z.boolean().optional().describe("Whether the name that an SRV record gives becomes the Host header."),
  targets: mapListOf(Target, "target", 512)
    .optional()
    .describe("Servers behind the upstream, each with a weight of its own."),
  backends: z
    .array(UpstreamBackend)
    .max(32)
    .optional()
    .describe(
      "Where more servers are found and followed as they come and go. Several backends share 10000 of weight; the targets of an only one weigh 100 each.",
    ),
  ...entityFields("upstream"),
});
export type KongUpstreamFields = z.infer<typeof fields>;

/** An upstream in Kong with its targets. */
export const KongUpstreamSpec = withRules(fields, upstreamRules).describe(
  "What the upstream in Kong should be. Fields of Kong's own keep its names; what is absent takes the gateway's default.",
);
export type KongUpstreamSpec = z.infer<typeof KongUpstreamSpec>;

export const KongUpstreamStatus = z.strictObject({
  ...entityStatusFields,
  kong: KongStatus.optional().describe("The upstream in Kong."),
  ...targetStatusFields,
});
export type KongUpstreamStatus = z.infer<typeof KongUpstreamStatus>;

export const KongUpstream: KindDefinition<KongUpstreamSpec, KongUpstreamStatus> = {
  kind: "KongUpstream",
  plural: "kongupstreams",
  singular: "kongupstream",
  shortNames: ["kju"],
  categories: [CATEGORY],
  description: "An upstream in Kong: servers over which the requests of services are balanced.",
  specSchema: KongUpstreamSpec,
  statusSchema: KongUpstreamStatus,
  printerColumns: [
    { name: "Kong name", type: "string", jsonPath: ".status.kong.name", description: "Name of the upstream in Kong" },
    { name: "Targets", type: "integer", jsonPath: ".status.targets" },
    { name: "Unhealthy", type: "integer", jsonPath: ".status.unhealthyTargets", priority: 1 },
    { name: "Gateway", type: "string", jsonPath: ".status.gateway.name", priority: 1 },
    MESSAGE_COLUMN,
    ...READY_COLUMNS,
  ],
};
