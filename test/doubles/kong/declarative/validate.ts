import type { Json, JsonObject } from "../../../../src/model/json.ts";
import { isJsonObject } from "../../../../src/model/json.ts";
import type { Catalog, EntitySchema } from "../schema/catalog.ts";
import type { Stamp } from "../schema/complete.ts";
import { completeRecord } from "../schema/complete.ts";
import type { ErrorTable, Field, RecordSchema, ValidationError } from "../schema/field.ts";
import { validateRecord } from "../schema/validate.ts";
import type { Relation } from "./relations.ts";
import { childrenOf } from "./relations.ts";

/**
 * How references are judged: by `names` they are texts, and absent where the nesting says it all; `ids` wants the form
 * that the Admin API has. Kong takes a document that fits either way.
 */
export type ReferenceForm = "names" | "ids";

const FORMAT_VERSIONS = ["1.1", "2.1", "3.0"];
const NO_STAMP: Stamp = { seconds: 1, fractional: 1 };

/** Judges a whole document; undefined means valid. */
export function validateDocument(
  catalog: Catalog,
  relations: readonly Relation[],
  document: JsonObject,
  form: ReferenceForm,
): ErrorTable | undefined {
  const errors: ErrorTable = {};
  for (const [name, value] of Object.entries(document)) {
    const error = catalog.entities.has(name)
      ? validateList({ catalog, relations, form }, name, value, false)
      : validateMeta(name, value);
    if (error !== undefined) errors[name] = error;
  }
  if (document["_format_version"] === undefined) errors["_format_version"] = "required field missing";
  return Object.keys(errors).length > 0 ? errors : undefined;
}

function validateMeta(name: string, value: Json): string | undefined {
  switch (name) {
    case "_format_version":
      if (value === null) return "required field missing";
      if (typeof value !== "string") return "expected a string";
      return FORMAT_VERSIONS.includes(value) ? undefined : `expected one of: ${FORMAT_VERSIONS.join(", ")}`;
    case "_transform":
      return value === null || typeof value === "boolean" ? undefined : "expected a boolean";
    case "_comment":
      return value === null || typeof value === "string" ? undefined : "expected a string";
    case "_ignore":
      return value === null || Array.isArray(value) ? undefined : "expected an array";
    default:
      return "unknown field";
  }
}

interface Context {
  readonly catalog: Catalog;
  readonly relations: readonly Relation[];
  readonly form: ReferenceForm;
}

function validateList(context: Context, type: string, list: Json, nested: boolean): ValidationError | undefined {
  if (list === null || (isJsonObject(list) && Object.keys(list).length === 0)) return undefined;
  if (!Array.isArray(list)) return "expected an array";
  let errors: (ValidationError | null)[] | undefined;
  for (const [index, item] of list.entries()) {
    const error = validateItem(context, type, item, nested);
    if (error === undefined) continue;
    errors ??= [];
    while (errors.length < index) errors.push(null);
    errors.push(error);
  }
  return errors;
}

function validateItem(context: Context, type: string, item: Json, nested: boolean): ValidationError | undefined {
  if (item === null) return "required field missing";
  if (!isJsonObject(item)) return Array.isArray(item) && item.length === 0 ? {} : "expected a record";
  const schema = context.catalog.entities.get(type) as EntitySchema;
  const { _comment, _ignore, ...rest } = item;
  const childErrors: ErrorTable = {};
  for (const { child } of childrenOf(context.relations, type)) {
    const list = rest[child];
    if (list === undefined) continue;
    delete rest[child];
    const error = validateList(context, child, list, true);
    if (error !== undefined) childErrors[child] = error;
  }
  if (schema.definition.ttl === true) delete rest["ttl"];
  for (const [name, value] of [
    ["_comment", _comment],
    ["_ignore", _ignore],
  ] as const) {
    const error = value === undefined ? undefined : validateMeta(name, value);
    if (error !== undefined) childErrors[name] = error;
  }
  const variant = unknownVariant(schema, rest);
  if (variant !== undefined) return variant;
  const before = withReferences(schema.variants?.pick(rest) ?? schema.record, context.form, nested);
  const completed = completeRecord(before, rest, "insert", NO_STAMP);
  const record = withReferences(schema.variants?.pick(completed) ?? schema.record, context.form, nested);
  const errors = { ...childErrors, ...validateRecord(record, completed) };
  return Object.keys(errors).length > 0 ? errors : undefined;
}

function unknownVariant(schema: EntitySchema, item: JsonObject): ErrorTable | undefined {
  const { variants } = schema;
  if (variants === undefined) return undefined;
  const value = item[variants.key] ?? schema.record.byName.get(variants.key)?.default;
  if (value === undefined || value === null) return { [variants.key]: "required field missing" };
  const known = variants.pick({ ...item, [variants.key]: value });
  return known === undefined ? { [variants.key]: variants.unknown(value) } : undefined;
}

const adapted = new WeakMap<RecordSchema, Map<string, RecordSchema>>();

// By name, a reference is a text at the top and must be left out below a parent.
function withReferences(record: RecordSchema, form: ReferenceForm, nested: boolean): RecordSchema {
  if (form === "ids") return record;
  const key = nested ? "nested" : "top";
  const known = adapted.get(record) ?? new Map<string, RecordSchema>();
  adapted.set(record, known);
  const found = known.get(key);
  if (found !== undefined) return found;
  const fields = record.fields.map(([name, field]): readonly [string, Field] => {
    if (field.type !== "foreign") return [name, field];
    const adaptedField: Field = nested
      ? { ...field, eq: null, default: null, required: false }
      : { ...field, type: "string", lenMin: 1, reference: undefined };
    return [name, adaptedField];
  });
  const result: RecordSchema = { ...record, fields, byName: new Map(fields) };
  known.set(key, result);
  return result;
}
