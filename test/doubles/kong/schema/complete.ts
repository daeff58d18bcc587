import { randomUUID } from "node:crypto";
import type { Json, JsonObject } from "../../../../src/model/json.ts";
import { isJsonObject } from "../../../../src/model/json.ts";
import type { Field, RecordSchema } from "./field.ts";
import { randomString } from "./random-string.ts";
import { expandShorthands } from "./shorthands.ts";

/** `insert` fills all defaults, `update` only touches what is given. */
export type Context = "insert" | "update";

/** Seconds and milliseconds come from one clock, so that a request's stamps agree. */
export interface Stamp {
  readonly seconds: number;
  readonly fractional: number;
}

/**
 * The input with shorthands expanded, generated values, and on insert with every default, in the order of the schema;
 * fields that the schema does not know stay, for validation to refuse them.
 * @throws ShorthandError
 */
export function completeRecord(schema: RecordSchema, given: JsonObject, context: Context, stamp: Stamp): JsonObject {
  const input = expandShorthands(schema, given);
  const output: JsonObject = {};
  for (const [name, field] of schema.fields) {
    const own = field.auto ? generated(name, field, input[name], context, stamp) : input[name];
    const value = completeField(field, own, context, stamp);
    if (value !== undefined) output[name] = value;
  }
  for (const name of Object.keys(input)) {
    if (!(name in output)) output[name] = input[name] as Json;
  }
  return output;
}

function generated(
  name: string,
  field: Field,
  given: Json | undefined,
  context: Context,
  stamp: Stamp,
): Json | undefined {
  if (field.uuid) return given === undefined && context === "insert" ? randomUUID() : given;
  if (field.type === "string") return given === undefined && context === "insert" ? randomString() : given;
  const isSet = given !== undefined && given !== null;
  if (name === "updated_at" || (name === "created_at" && context === "insert" && !isSet)) {
    return field.type === "number" ? stamp.fractional : stamp.seconds;
  }
  return given;
}

function completeField(field: Field, given: Json | undefined, context: Context, stamp: Stamp): Json | undefined {
  if (field.record !== undefined && !field.abstract) {
    const value = given === undefined && context === "insert" && field.required ? missing(field, stamp) : given;
    if (isJsonObject(value)) return completeRecord(field.record, value, context, stamp);
    if (Array.isArray(value) && value.length === 0) return completeRecord(field.record, {}, context, stamp);
    if (value !== undefined) return value;
  }
  if (given === undefined) return context === "update" ? undefined : missing(field, stamp);
  if (typeof given !== "object" || given === null || field.abstract) return given;
  return completeItems(field, field.type === "set" ? withoutDuplicates(given) : given, stamp);
}

// Records inside lists and maps get their defaults too.
function completeItems(field: Field, given: Json[] | JsonObject, stamp: Stamp): Json {
  const inner = Array.isArray(given) ? field.elements : field.values;
  if (inner === undefined || (inner.record === undefined && inner.elements === undefined)) return given;
  if (Array.isArray(given)) return given.map((item) => completeField(inner, item, "insert", stamp) ?? item);
  return Object.fromEntries(
    Object.entries(given).map(([key, item]) => [key, completeField(inner, item, "insert", stamp) ?? item]),
  );
}

function missing(field: Field, stamp: Stamp): Json | undefined {
  if (field.default !== undefined) return copyOf(field.default);
  if (!field.required) return null;
  if (field.abstract || field.record === undefined) return undefined;
  return completeRecord(field.record, {}, "insert", stamp);
}

function withoutDuplicates(value: Json[] | JsonObject): Json[] | JsonObject {
  if (!Array.isArray(value)) return value;
  const seen = new Set<Json>();
  return value.filter((item) => {
    if (typeof item === "object" && item !== null) return true;
    return seen.has(item) ? false : seen.add(item);
  });
}

/** Kong's merge for PATCH: records field by field, everything else replaced. */
export function mergeRecord(schema: RecordSchema, top: JsonObject, bottom: JsonObject): JsonObject {
  const output: JsonObject = { ...bottom, ...top };
  for (const [name, field] of schema.fields) {
    const given = top[name];
    const stored = bottom[name];
    if (field.record !== undefined && !field.abstract && isJsonObject(given) && isJsonObject(stored)) {
      output[name] = mergeRecord(field.record, given, stored);
    }
  }
  return output;
}

// Defaults are shared by all entities, and rows are handed out; scalars need no copy.
function copyOf(value: Json): Json {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyOf(inner)]));
}
