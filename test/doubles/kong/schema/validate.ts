import type { Json, JsonObject } from "../../../../src/model/json.ts";
import { isJsonObject } from "../../../../src/model/json.ts";
import { completeRecord } from "./complete.ts";
import type { Stamp } from "./complete.ts";
import { runEntityChecks } from "./entity-checks.ts";
import type { ErrorTable, Field, RecordSchema, ValidationError } from "./field.ts";
import { checkRules, isUuid } from "./validators.ts";

/** A Lua error that Kong answers with 500: a value of a kind that its code cannot even look at. */
export class UnexpectedInputError extends Error {}

// Inner records are completed only to be judged; their stamps are never seen.
const NO_STAMP: Stamp = { seconds: 1, fractional: 1 };

/**
 * Judges one value; `undefined` means valid.
 * @throws UnexpectedInputError where Kong answers 500.
 */
export function validateField(field: Field, value: Json): ValidationError | undefined {
  if (value === null) return validateNull(field);
  if (field.eq === null) return field.err ?? "value must be null";
  if (field.abstract) return "error in schema definition: abstract field was not specialized";
  const typeError = validateType(field, value);
  if (typeError !== undefined) return typeError;
  if (field.referenceable && isVaultReference(value)) return undefined;
  const broken = checkRules(field, value);
  return broken === undefined ? undefined : (field.err ?? broken);
}

/** `{vault://env/name}`: a value that is looked up later, so only its type is judged now. */
export function isVaultReference(value: Json): boolean {
  return typeof value === "string" && /^\{vault:\/\/[^/]+\/.+\}$/s.test(value);
}

function validateNull(field: Field): string | undefined {
  if (field.ne === null) return field.err ?? "value must not be null";
  if (field.eq !== undefined && field.eq !== null) return `value must be ${String(field.eq)}`;
  return field.required ? "required field missing" : undefined;
}

function validateType(field: Field, value: Json): ValidationError | undefined {
  switch (field.type) {
    case "string":
      return typeof value === "string" ? undefined : "expected a string";
    case "number":
      return typeof value === "number" ? undefined : "expected a number";
    case "integer":
      return Number.isInteger(value) ? undefined : "expected an integer";
    case "boolean":
      return typeof value === "boolean" ? undefined : "expected a boolean";
    case "array":
      return isSequence(value) ? validateItems(field, value) : "expected an array";
    case "set":
      return isSequence(value) ? validateItems(field, value) : "expected a set";
    case "map":
      return validateMap(field, value);
    case "record":
      return validateInnerRecord(field, value);
    case "foreign":
      return validateReference(field, value);
    default:
      return undefined;
  }
}

// An empty JSON object and an empty list are the same empty table in Lua.
function isSequence(value: Json): value is Json[] {
  return Array.isArray(value) || (isJsonObject(value) && Object.keys(value).length === 0);
}

function validateItems(field: Field, value: Json[]): ValidationError | undefined {
  if (!Array.isArray(value) || field.elements === undefined) return undefined;
  let errors: (ValidationError | null)[] | undefined;
  for (const [index, item] of value.entries()) {
    const error = validateField(field.elements, item);
    if (error === undefined) continue;
    errors ??= [];
    while (errors.length < index) errors.push(null);
    errors.push(error);
  }
  return errors;
}

function validateMap(field: Field, value: Json): ValidationError | undefined {
  if (typeof value !== "object" || value === null) return "expected a map";
  for (const [key, item] of Object.entries(value)) {
    const keyError = field.keys === undefined ? undefined : validateField(field.keys, key);
    if (keyError !== undefined) return keyError;
    const itemError = field.values === undefined ? undefined : validateField(field.values, item);
    if (itemError !== undefined) return itemError;
  }
  return undefined;
}

function validateInnerRecord(field: Field, value: Json): ValidationError | undefined {
  if (typeof value !== "object" || value === null) return "expected a record";
  if (field.record === undefined) return undefined;
  const members = Array.isArray(value)
    ? Object.fromEntries(value.map((item, index) => [String(index + 1), item]))
    : value;
  return validateRecord(field.record, completeRecord(field.record, members, "insert", NO_STAMP));
}

function validateReference(field: Field, value: Json): ErrorTable | undefined {
  if (typeof value === "number" || typeof value === "boolean") throw new UnexpectedInputError();
  const id = isJsonObject(value) ? value["id"] : undefined;
  if (typeof id === "string" && isUuid(id)) return undefined;
  // Kong then reads the value as the entity itself, and complains about its fields first.
  const own = isJsonObject(value) ? field.target?.()?.(value) : undefined;
  if (own !== undefined) return own;
  if (id === undefined || id === false) return { id: "missing primary key" };
  if (id === null) return { id: "required field missing" };
  return { id: typeof id === "string" ? "expected a valid UUID" : "expected a string" };
}

/**
 * Judges a whole record: every field, the missing ones, then the rules across fields.
 * @param full false for PATCH, where an absent required field is fine.
 */
export function validateRecord(schema: RecordSchema, input: JsonObject, full = true): ErrorTable | undefined {
  const errors = validateFields(schema, input, full);
  runEntityChecks(schema, input, full, errors);
  return Object.keys(errors).length > 0 ? errors : undefined;
}

/** The part of {@link validateRecord} that looks at one field at a time. */
export function validateFields(schema: RecordSchema, input: JsonObject, full: boolean): ErrorTable {
  const errors: ErrorTable = {};
  for (const name of Object.keys(input)) {
    const field = schema.byName.get(name);
    const error = field === undefined ? "unknown field" : validateField(field, input[name] as Json);
    if (error !== undefined) errors[name] = error;
  }
  for (const [name, field] of schema.fields) {
    if (!field.required) continue;
    const value = input[name];
    if (value === null || (full && value === undefined)) errors[name] = "required field missing";
  }
  return errors;
}
