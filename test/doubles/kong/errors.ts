import type { Json, JsonObject } from "../../../src/model/json.ts";
import { prettyLine, prettyNested } from "./pretty.ts";
import type { ErrorTable, ValidationError } from "./schema/field.ts";

/** Kong's own error codes. Source: `code` in the bodies of the Admin API. */
export const KONG_CODES = {
  invalidPrimaryKey: 1,
  schemaViolation: 2,
  primaryKeyViolation: 3,
  foreignKeyViolation: 4,
  uniqueViolation: 5,
  notFound: 6,
  invalidOffset: 7,
  invalidSize: 9,
  invalidUnique: 10,
  invalidOptions: 11,
  operationUnsupported: 12,
  foreignKeysUnresolved: 13,
  declarativeConfig: 14,
  referencedByOthers: 19,
} as const;

const STATUS: ReadonlyMap<number, number> = new Map<number, number>([
  [KONG_CODES.uniqueViolation, 409],
  [KONG_CODES.notFound, 404],
  [KONG_CODES.operationUnsupported, 405],
]);

/** An answer that Kong refuses a request with; `body` is the JSON that goes out. */
export class KongError extends Error {
  readonly code: number;
  readonly status: number;
  readonly body: JsonObject;

  constructor(code: number, name: string, message: string, more: JsonObject = {}) {
    super(message);
    this.code = code;
    this.status = STATUS.get(code) ?? 400;
    this.body = { code, name, message, ...more };
  }
}

export function schemaViolation(errors: ErrorTable): KongError {
  const lines = violationLines(errors);
  const [first] = lines;
  const message =
    lines.length === 1
      ? `schema violation (${String(first)})`
      : `${String(lines.length)} schema violations (${lines.join("; ")})`;
  return new KongError(KONG_CODES.schemaViolation, "schema violation", message, { fields: errors as Json });
}

// One line a violation: those of the entity first, then by field; only the first level is spelled with a dot.
function violationLines(errors: ErrorTable): string[] {
  const lines = [...((errors["@entity"] as string[] | undefined) ?? [])];
  for (const name of Object.keys(errors).sort()) {
    if (name === "@entity") continue;
    const error = errors[name] as ValidationError;
    if (typeof error === "string") {
      lines.push(`${name}: ${error}`);
      continue;
    }
    for (const [key, inner] of errorEntries(error)) {
      lines.push(`${name}.${key}: ${typeof inner === "string" ? inner : prettyNested(inner as Json)}`);
    }
  }
  return lines;
}

/** The members of an error table in Kong's order; items of a list count from 1 and the good ones are left out. */
export function errorEntries(error: Exclude<ValidationError, string>): [key: string, error: ValidationError][] {
  if (!Array.isArray(error)) return Object.entries(error).sort(([a], [b]) => (a < b ? -1 : 1));
  return error.flatMap((inner, index) =>
    inner === null ? [] : [[String(index + 1), inner] as [string, ValidationError]],
  );
}

export function primaryKeyViolation(id: string): KongError {
  const message = `primary key violation on key '${prettyLine({ id })}'`;
  return new KongError(KONG_CODES.primaryKeyViolation, "primary key violation", message, { fields: { id } });
}

export function uniqueViolation(fields: JsonObject): KongError {
  const message = `UNIQUE violation detected on '${prettyLine(fields)}'`;
  return new KongError(KONG_CODES.uniqueViolation, "unique constraint violation", message, { fields });
}

export function missingReference(field: string, id: string, type: string): KongError {
  const message = `the foreign key '${prettyLine({ id })}' does not reference an existing '${type}' entity.`;
  return new KongError(KONG_CODES.foreignKeyViolation, "foreign key violation", message, {
    fields: { [field]: { id } },
  });
}

export function referencedBy(type: string, child: string): KongError {
  const message = `an existing '${child}' entity references this '${type}' entity`;
  return new KongError(KONG_CODES.foreignKeyViolation, "foreign key violation", message, {
    fields: { "@referenced_by": child },
  });
}

export function invalidPrimaryKey(errors: ErrorTable): KongError {
  const message = `invalid primary key: '${prettyLine(errors as Json)}'`;
  return new KongError(KONG_CODES.invalidPrimaryKey, "invalid primary key", message, { fields: errors as Json });
}

export function invalidUnique(field: string, message: string): KongError {
  return new KongError(KONG_CODES.invalidUnique, `invalid unique ${field}`, message);
}

export function notFoundById(id: string): KongError {
  const message = `could not find the entity with primary key '${prettyLine({ id })}'`;
  return new KongError(KONG_CODES.notFound, "not found", message, { fields: { id } });
}

export function notFoundByField(field: string, value: Json): KongError {
  const message = `could not find the entity with '${prettyLine({ [field]: value })}'`;
  return new KongError(KONG_CODES.notFound, "not found", message, { fields: { [field]: value } });
}

export function invalidOffset(offset: string, why: string): KongError {
  return new KongError(KONG_CODES.invalidOffset, "invalid offset", `'${offset}' is not a valid offset: ${why}`);
}

export function invalidSize(why: string): KongError {
  return new KongError(KONG_CODES.invalidSize, "invalid size", why);
}

export function invalidOptions(options: Readonly<Record<string, string>>): KongError {
  const lines = Object.keys(options)
    .sort()
    .map((name) => `${name}: ${String(options[name])}`);
  const message =
    lines.length === 1
      ? `invalid option (${lines.join("")})`
      : `${String(lines.length)} option violations (${lines.join("; ")})`;
  return new KongError(KONG_CODES.invalidOptions, "invalid options", message, { options: { ...options } });
}

/** References given by a name that no entity has: `{"service": {"name": "the foreign key cannot …"}}`. */
export function unresolvedReferences(missing: readonly UnresolvedReference[]): KongError {
  const fields: ErrorTable = {};
  for (const { field, key, value, type } of missing) {
    const table = (fields[field] ??= {}) as ErrorTable;
    table[key] =
      `the foreign key cannot be resolved with '${prettyLine({ [key]: value })}' for an existing '${type}' entity`;
  }
  const lines = violationLines(fields);
  const message =
    lines.length === 1
      ? `foreign key unresolved (${lines.join("")})`
      : `${String(lines.length)} foreign keys unresolved (${lines.join("; ")})`;
  return new KongError(KONG_CODES.foreignKeysUnresolved, "foreign keys unresolved", message, {
    fields: fields as Json,
  });
}

export interface UnresolvedReference {
  readonly field: string;
  readonly key: string;
  readonly value: Json;
  readonly type: string;
}

export function operationUnsupported(message: string): KongError {
  return new KongError(KONG_CODES.operationUnsupported, "operation unsupported", message);
}

export function referencedByOthers(message: string): KongError {
  return new KongError(KONG_CODES.referencedByOthers, "referenced by others", message);
}
