import type { Json, JsonObject } from "../../../../src/model/json.ts";
import type { RouterFlavor, Variants } from "./catalog.ts";
import { compileRecord } from "./field.ts";
import type { RecordSchema, SchemaOverlay } from "./field.ts";
import { specialize } from "./specialize.ts";

type ProtocolFamily = "http" | "stream" | "grpc";

const FAMILIES: Readonly<Record<string, ProtocolFamily>> = {
  http: "http",
  https: "http",
  tcp: "stream",
  tls: "stream",
  udp: "stream",
  tls_passthrough: "stream",
  grpc: "grpc",
  grpcs: "grpc",
};

/** What a route may and must have depends on its protocols; the first known one decides. */
export function routeVariants(base: RecordSchema, overlay: SchemaOverlay, flavor: RouterFlavor): Variants {
  const families: Record<ProtocolFamily, RecordSchema> = {
    http: family(base, overlay, httpRules(flavor)),
    stream: family(base, overlay, streamRules(flavor)),
    grpc: family(base, overlay, grpcRules(flavor)),
  };
  return {
    key: "protocols",
    pick: ({ protocols }) => {
      const names = Array.isArray(protocols) ? protocols : [protocols];
      const known = names.find((name) => typeof name === "string" && name in FAMILIES);
      return known === undefined ? undefined : families[FAMILIES[known as string] as ProtocolFamily];
    },
    unknown: (value: Json) => `unknown type: ${String(Array.isArray(value) ? (value[0] ?? "nil") : value)}`,
    shown: new Map(),
  };
}

interface FamilyRules {
  /** Fields that must stay unset, each with its complaint. */
  readonly unset: readonly string[];
  readonly protocols: string;
  readonly checks: readonly JsonObject[];
  readonly stripPath?: JsonObject;
}

function family(base: RecordSchema, overlay: SchemaOverlay, rules: FamilyRules): RecordSchema {
  const fields: JsonObject = {};
  for (const name of rules.unset) {
    const err = `cannot set '${name}' when 'protocols' is ${rules.protocols}`;
    fields[name] = { ...base.byName.get(name)?.raw, eq: null, err };
  }
  if (rules.stripPath !== undefined) fields["strip_path"] = rules.stripPath;
  return specialize(base, compileRecord({ fields, entity_checks: [...rules.checks] }, "routes", overlay));
}

function httpRules(flavor: RouterFlavor): FamilyRules {
  const expression = flavor === "expressions" ? ["expression"] : [];
  return {
    unset: flavor === "expressions" ? [] : ["sources", "destinations"],
    protocols: "'http' or 'https'",
    checks: [
      needsOne(
        { contains: "https" },
        ["methods", "hosts", "headers", "paths", "snis", ...expression],
        "must set one of %s when 'protocols' is 'https'",
        { contains: "http" },
        ["methods", "hosts", "headers", "paths", ...expression],
        "must set one of %s when 'protocols' is 'http'",
      ),
    ],
  };
}

function streamRules(flavor: RouterFlavor): FamilyRules {
  const expression = flavor === "expressions" ? ["expression"] : [];
  return {
    unset: ["methods", "hosts", "paths", "headers"],
    protocols: "'tcp', 'tls', 'tls_passthrough' or 'udp'",
    checks: [
      needsOne(
        { elements: { type: "string", one_of: ["tcp", "tls", "udp"] } },
        ["sources", "destinations", "snis", ...expression],
        "must set one of %s when 'protocols' is 'tcp', 'tls' or 'udp'",
      ),
      needsOne(
        { elements: { type: "string", one_of: ["tls_passthrough"] } },
        ["snis", ...expression],
        "must set snis when 'protocols' is 'tls_passthrough'",
      ),
    ],
  };
}

function grpcRules(flavor: RouterFlavor): FamilyRules {
  const expression = flavor === "expressions" ? ["expression"] : [];
  const err = "cannot set 'strip_path' when 'protocols' is 'grpc' or 'grpcs'";
  return {
    unset: flavor === "expressions" ? ["methods"] : ["methods", "sources", "destinations"],
    protocols: "'grpc' or 'grpcs'",
    stripPath: { type: "boolean", required: true, default: false, ne: true, err },
    checks: [
      needsOne(
        { contains: "grpcs" },
        ["hosts", "headers", "paths", "snis", ...expression],
        "must set one of %s when 'protocols' is 'grpcs'",
        { contains: "grpc" },
        ["hosts", "headers", "paths", ...expression],
        "must set one of %s when 'protocols' is 'grpc'",
      ),
    ],
  };
}

function needsOne(
  match: JsonObject,
  fields: string[],
  message: string,
  elseMatch?: JsonObject,
  elseFields: string[] = [],
  elseMessage = "",
): JsonObject {
  const then = { if_field: "protocols", if_match: match, then_at_least_one_of: fields, then_err: message };
  if (elseMatch === undefined) return { conditional_at_least_one_of: then };
  return {
    conditional_at_least_one_of: {
      ...then,
      else_match: elseMatch,
      else_then_at_least_one_of: elseFields,
      else_then_err: elseMessage,
    },
  };
}
