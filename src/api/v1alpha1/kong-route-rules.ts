import type { Rule } from "../rules.ts";
import { celHasAny, isSet } from "../rules.ts";
import type { Protocol } from "./common.ts";
import type { KongRouteFields } from "./kong-route-fields.ts";

const HTTP = ["http", "https"] as const;
const GRPC = ["grpc", "grpcs"] as const;
const STREAM = ["tcp", "tls", "udp"] as const;
const PASSTHROUGH = ["tls_passthrough"] as const;
/** Protocols whose handshake names a server. */
const WITH_SNI = ["grpcs", "https", "tls", "tls_passthrough"] as const;

const HTTP_CRITERIA = ["methods", "hosts", "headers", "paths", "snis"] as const;
const GRPC_CRITERIA = ["hosts", "headers", "paths", "snis"] as const;
const STREAM_CRITERIA = ["sources", "destinations", "snis"] as const;
const CRITERIA = ["methods", "hosts", "headers", "paths", "snis", "sources", "destinations"] as const;

type Field = (typeof CRITERIA)[number];

/** Kong's default where `protocols` is absent. */
const DEFAULT_PROTOCOLS: readonly Protocol[] = ["http", "https"];

function uses(spec: KongRouteFields, protocols: readonly Protocol[]): boolean {
  return (spec.protocols ?? DEFAULT_PROTOCOLS).some((protocol) => protocols.includes(protocol));
}

function celUses(protocols: readonly Protocol[]): string {
  const list = `[${protocols.map((protocol) => `'${protocol}'`).join(", ")}]`;
  const absent = DEFAULT_PROTOCOLS.some((protocol) => protocols.includes(protocol));
  return absent
    ? `(!has(self.protocols) || self.protocols.exists(p, p in ${list}))`
    : `(has(self.protocols) && self.protocols.exists(p, p in ${list}))`;
}

function hasAny(spec: KongRouteFields, fields: readonly Field[]): boolean {
  return fields.some((field) => isSet(spec[field]));
}

/** With these protocols at least one of `fields` says which requests the route takes. An expression says it by itself. */
function needsOneOf(protocols: readonly Protocol[], fields: readonly Field[], message: string): Rule<KongRouteFields> {
  return {
    cel: `has(self.expression) || !${celUses(protocols)} || ${celHasAny(...fields)}`,
    message,
    holds: (spec) => isSet(spec.expression) || !uses(spec, protocols) || hasAny(spec, fields),
  };
}

/** With these protocols none of `fields` may be there; one rule a field, so that the message stands on it. */
function refuses(protocols: readonly Protocol[], fields: readonly Field[], why: string): Rule<KongRouteFields>[] {
  return fields.map((field) => ({
    cel: `!has(self.${field}) || !${celUses(protocols)}`,
    message: `${field} cannot be set when protocols holds ${oneOf(protocols)}: ${why}`,
    at: field,
    holds: (spec) => !isSet(spec[field]) || !uses(spec, protocols),
  }));
}

/** `a, b or c` */
function oneOf(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1) ?? ""}`;
}

/**
 * Kong's own checks on a route, as far as they do not depend on its router: whether HTTP requests can be matched by
 * sources and destinations, only the gateway knows.
 * Source: Kong 3.9 `GET /schemas/routes` and its answers to routes that break them.
 */
export const routeRules: readonly Rule<KongRouteFields>[] = [
  needsOneOf(
    HTTP,
    HTTP_CRITERIA,
    "at least one of methods, hosts, headers, paths and snis must be set when protocols holds http or https (the default)",
  ),
  needsOneOf(
    STREAM,
    STREAM_CRITERIA,
    "at least one of sources, destinations and snis must be set when protocols holds tcp, tls or udp",
  ),
  needsOneOf(PASSTHROUGH, ["snis"], "snis must be set when protocols is tls_passthrough"),
  needsOneOf(
    GRPC,
    GRPC_CRITERIA,
    "at least one of hosts, headers, paths and snis must be set when protocols holds grpc or grpcs",
  ),
  ...refuses(
    [...STREAM, ...PASSTHROUGH],
    ["methods", "hosts", "headers", "paths"],
    "a connection has none of them; match by sources, destinations or snis",
  ),
  ...refuses(GRPC, ["methods"], "match by hosts, headers or paths"),
  {
    cel: `!has(self.strip_path) || !self.strip_path || !${celUses(GRPC)}`,
    message: "strip_path must be false or absent when protocols holds grpc or grpcs",
    at: "strip_path",
    holds: (spec) => spec.strip_path !== true || !uses(spec, GRPC),
  },
  {
    cel: `!has(self.snis) || ${celUses(WITH_SNI)}`,
    message: "snis needs one of grpcs, https, tls and tls_passthrough among protocols: add it or remove snis",
    at: "snis",
    holds: (spec) => !isSet(spec.snis) || uses(spec, WITH_SNI),
  },
  {
    cel: `!has(self.expression) || !${celHasAny(...CRITERIA)}`,
    message: `expression stands in place of ${CRITERIA.join(", ")}: remove them or the expression`,
    at: "expression",
    holds: (spec) => !isSet(spec.expression) || !hasAny(spec, CRITERIA),
  },
];

const PROTOCOL_FAMILIES: readonly (readonly Protocol[])[] = [HTTP, STREAM, PASSTHROUGH, GRPC];

/** Kong's `mutually_exclusive_subsets` of `protocols`. */
export const protocolFamilyRule: Rule<Protocol[]> = {
  cel: PROTOCOL_FAMILIES.map((family) => `self.all(p, p in [${family.map((name) => `'${name}'`).join(", ")}])`).join(
    " || ",
  ),
  message: "protocols must all be of one family: http and https; grpc and grpcs; tcp, tls and udp; or tls_passthrough",
  holds: (protocols) => PROTOCOL_FAMILIES.some((family) => protocols.every((protocol) => family.includes(protocol))),
};
