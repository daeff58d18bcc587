import { z } from "zod";
import { integer, ipOrCidr, kongName, routeHost, setOf, sni, text } from "../fields.ts";
import { LocalRef } from "../references.ts";
import { celHasAny, isSet, withRules } from "../rules.ts";
import { entityFields, PROTOCOLS } from "./common.ts";
import { headerMap } from "./header-map.ts";
import { protocolFamilyRule } from "./kong-route-rules.ts";

/** One end of a connection; by address, by port or by both. */
const Peer = withRules(
  z.strictObject({
    ip: ipOrCidr().optional().describe("IP address or CIDR block."),
    port: integer(0, 65535).optional().describe("Port number."),
  }),
  [
    {
      cel: celHasAny("ip", "port"),
      message: "at least one of ip and port must be set",
      holds: (peer) => isSet(peer.ip) || isSet(peer.port),
    },
  ],
);

const routePath = () =>
  withRules(z.string().min(1).max(1024), [
    {
      cel: "self.startsWith('/') || self.startsWith('~/')",
      message: "must start with '/' (a prefix) or with '~/' (a regular expression)",
      holds: (path) => path.startsWith("/") || path.startsWith("~/"),
    },
    {
      cel: "!self.contains('//')",
      message: "must not hold '//': Kong takes no empty segments",
      holds: (path) => !path.includes("//"),
    },
  ]);

const method = () =>
  text({ maxLength: 32, pattern: "^[A-Z]+$", message: "must be an HTTP method in upper-case letters, such as GET" });

const HOST_SPELLINGS = ["host", "Host", "HOST"];

const headers = withRules(headerMap(), [
  {
    cel: HOST_SPELLINGS.map((spelling) => `!('${spelling}' in self)`).join(" && "),
    message: "must not hold host: use hosts, which matches the Host header",
    holds: (map) => HOST_SPELLINGS.every((spelling) => !Object.hasOwn(map, spelling)),
  },
]);

/** The fields of a route, before the rules between them. */
export const kongRouteFields = z.strictObject({
  name: kongName()
    .optional()
    .describe(
      "Name of the route in Kong. By default <namespace>.<name>, or <name> where the gateway's naming is Plain.",
    ),
  serviceRef: LocalRef.optional().describe(
    "The KongService that the requests go to; a route without one answers from its plugins alone.",
  ),
  protocols: withRules(setOf(z.enum(PROTOCOLS), 8).min(1), [protocolFamilyRule])
    .optional()
    .describe("Protocols that the route takes, all of one family."),
  methods: setOf(method(), 16).min(1).optional().describe("HTTP methods that match."),
  hosts: z
    .array(routeHost())
    .min(1)
    .max(128)
    .optional()
    .describe("Hosts that match; the first or the last label may be '*'."),
  paths: z
    .array(routePath())
    .min(1)
    .max(128)
    .optional()
    .describe("Paths that match: prefixes, or regular expressions behind '~'."),
  headers: headers.optional().describe("Headers that must be there, each with one of the values listed for it."),
  snis: setOf(sni(), 64).min(1).optional().describe("Server names of the TLS handshake that match."),
  sources: z
    .array(Peer)
    .min(1)
    .max(64)
    .optional()
    .describe("Clients that match; beside tcp, tls and udp only where the router flavor is expressions."),
  destinations: z
    .array(Peer)
    .min(1)
    .max(64)
    .optional()
    .describe(
      "Addresses of the gateway that match; beside tcp, tls and udp only where the router flavor is expressions.",
    ),
  expression: z
    .string()
    .min(1)
    .max(16384)
    .optional()
    .describe("What matches, in the expressions language; only for gateways whose router flavor is expressions."),
  priority: integer(0, 70368744177663)
    .optional()
    .describe("Order among routes with an expression: the higher, the sooner."),
  regex_priority: integer(-2147483648, 2147483647)
    .optional()
    .describe("Order among routes with regular expressions that match the same request: the higher, the sooner."),
  strip_path: z
    .boolean()
    .optional()
    .describe("Whether the matching prefix is taken off the path before the request goes on."),
  path_handling: z
    .enum(["v0", "v1"])
    .optional()
    .describe("How the paths of service, route and request are joined; v1 is deprecated by Kong."),
  preserve_host: z.boolean().optional().describe("Whether the request keeps its Host header when it goes on."),
  https_redirect_status_code: z
    .literal([301, 302, 307, 308, 426])
    .optional()
    .describe("Status with which a request is answered that matches in all but the protocol."),
  request_buffering: z.boolean().optional().describe("Whether a request's body is read whole before it goes on."),
  response_buffering: z.boolean().optional().describe("Whether an answer's body is read whole before it goes back."),
  ...entityFields("route"),
});
export type KongRouteFields = z.infer<typeof kongRouteFields>;
