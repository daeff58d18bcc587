import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { FieldChange } from "../model/kong-entity.ts";
import type { FieldSchema, RecordSchema } from "./schema.ts";

/**
 * The fields in which Kong differs from `full` (see `completeFields`); what `full` does not name is not compared.
 * An absent value and null are the same; sets have neither order nor doubles; numbers count to 14 digits, which is what
 * Kong's JSON carries; an empty list may come as `{}`.
 */
export function changedFields(schema: RecordSchema, full: JsonObject, actual: JsonObject): FieldChange[] {
  const paths: string[] = [];
  compareRecord(schema, full, actual, "", paths);
  return paths.map((path) => ({ path }));
}

function compareRecord(
  schema: RecordSchema,
  full: JsonObject,
  actual: JsonObject,
  prefix: string,
  paths: string[],
): void {
  for (const [name, field] of schema.fields) {
    const wanted = full[name];
    if (wanted === undefined) continue;
    compareValue(field, wanted, actual[name] ?? null, prefix + name, paths);
  }
}

function compareValue(field: FieldSchema, wanted: Json, actual: Json, path: string, paths: string[]): void {
  if (field.record && isJsonObject(wanted) && isJsonObject(actual)) {
    compareRecord(field.record, wanted, actual, `${path}.`, paths);
  } else if (!isSame(field, wanted, actual)) {
    paths.push(path);
  }
}

function isSame(field: FieldSchema, wanted: Json, actual: Json): boolean {
  // Nearly every field of nearly every comparison ends here.
  if (wanted === actual || isSameList(wanted, actual)) return true;
  const a = normalize(field, wanted);
  const b = normalize(field, actual);
  if (field.transient && isEmpty(a) && isEmpty(b)) return true;
  return canonicalJson(a) === canonicalJson(b);
}

function isSameList(a: Json, b: Json): boolean {
  return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, index) => item === b[index]);
}

function isEmpty(value: Json): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}

/** One form for what Kong may write in several. */
function normalize(field: FieldSchema, value: Json): Json {
  const { elements, record } = field;
  switch (field.type) {
    case "array":
    case "set": {
      if (isJsonObject(value) && Object.keys(value).length === 0) return [];
      if (!Array.isArray(value) || !elements) return value;
      const items = value.map((item) => normalize(elements, item));
      // What is not stored with the entity comes back in an order of Kong's own: a certificate's SNIs are sorted.
      if (field.type === "array" && !field.transient) return items;
      const byText = new Map(items.map((item) => [canonicalJson(item), item]));
      return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
    }
    case "map":
      if (Array.isArray(value) && value.length === 0) return {};
      if (!isJsonObject(value) || !elements) return value;
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, normalize(elements, item)]));
    case "record": {
      if (!isJsonObject(value) || !record) return value;
      const members = Object.entries(value).filter(([name]) => record.fields.has(name));
      return Object.fromEntries(
        members.map(([name, item]) => [name, normalize(record.fields.get(name) ?? field, item)]),
      );
    }
    case "foreign":
      return isJsonObject(value) ? (value["id"] ?? value) : value;
    case "number":
    case "integer":
      return typeof value === "number" ? Number(value.toPrecision(14)) : value;
    default:
      return value;
  }
}

/** JSON with sorted keys and without null members: equal values give equal text. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .filter((key) => value[key] !== null && value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`);
  return `{${members.join(",")}}`;
}
