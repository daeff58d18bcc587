import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { FieldSchema, RecordSchema } from "./schema.ts";
import { canonicalJson } from "./schema-compare.ts";
import { completeFields } from "./schema-complete.ts";

/**
 * The fields without what Kong would fill in by itself: the inverse of `completeFields`. What the schema does not know
 * goes too, such as the deprecated names that Kong answers beside those which took their place.
 */
export function minimalFields(schema: RecordSchema, fields: JsonObject): JsonObject {
  const { full: defaults } = completeFields(schema, {});
  const kept: JsonObject = {};
  for (const [name, field] of schema.fields) {
    const value = fields[name];
    if (value === undefined || value === null || isDefault(value, defaults[name])) continue;
    kept[name] = minimalValue(field, value);
  }
  return kept;
}

function minimalValue({ record, elements }: FieldSchema, value: Json): Json {
  if (record && isJsonObject(value)) return minimalFields(record, value);
  if (elements && Array.isArray(value)) return value.map((item) => minimalValue(elements, item));
  if (elements && isJsonObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, minimalValue(elements, item)]));
  }
  return value;
}

function isDefault(value: Json, byDefault: Json | undefined): boolean {
  return byDefault !== undefined && canonicalJson(value) === canonicalJson(byDefault);
}
