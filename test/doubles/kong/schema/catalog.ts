import { readFileSync } from "node:fs";
import type { Json, JsonObject } from "../../../../src/model/json.ts";
import { isJsonObject } from "../../../../src/model/json.ts";
import type { EntityDefinition } from "../store/entities.ts";
import { entitiesOf, schemasOf, type Edition } from "./enterprise.ts";
import type { RecordSchema, SchemaOverlay } from "./field.ts";
import { compileRecord } from "./field.ts";
import { checkRouteExpression } from "./expressions/check.ts";
import { kongOverlay } from "./overlay.ts";
import { routeVariants } from "./route-variants.ts";
import { specialize } from "./specialize.ts";
import { validateRecord } from "./validate.ts";

export type RouterFlavor = "traditional" | "traditional_compatible" | "expressions";

export interface EntitySchema {
  readonly name: string;
  readonly definition: EntityDefinition;
  readonly record: RecordSchema;
  /** What `GET /schemas/{name}` shows. */
  readonly shown: JsonObject;
  /** Present where a field decides over the rest: a plugin's or vault's `name`. */
  readonly variants: Variants | undefined;
}

export interface Variants {
  /** The field that decides. */
  readonly key: string;
  /** The schema for this input; undefined where no variant fits. */
  pick(input: JsonObject): RecordSchema | undefined;
  /** What Kong says about a value that no variant fits. */
  unknown(value: Json): string;
  /** What `GET /schemas/plugins/{name}` shows. */
  readonly shown: ReadonlyMap<string, JsonObject>;
}

export interface Catalog {
  readonly routerFlavor: RouterFlavor;
  readonly entities: ReadonlyMap<string, EntitySchema>;
  /** Schemas of names that have no entities here, such as `workspaces`: shown only. */
  readonly shownOnly: ReadonlyMap<string, JsonObject>;
}

interface RawSchemas {
  readonly entities: ReadonlyMap<string, JsonObject>;
  readonly plugins: ReadonlyMap<string, JsonObject>;
  readonly vaults: ReadonlyMap<string, JsonObject>;
}

/**
 * Reads Kong's schemas from the data file beside this one: one line a part, entity, plugin or vault; `{"$": "name"}`
 * stands for a part of an earlier line, and field lists are written as objects.
 * Source: `GET /schemas/{name}` and `GET /schemas/plugins/{name}` of Kong Gateway 3.9.1.
 */
export function loadCatalog(routerFlavor: RouterFlavor, edition: Edition = "community"): Catalog {
  rawSchemas ??= readSchemas();
  const raw = { ...rawSchemas, entities: schemasOf(edition, rawSchemas.entities) };
  const entities = new Map<string, EntitySchema>();
  const overlay = kongOverlay((type) => {
    const target = entities.get(type);
    return target === undefined ? undefined : (value) => validateRecord(target.record, value, false);
  });
  for (const definition of entitiesOf(edition)) {
    const { name } = definition;
    const source = name === "routes" && routerFlavor === "expressions" ? "routes.expressions" : name;
    const schema = raw.entities.get(source);
    if (schema === undefined) throw new Error(`the data file has no schema of ${name}`);
    const record = recordOf(name, compileRecord(schema, name, overlay), routerFlavor);
    entities.set(name, {
      name,
      definition,
      record,
      shown: shownSchema(schema),
      variants: variantsOf(name, record, raw, overlay, routerFlavor),
    });
  }
  const shownOnly = new Map(
    [...raw.entities]
      .filter(([name]) => !entities.has(name) && !name.includes("."))
      .map(([name, schema]) => [name, shownSchema(schema)]),
  );
  return { routerFlavor, entities, shownOnly };
}

// The traditional router has no expressions that a route would have to make sense in.
function recordOf(name: string, record: RecordSchema, routerFlavor: RouterFlavor): RecordSchema {
  if (name !== "routes" || routerFlavor !== "traditional") return record;
  return { ...record, checks: record.checks.filter((check) => check.rule !== checkRouteExpression) };
}

let rawSchemas: RawSchemas | undefined;

function readSchemas(): RawSchemas {
  const parts = new Map<string, Json>();
  const kinds = {
    entity: new Map<string, JsonObject>(),
    plugin: new Map<string, JsonObject>(),
    vault: new Map<string, JsonObject>(),
  };
  const text = readFileSync(new URL("schemas.jsonl", import.meta.url), "utf8");
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const { is, ...head } = JSON.parse(line) as JsonObject;
    const [kind, name] = Object.entries(head)[0] as [keyof typeof kinds | "part", string];
    const value = resolveParts(is as Json, parts);
    if (kind === "part") parts.set(name, value);
    else kinds[kind].set(name, value as JsonObject);
  }
  return { entities: kinds.entity, plugins: kinds.plugin, vaults: kinds.vault };
}

function resolveParts(value: Json, parts: ReadonlyMap<string, Json>): Json {
  if (Array.isArray(value)) return value.map((item) => resolveParts(item, parts));
  if (!isJsonObject(value)) return value;
  const part = value["$"];
  if (typeof part === "string") return parts.get(part) as Json;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolveParts(inner, parts)]));
}

/** The schema in the form of the Admin API: lists of `{name: field}`. */
function shownSchema(schema: JsonObject): JsonObject {
  const show = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(show);
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => {
        const isList = (key === "fields" || key === "shorthand_fields") && isJsonObject(inner);
        return [key, isList ? Object.entries(inner).map(([name, field]) => ({ [name]: show(field) })) : show(inner)];
      }),
    );
  };
  return show(schema) as JsonObject;
}

function variantsOf(
  name: string,
  record: RecordSchema,
  raw: RawSchemas,
  overlay: SchemaOverlay,
  routerFlavor: RouterFlavor,
): Variants | undefined {
  if (name === "routes") return routeVariants(record, overlay, routerFlavor);
  if (name !== "plugins" && name !== "vaults") return undefined;
  const schemas = new Map<string, RecordSchema>();
  const shown = new Map<string, JsonObject>();
  for (const [variant, schema] of name === "plugins" ? raw.plugins : raw.vaults) {
    schemas.set(variant, specialize(record, compileRecord(schema, `${name}:${variant}`, overlay)));
    shown.set(variant, shownSchema(schema));
  }
  return {
    key: "name",
    pick: ({ name: variant }) => (typeof variant === "string" ? schemas.get(variant) : undefined),
    unknown: (value) =>
      name === "plugins"
        ? `plugin '${String(value)}' not enabled; add it to the 'plugins' configuration property`
        : `vault '${String(value)}' is not installed`,
    shown,
  };
}
