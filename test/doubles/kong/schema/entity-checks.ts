import type { Json, JsonObject } from "../../../../src/model/json.ts";
import { isJsonObject } from "../../../../src/model/json.ts";
import { fieldCheck } from "./checks/by-path.ts";
import type { EntityCheck, ErrorTable, Field, RecordSchema, ValidationError } from "./field.ts";
import { compileField } from "./field.ts";
import { isNonEmpty } from "./lua-value.ts";
import { NO_OVERLAY } from "./overlay.ts";
import { isVaultReference, validateField } from "./validate.ts";

/** Runs the rules across fields and adds what they find to `errors`, messages under `@entity`. */
export function runEntityChecks(schema: RecordSchema, input: JsonObject, full: boolean, errors: ErrorTable): void {
  for (const check of schema.checks) runCheck(schema, check, input, full, errors);
}

/** Adds a message that belongs to the entity, not to one field. */
export function addEntityError(errors: ErrorTable, message: string): void {
  const list = (errors["@entity"] ??= []) as string[];
  list.push(message);
}

function runCheck(
  schema: RecordSchema,
  check: EntityCheck,
  input: JsonObject,
  full: boolean,
  errors: ErrorTable,
): void {
  switch (check.name) {
    case "conditional":
      conditional(schema, check, input, errors);
      return;
    case "conditional_at_least_one_of":
      conditionalAtLeastOneOf(schema, check.arg as JsonObject, input, full, errors);
      return;
    case "custom_entity_check":
      custom(check, input, errors);
      return;
    default:
      overFields(schema, check.name, check.arg as string[], input, full, errors);
  }
}

function overFields(
  schema: RecordSchema,
  name: string,
  names: string[],
  input: JsonObject,
  full: boolean,
  errors: ErrorTable,
): void {
  const present = names.filter((field) => fieldAt(input, field) !== undefined);
  if (present.length === 0 && !(full && name === "at_least_one_of")) return;
  if (present.some((field) => isLookedUp(schema, field, input))) return;
  // These do not run where one of their fields is bad already; the others do.
  if (name.startsWith("mutually_") && names.some((field) => errors[field] !== undefined)) return;
  const set = names.filter((field) => isNonEmpty(fieldAt(input, field)));
  const list = quoted(names);
  switch (name) {
    case "at_least_one_of":
      if (set.length === 0)
        addEntityError(errors, whenUpdating(full, `at least one of these fields must be non-empty: ${list}`));
      return;
    case "only_one_of":
      if (set.length !== 1) addEntityError(errors, `exactly one of these fields must be non-empty: ${list}`);
      return;
    case "mutually_required":
      if (set.length > 0 && set.length < names.length)
        addEntityError(errors, `all or none of these fields must be set: ${list}`);
      return;
    case "mutually_exclusive":
      if (set.length > 1) addEntityError(errors, `only one or none of these fields must be set: ${list}`);
      return;
    case "distinct":
      if (new Set(set.map((field) => fieldAt(input, field))).size < set.length) {
        addEntityError(errors, `values of these fields must be distinct: ${list}`);
      }
      return;
    default:
      throw new Error(`unknown entity check ${name}`);
  }
}

// Code that reads several fields does not run where one of them is bad already.
function custom(check: EntityCheck, input: JsonObject, errors: ErrorTable): void {
  const sources = (check.arg as JsonObject)["field_sources"] as string[];
  if (sources.some((field) => errors[field] !== undefined)) return;
  const message = check.rule?.(input);
  if (message !== undefined) addEntityError(errors, message);
}

