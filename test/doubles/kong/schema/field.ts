import type { Json, JsonObject } from "../../../../src/model/json.ts";
import { isJsonObject } from "../../../../src/model/json.ts";
import type { EntityRule } from "./checks/entity-rules.ts";
import { entityRule } from "./checks/entity-rules.ts";

/** Validates a value after the declarative rules; the returned text is the error. */
export type CustomCheck = (value: Json) => ValidationError | undefined;

/** Kong's error tables: a text, a map by field, or a list with null for the good items. */
export type ValidationError = string | ErrorTable | ErrorList;
export interface ErrorTable {
  [field: string]: ValidationError;
}
export type ErrorList = (ValidationError | null)[];

export interface Pattern {
  readonly pattern: string;
  readonly err?: string;
}

/** One entry of `entity_checks`: `{"at_least_one_of": ["a", "b"]}`. */
export interface EntityCheck {
  readonly name: string;
  readonly arg: Json;
  /** The code of a `custom_entity_check`. */
  readonly rule: EntityRule | undefined;
  /** Path of the record, for the overlay. */
  readonly path: string;
}

/**
 * A field of a schema, as `GET /schemas/{name}` describes it, plus what that answer cannot carry.
 * `fields`, `elements`, `keys` and `values` are compiled; `raw` is what the Admin API shows.
 */
export interface Field {
  readonly raw: JsonObject;
  readonly type: string;
  readonly required: boolean;
  readonly auto: boolean;
  readonly unique: boolean;
  readonly uuid: boolean;
  readonly timestamp: boolean;
  readonly abstract: boolean;
  readonly referenceable: boolean;
  readonly default: Json | undefined;
  readonly reference: string | undefined;
  readonly onDelete: string | undefined;
  readonly lenMin: number | undefined;
  readonly lenMax: number | undefined;
  readonly lenEq: number | undefined;
  readonly between: readonly [number, number] | undefined;
  readonly gt: number | undefined;
  readonly eq: Json | undefined;
  readonly ne: Json | undefined;
  readonly oneOf: readonly Json[] | undefined;
  readonly notOneOf: readonly Json[] | undefined;
  readonly match: string | undefined;
  readonly notMatch: string | undefined;
  readonly matchAll: readonly Pattern[] | undefined;
  readonly matchNone: readonly Pattern[] | undefined;
  readonly matchAny: { readonly patterns: readonly string[]; readonly err?: string } | undefined;
  readonly startsWith: string | undefined;
  readonly isRegex: boolean;
  readonly contains: Json | undefined;
  readonly mutuallyExclusiveSubsets: readonly (readonly string[])[] | undefined;
  readonly err: string | undefined;
  readonly elements: Field | undefined;
  readonly keys: Field | undefined;
  readonly values: Field | undefined;
  readonly record: RecordSchema | undefined;
  readonly custom: CustomCheck | undefined;
  /** Judges a value as the entity that a reference points to; set once all entities are known. */
  readonly target: (() => ReferenceCheck | undefined) | undefined;
}

export type ReferenceCheck = (value: JsonObject) => ErrorTable | undefined;

/** A shorthand or a deprecated twin: another spelling of one or more real fields. */
export interface Shorthand {
  readonly name: string;
  readonly field: Field;
  readonly deprecated: boolean;
  /** Where the value really stands, relative to the record: `["redis", "host"]`; shown under both names. */
  readonly path: readonly string[] | undefined;
  /** The real fields that the value stands for. */
  readonly expand: (value: Json) => JsonObject;
}

export interface RecordSchema {
  readonly fields: readonly (readonly [name: string, field: Field])[];
  readonly byName: ReadonlyMap<string, Field>;
  readonly checks: readonly EntityCheck[];
  readonly shorthands: readonly Shorthand[];
}

/** Rules that `GET /schemas` does not show, by the path of the field: `services.name`, `routes.hosts[]`. */
export interface SchemaOverlay {
  /** The check that Kong has in code for this field. */
  check(path: string, raw: JsonObject): CustomCheck | undefined;
  /** Shorthands that the schema does not list. */
  readonly shorthands: ReadonlyMap<string, JsonObject>;
  /** What a shorthand without `replaced_with` stands for. */
  expand(path: string): ((value: Json) => JsonObject) | undefined;
  /** Judges a value as an entity of the type. */
  reference(type: string): ReferenceCheck | undefined;
}

