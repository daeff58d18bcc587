import { z } from "zod";
import { headerName, integer, mapListOf, routeHost, text } from "../fields.ts";
import { SecretKeyRef } from "../references.ts";
import type { Rule } from "../rules.ts";
import { isSet, withRules } from "../rules.ts";
import type { KongRouteFields } from "./kong-route-fields.ts";

/** Methods that a request of the operator's own making may use unasked: they change nothing at the backend. */
export const SAFE_METHODS = ["GET", "HEAD", "OPTIONS"] as const;

/** Headers that belong to the connection, or to a field of their own. */
const RESERVED = ["host", "connection", "content-length", "transfer-encoding", "upgrade", "expect", "keep-alive"];
const CEL_RESERVED = `[${RESERVED.map((name) => `'${name}'`).join(", ")}]`;

const requestHeaderName = () =>
  withRules(headerName(), [
    {
      cel: `!(self.lowerAscii() in ${CEL_RESERVED})`,
      message: `must not be one of ${RESERVED.join(", ")}: use host for the Host header; the others belong to the connection`,
      holds: (name) => !RESERVED.includes(name.toLowerCase()),
    },
  ]);

const Header = z.strictObject({
  name: requestHeaderName().describe("Name of the header."),
  value: text({
    maxLength: 1024,
    pattern: "^[\\x20-\\x7e]+$",
    message: "must be printable ASCII",
  }).describe("Its value, in clear. What must not be seen comes from a Secret: headersFrom."),
});

const HeaderFrom = z.strictObject({
  name: requestHeaderName().describe("Name of the header."),
  secretRef: SecretKeyRef.describe("Where its value comes from."),
});

const fields = z.strictObject({
  method: z
    .enum(["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
    .optional()
    .describe(
      "Method of the request. By default the first of GET, HEAD and OPTIONS that the route takes: no other is sent unasked, because it is sent again and again.",
    ),
  path: text({
    maxLength: 2048,
    pattern: "^/[\\x21\\x22\\x24-\\x7e]*$",
    message: "must start with '/' and be printable ASCII without spaces and '#'; a query may follow",
  })
    .optional()
    .describe("Path of the request, perhaps with a query. By default the route's first path that is no expression."),
  host: routeHost()
    .optional()
    .describe("Host of the request. By default the route's first host without '*'; without one, the proxy's own."),
  headers: mapListOf(Header, "name", 16)
    .optional()
    .describe("Headers of the request, beside those by which the route matches."),
  headersFrom: mapListOf(HeaderFrom, "name", 16)
    .optional()
    .describe("Headers of the request with values from Secrets, such as Authorization."),
  expectStatus: z
    .array(integer(200, 599))
    .min(1)
    .max(32)
    .optional()
    .describe(
      "Statuses that say that the route serves; any from 200 to 399 unless set. Redirects are not followed. Kong's own 404 for want of a route never counts.",
    ),
  required: z.boolean().default(false).describe("Whether Ready waits for Serving, and goes with it."),
  intervalSeconds: integer(1, 86400).default(60).describe("Seconds between two requests while nothing changes."),
  timeoutSeconds: integer(1, 60).default(5).describe("Seconds to wait for an answer."),
  deadlineSeconds: integer(1, 600)
    .default(15)
    .describe(
      "Seconds after a change until which a wrong answer is no loss: a Kong with default settings needs up to 5 to serve what it has accepted.",
    ),
});

/** How a route is verified: the request that the operator sends through the proxy, and what it expects. */
export const RouteVerify = withRules(fields, [
  {
    cel: "!has(self.headers) || !has(self.headersFrom) || self.headersFrom.all(f, self.headers.all(h, h.name.lowerAscii() != f.name.lowerAscii()))",
    message: "headers and headersFrom must not name the same header: remove one of the two",
    at: "headersFrom",
    holds: ({ headers = [], headersFrom = [] }) =>
      headersFrom.every((from) => headers.every(({ name }) => name.toLowerCase() !== from.name.toLowerCase())),
  },
]);
export type RouteVerify = z.infer<typeof RouteVerify>;

type VerifiedFields = KongRouteFields & { readonly verify?: RouteVerify | undefined };

const HTTP = ["http", "https"];

/** What the request needs that the route itself cannot say. */
export const verifyRules: readonly Rule<VerifiedFields>[] = [
  {
    cel: "!has(self.verify) || !has(self.protocols) || self.protocols.all(p, p in ['http', 'https'])",
    message:
      "verify sends HTTP requests, so it needs protocols http or https: remove it from a route of another protocol",
    at: "verify",
    holds: ({ verify, protocols = [] }) => !isSet(verify) || protocols.every((protocol) => HTTP.includes(protocol)),
  },
  {
    cel: "!has(self.verify) || has(self.verify.path) || !has(self.expression)",
    message: "verify.path must be set beside expression, of which no request can be made",
    at: "verify",
    holds: ({ verify, expression }) => !isSet(verify) || isSet(verify?.path) || !isSet(expression),
  },
  {
    cel: "!has(self.verify) || has(self.verify.path) || !has(self.paths) || self.paths.exists(p, p.startsWith('/'))",
    message: "verify.path must be set where every path is a regular expression, of which no request can be made",
    at: "verify",
    holds: ({ verify, paths }) =>
      !isSet(verify) || isSet(verify?.path) || !paths || paths.some((path) => path.startsWith("/")),
  },
  {
    cel: "!has(self.verify) || has(self.verify.host) || !has(self.hosts) || self.hosts.exists(h, !h.contains('*'))",
    message: "verify.host must be set where every host of the route holds '*'",
    at: "verify",
    holds: ({ verify, hosts }) =>
      !isSet(verify) || isSet(verify?.host) || !hosts || hosts.some((host) => !host.includes("*")),
  },
  {
    cel: "!has(self.verify) || !has(self.verify.host) || !self.verify.host.contains('*')",
    message: "verify.host is the host of one request: write one without '*'",
    at: "verify.host",
    holds: ({ verify }) => !verify?.host?.includes("*"),
  },
  {
    cel: "!has(self.verify) || has(self.verify.method) || !has(self.methods) || self.methods.exists(m, m in ['GET', 'HEAD', 'OPTIONS'])",
    message:
      "verify.method must be set where the route takes none of GET, HEAD and OPTIONS: others may change something at the backend, and the request is sent again and again",
    at: "verify",
    holds: ({ verify, methods }) =>
      !isSet(verify) ||
      isSet(verify?.method) ||
      !methods ||
      methods.some((method) => SAFE_METHODS.some((safe) => safe === method)),
  },
];