function conditional(schema: RecordSchema, check: EntityCheck, input: JsonObject, errors: ErrorTable): void {
  const arg = check.arg as JsonObject;
  const ifName = arg["if_field"] as string;
  const thenName = arg["then_field"] as string;
  const ifValue = fieldAt(input, ifName);
  if (isLookedUp(schema, ifName, input) || isLookedUp(schema, thenName, input)) return;
  if (ifValue === undefined) {
    if (fieldAt(input, thenName) !== undefined) setError(errors, ifName, "field required for entity check");
    return;
  }
  if (validateField(narrowed(schema, ifName, arg, "if_match"), ifValue) !== undefined) return;
  const thenValue = fieldAt(input, thenName) ?? null;
  const thenField = narrowed(schema, thenName, arg, "then_match", `${check.path}.${thenName} when ${ifName}`);
  const error =
    thenField.required && thenValue === null ? "required field missing" : validateField(thenField, thenValue);
  if (error === undefined) return;
  setError(errors, thenName, error);
  addEntityError(
    errors,
    (arg["then_err"] as string | undefined)?.replace("%s", ifName) ??
      `failed conditional validation given value of field '${ifName}'`,
  );
}

function conditionalAtLeastOneOf(
  schema: RecordSchema,
  arg: JsonObject,
  input: JsonObject,
  full: boolean,
  errors: ErrorTable,
): void {
  const ifName = arg["if_field"] as string;
  const ifValue = fieldAt(input, ifName);
  if (ifValue === undefined) return;
  const matches = validateField(narrowed(schema, ifName, arg, "if_match"), ifValue) === undefined;
  if (!matches && arg["else_match"] === undefined) return;
  if (!matches && validateField(narrowed(schema, ifName, arg, "else_match"), ifValue) !== undefined) return;
  const names = arg[matches ? "then_at_least_one_of" : "else_then_at_least_one_of"] as string[];
  if (names.some((name) => isNonEmpty(fieldAt(input, name)))) return;
  const own = arg[matches ? "then_err" : "else_then_err"] as string | undefined;
  addEntityError(
    errors,
    own?.replace("%s", quoted(names)) ??
      whenUpdating(full, `at least one of these fields must be non-empty: ${quoted(names)}`),
  );
}

// Kong words these two rules differently in a PATCH.
function whenUpdating(full: boolean, message: string): string {
  return full ? message : `when updating, ${message}`;
}

const narrowedFields = new WeakMap<JsonObject, Map<string, Field>>();

// The field's own rules with those of the condition over them, which is how Kong reads `if_match` and `then_match`.
function narrowed(schema: RecordSchema, name: string, arg: JsonObject, key: string, path = ""): Field {
  let known = narrowedFields.get(arg);
  if (known === undefined) narrowedFields.set(arg, (known = new Map<string, Field>()));
  const found = known.get(key);
  if (found !== undefined) return found;
  const own = schemaFieldAt(schema, name);
  const raw = { ...(own?.raw ?? {}), ...(arg[key] as JsonObject) };
  const compiled = compileField(raw, "", NO_OVERLAY);
  const field = { ...compiled, type: own?.type ?? "any", custom: fieldCheck(path, {}) ?? own?.custom };
  known.set(key, field);
  return field;
}

// A value that a vault will give is not known yet.
function isLookedUp(schema: RecordSchema, name: string, input: JsonObject): boolean {
  return schemaFieldAt(schema, name)?.referenceable === true && isVaultReference(fieldAt(input, name) ?? null);
}

function schemaFieldAt(schema: RecordSchema, path: string): Field | undefined {
  const direct = schema.byName.get(path);
  if (direct !== undefined || !path.includes(".")) return direct;
  const [head, ...rest] = path.split(".") as [string, ...string[]];
  const field = schema.byName.get(head);
  if (rest.length === 0) return field;
  return field?.record === undefined ? undefined : schemaFieldAt(field.record, rest.join("."));
}

function fieldAt(input: JsonObject, path: string): Json | undefined {
  if (!path.includes(".")) return input[path];
  let value: Json | undefined = input;
  for (const name of path.split(".")) {
    if (!isJsonObject(value)) return undefined;
    value = value[name];
  }
  return value;
}

/** Puts an error where the field stands, `config.redis.host` three levels down. */
export function setError(errors: ErrorTable, path: string, error: ValidationError): void {
  const names = path.split(".");
  const last = names.pop() as string;
  let table = errors;
  for (const name of names) {
    const inner = table[name];
    // A text stands for the whole record already: nothing finer can be said below it.
    if (typeof inner === "string") return;
    table = (table[name] ??= {}) as ErrorTable;
  }
  table[last] = error;
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(", ");
}