/** Compiles one field; `path` is where the overlay looks for rules of its own. */
export function compileField(raw: JsonObject, path: string, overlay: SchemaOverlay): Field {
  const type = raw["type"] as string;
  return {
    raw,
    type,
    required: raw["required"] === true,
    auto: raw["auto"] === true,
    unique: raw["unique"] === true,
    uuid: raw["uuid"] === true,
    timestamp: raw["timestamp"] === true,
    abstract: raw["abstract"] === true,
    referenceable: raw["referenceable"] === true,
    default: raw["default"],
    reference: raw["reference"] as string | undefined,
    onDelete: raw["on_delete"] as string | undefined,
    // Kong takes no empty string unless the schema says so.
    lenMin: (raw["len_min"] as number | undefined) ?? (type === "string" ? 1 : undefined),
    lenMax: raw["len_max"] as number | undefined,
    lenEq: raw["len_eq"] as number | undefined,
    between: raw["between"] as unknown as [number, number] | undefined,
    gt: raw["gt"] as number | undefined,
    eq: raw["eq"],
    ne: raw["ne"],
    oneOf: raw["one_of"] as Json[] | undefined,
    notOneOf: raw["not_one_of"] as Json[] | undefined,
    match: raw["match"] as string | undefined,
    notMatch: raw["not_match"] as string | undefined,
    matchAll: raw["match_all"] as unknown as Pattern[] | undefined,
    matchNone: raw["match_none"] as unknown as Pattern[] | undefined,
    matchAny: raw["match_any"] as unknown as Field["matchAny"],
    startsWith: raw["starts_with"] as string | undefined,
    isRegex: raw["is_regex"] === true,
    contains: raw["contains"],
    mutuallyExclusiveSubsets: raw["mutually_exclusive_subsets"] as string[][] | undefined,
    err: raw["err"] as string | undefined,
    elements: part(raw["elements"], `${path}[]`, overlay),
    keys: part(raw["keys"], `${path}.<key>`, overlay),
    values: part(raw["values"], `${path}.<value>`, overlay),
    record: raw["fields"] === undefined ? undefined : compileRecord(raw, path, overlay),
    custom: overlay.check(path, raw),
    target: type === "foreign" ? () => overlay.reference(raw["reference"] as string) : undefined,
  };
}

// Elements, keys and values may never be null, whatever the schema says.
function part(raw: Json | undefined, path: string, overlay: SchemaOverlay): Field | undefined {
  if (raw === undefined) return undefined;
  return { ...compileField(raw as JsonObject, path, overlay), required: true };
}

/** Compiles the `fields`, `entity_checks` and `shorthand_fields` of an entity or a record. */
export function compileRecord(raw: JsonObject, path: string, overlay: SchemaOverlay): RecordSchema {
  const fields = Object.entries(raw["fields"] as JsonObject).map(
    ([name, field]) => [name, compileField(field as JsonObject, `${path}.${name}`, overlay)] as const,
  );
  const checks = ((raw["entity_checks"] as JsonObject[] | undefined) ?? []).map((check) => {
    const [name, arg] = Object.entries(check)[0] as [string, Json];
    const sources = isJsonObject(arg) ? (arg["field_sources"] as string[] | undefined) : undefined;
    return { name, arg, path, rule: sources === undefined ? undefined : entityRule(path, sources) };
  });
  const shorthands = { ...overlay.shorthands.get(path), ...(raw["shorthand_fields"] as JsonObject | undefined) };
  return {
    fields,
    byName: new Map(fields),
    checks,
    shorthands: Object.entries(shorthands).map(([name, field]) =>
      compileShorthand(name, field as JsonObject, path, overlay),
    ),
  };
}

function compileShorthand(name: string, raw: JsonObject, path: string, overlay: SchemaOverlay): Shorthand {
  const deprecation = raw["deprecation"] as JsonObject | undefined;
  const [replaced] = (deprecation?.["replaced_with"] as JsonObject[] | undefined) ?? [];
  const target = replaced?.["path"] as string[] | undefined;
  const moved = (value: Json): JsonObject => nested(target ?? [name], value);
  return {
    name,
    field: compileField(raw, `${path}.${name}`, overlay),
    deprecated: deprecation !== undefined,
    path: target,
    expand: target === undefined ? (overlay.expand(`${path}.${name}`) ?? moved) : moved,
  };
}

function nested(path: readonly string[], value: Json): JsonObject {
  const [head = "", ...rest] = path;
  return { [head]: rest.length === 0 ? value : nested(rest, value) };
}
