import type { Json, JsonObject } from "../../../../src/model/json.ts";
import { isJsonObject } from "../../../../src/model/json.ts";
import type { ErrorTable, RecordSchema, Shorthand } from "./field.ts";
import { luaText } from "./lua-value.ts";
import { validateField } from "./validate.ts";

/** A shorthand with a value that cannot be used; Kong names it without the path that leads to it. */
export class ShorthandError extends Error {
  readonly errors: ErrorTable;

  constructor(errors: ErrorTable) {
    super("a shorthand field cannot be used");
    this.errors = errors;
  }
}

/**
 * The input with the shorthands of this record in the place of what they stand for. A deprecated one gives way to the
 * field that replaces it; others win.
 * @throws ShorthandError for a bad value, or one that contradicts the field that replaces it.
 */
export function expandShorthands(schema: RecordSchema, input: JsonObject): JsonObject {
  if (schema.shorthands.length === 0) return input;
  const output = { ...input };
  const errors: ErrorTable = {};
  for (const shorthand of schema.shorthands) {
    const value = output[shorthand.name];
    if (value === undefined) continue;
    const error = validateField(shorthand.field, value) ?? contradiction(shorthand, value, output);
    if (error !== undefined) {
      errors[shorthand.name] = error;
      continue;
    }
    delete output[shorthand.name];
    for (const [name, given] of Object.entries(shorthand.expand(value))) {
      output[name] = combined(output[name], given, shorthand.deprecated);
    }
  }
  if (Object.keys(errors).length > 0) throw new ShorthandError(errors);
  return output;
}

function contradiction(shorthand: Shorthand, value: Json, record: JsonObject): string | undefined {
  if (value === null || shorthand.path === undefined) return undefined;
  const other = valueAt(record, shorthand.path);
  if (other === undefined || other === null || JSON.stringify(other) === JSON.stringify(value)) return undefined;
  const { name, path } = shorthand;
  return (
    "both deprecated and new field are used but their values mismatch: " +
    `${name} = ${luaText(value)} vs ${path.join(".")} = ${luaText(other)}`
  );
}

function combined(present: Json | undefined, given: Json, deprecated: boolean): Json {
  if (isJsonObject(given)) {
    const source = isJsonObject(present) ? present : {};
    if (!deprecated) return { ...source, ...given };
    const known = Object.entries(source).filter(([name, value]) => value !== null || !(name in given));
    return { ...given, ...Object.fromEntries(known) };
  }
  return !deprecated || present === undefined || present === null ? given : present;
}

/** The row as it is shown: replaced fields stand under their old names too. */
export function withShorthands(schema: RecordSchema, row: JsonObject): JsonObject {
  const output: JsonObject = { ...row };
  for (const shorthand of schema.shorthands) {
    if (shorthand.path !== undefined) output[shorthand.name] = valueAt(row, shorthand.path) ?? null;
  }
  for (const [name, field] of schema.fields) {
    const inner = output[name];
    if (field.record !== undefined && isJsonObject(inner)) output[name] = withShorthands(field.record, inner);
  }
  return output;
}

/** The inverse of {@link withShorthands}: the row as it is stored and merged. */
export function withoutShorthands(schema: RecordSchema, row: JsonObject): JsonObject {
  const output: JsonObject = { ...row };
  for (const shorthand of schema.shorthands) delete output[shorthand.name];
  for (const [name, field] of schema.fields) {
    const inner = output[name];
    if (field.record !== undefined && isJsonObject(inner)) output[name] = withoutShorthands(field.record, inner);
  }
  return output;
}

function valueAt(record: JsonObject, path: readonly string[]): Json | undefined {
  let value: Json | undefined = record;
  for (const name of path) value = isJsonObject(value) ? value[name] : undefined;
  return value;
}
