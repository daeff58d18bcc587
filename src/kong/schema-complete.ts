import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { FieldSchema, RecordSchema } from "./schema.ts";

/** Desired fields measured against the live schema. */
export interface Completed {
  /** What is sent: as asked for, without what the schema lacks, deprecated names replaced. */
  readonly send: JsonObject;
  /** What Kong will hold: `send` with all defaults. A field that is absent here is one nobody can foresee. */
  readonly full: JsonObject;
  /** Dotted paths of fields that the schema lacks. */
  readonly unknown: readonly string[];
  /** A part of what is sent cannot be found again in Kong's answer, so that only a changed request tells of a change. */
  readonly isOpaque: boolean;
}

/**
 * Completes fields as Kong does on PUT: an absent field takes its default, else null; an absent record is filled only
 * where it is required or has a default; records inside arrays, sets and maps are filled one by one.
 * Source: Schema:process_auto_fields in Kong.
 */
export function completeFields(schema: RecordSchema, fields: JsonObject): Completed {
  const notes: Notes = { unknown: [], isOpaque: false };
  const { send, full } = completeRecord(schema, fields, "", notes);
  return { send, full, ...notes };
}

interface Notes {
  readonly unknown: string[];
  isOpaque: boolean;
}

interface Pair<T extends Json = Json> {
  readonly send: T;
  readonly full: T;
}

function completeRecord(schema: RecordSchema, given: JsonObject, path: string, notes: Notes): Pair<JsonObject> {
  const { fields, opaque } = foldShorthands(schema, given);
  const send: JsonObject = { ...opaque };
  const full: JsonObject = {};
  for (const name of Object.keys(fields)) if (!schema.fields.has(name)) notes.unknown.push(path + name);
  const mayFill = Object.keys(opaque).length === 0;
  if (!mayFill) notes.isOpaque = true;
  for (const [name, field] of schema.fields) {
    const value = fields[name];
    if (value === undefined) {
      if (mayFill && !field.auto) full[name] = absentValue(field, `${path}${name}`);
      continue;
    }
    const pair = completeValue(field, value, `${path}${name}`, notes);
    send[name] = pair.send;
    full[name] = pair.full;
  }
  return { send, full };
}

function completeValue(field: FieldSchema, value: Json, path: string, notes: Notes): Pair {
  const { record, elements } = field;
  if (record && isJsonObject(value)) return completeRecord(record, value, `${path}.`, notes);
  if (elements && Array.isArray(value)) {
    const pairs = value.map((item, index) => completeValue(elements, item, `${path}[${index}]`, notes));
    return { send: pairs.map(({ send }) => send), full: pairs.map(({ full }) => full) };
  }
  if (elements && field.type === "map" && isJsonObject(value)) {
    const pairs = Object.entries(value).map(
      ([key, item]) => [key, completeValue(elements, item, `${path}.${key}`, notes)] as const,
    );
    return {
      send: Object.fromEntries(pairs.map(([key, { send }]) => [key, send])),
      full: Object.fromEntries(pairs.map(([key, { full }]) => [key, full])),
    };
  }
  return { send: value, full: value };
}

/** What Kong makes of a field that is not given. */
export function absentValue(field: FieldSchema, path: string): Json {
  if (field.default !== undefined)
    return completeValue(field, field.default, path, { unknown: [], isOpaque: false }).full;
  return field.record && field.required
    ? completeRecord(field.record, {}, `${path}.`, { unknown: [], isOpaque: false }).full
    : null;
}

/**
 * Moves deprecated names to the fields that took their place, so that `redis_host` and `redis.host` count once.
 * Where the schema does not tell which field that is, the name is passed on, and nothing can be said of its record.
 */
function foldShorthands(schema: RecordSchema, given: JsonObject): { fields: JsonObject; opaque: JsonObject } {
  let fields = given;
  const opaque: JsonObject = {};
  for (const [name, path] of schema.shorthands) {
    const value = given[name];
    if (value === undefined) continue;
    if (fields === given) fields = structuredClone(given);
    delete fields[name];
    if (value === null) continue;
    if (path) setWhereAbsent(fields, path, value);
    else opaque[name] = value;
  }
  return { fields, opaque };
}

function setWhereAbsent(fields: JsonObject, path: readonly string[], value: Json): void {
  const [name = "", ...rest] = path;
  const current = fields[name];
  if (rest.length === 0) {
    fields[name] = current ?? value;
    return;
  }
  const inner: JsonObject = isJsonObject(current) ? current : {};
  fields[name] = inner;
  setWhereAbsent(inner, rest, value);
}
