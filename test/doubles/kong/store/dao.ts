import type { JsonObject } from "../../../../src/model/json.ts";
import {
  invalidPrimaryKey,
  invalidOptions,
  invalidUnique,
  notFoundByField,
  notFoundById,
  operationUnsupported,
  primaryKeyViolation,
  schemaViolation,
} from "../errors.ts";
import type { EntitySchema } from "../schema/catalog.ts";
import type { Stamp } from "../schema/complete.ts";
import { completeRecord, mergeRecord } from "../schema/complete.ts";
import type { Context } from "../schema/complete.ts";
import type { ErrorTable, RecordSchema } from "../schema/field.ts";
import { addEntityError } from "../schema/entity-checks.ts";
import { ShorthandError, withShorthands, withoutShorthands } from "../schema/shorthands.ts";
import { UnexpectedInputError, validateField, validateRecord } from "../schema/validate.ts";
import { isUuid } from "../schema/validators.ts";
import { rulesOf } from "./entity-rules.ts";
import { Expiry } from "./expiry.ts";
import { checkReferences, checkRestrictions, checkUnique, removeWithChildren } from "./integrity.ts";
import { resolveReferences } from "./resolve-references.ts";
import type { Store } from "./store.ts";

/** What names an entity in a path: its id, or the value of its unique field. */
export type EntityKey = { readonly id: string } | { readonly field: string; readonly value: string };

/**
 * Reads and writes entities the way Kong's data access does: complete, resolve references, validate, then the
 * constraints of the database, in that order, because a request with several faults is answered by the first.
 * All methods throw KongError, and UnexpectedInputError where Kong answers 500.
 */
export class Dao {
  readonly store: Store;
  /** Set where entities come from a declarative configuration only: valid writes are refused. */
  readonly readOnly: boolean;
  readonly #expiry: Expiry;

  constructor(store: Store, options: { readonly readOnly?: boolean } = {}) {
    this.store = store;
    this.readOnly = options.readOnly ?? false;
    this.#expiry = new Expiry(store);
  }

  schema(type: string): EntitySchema {
    return this.store.catalog.entities.get(type) as EntitySchema;
  }

  /** Reads the key of a path: a UUID is an id, anything else the entity's unique field where it has one. */
  keyOf(type: string, text: string): EntityKey {
    const field = this.schema(type).definition.endpointKey;
    return isUuid(text) || field === undefined ? { id: text.toLowerCase() } : { field, value: text };
  }

  select(type: string, key: EntityKey): JsonObject | undefined {
    const table = this.store.table(type);
    this.#checkKey(type, key);
    if ("id" in key) return this.#shown(table.rows.get(key.id));
    const id = table.idByUnique(key.field, key.value);
    return id === undefined ? undefined : this.#shown(table.rows.get(id));
  }

  insert(type: string, input: JsonObject): JsonObject {
    const rules = rulesOf(type);
    const { ttl, rest } = this.#withoutTtl(type, input);
    const row = this.#prepare(type, rules.prepare?.(this, rest) ?? rest);
    const stored = rules.transform?.(row, rest) ?? row;
    this.#refuseWhenReadOnly(type, "create");
    const id = row["id"] as string;
    if (this.store.table(type).rows.has(id)) throw primaryKeyViolation(id);
    return this.#write(type, stored, ttl);
  }

  /** PUT: creates or replaces; what the input does not name goes back to its default. */
  upsert(type: string, key: EntityKey, input: JsonObject): JsonObject {
    this.#checkKey(type, key);
    const rules = rulesOf(type);
    const { ttl, rest } = this.#withoutTtl(
      type,
      "id" in key ? { ...input, id: key.id } : { ...input, [key.field]: key.value },
    );
    const row = this.#prepare(type, rules.prepare?.(this, rest) ?? rest);
    const stored = rules.transform?.(row, rest) ?? row;
    this.#refuseWhenReadOnly(type, "create or update", key);
    if (!("id" in key) && rules.hasNoUpsertByName === true) throw new UnexpectedInputError();
    const old = this.select(type, key);
    if (old === undefined) {
      const id = row["id"] as string;
      if (this.store.table(type).rows.has(id)) throw primaryKeyViolation(id);
      return this.#write(type, stored, ttl);
    }
    return this.#write(type, { ...stored, id: old["id"] as string, created_at: old["created_at"] ?? null }, ttl);
  }

  /** PATCH: merges into what is stored. */
  update(type: string, key: EntityKey, input: JsonObject): JsonObject {
    this.#checkKey(type, key);
    const schema = this.schema(type);
    const rules = rulesOf(type);
    const { ttl, rest } = this.#withoutTtl(type, input);
    const old = this.select(type, key);
    if (old === undefined) throw "id" in key ? notFoundById(key.id) : notFoundByField(key.field, key.value);
    const { ttl: _, ...stored } = old;
    const prepared = rules.prepareUpdate?.(this, rest, stored) ?? rest;
    const before = this.#recordFor(schema, stored);
    const completed = complete(this.#recordFor(schema, { ...stored, ...prepared }), prepared, "update");
    const merged = mergeRecord(before, completed, withoutShorthands(before, stored));
    const record = this.#recordFor(schema, merged);
    resolveReferences(this.store, type, merged);
    this.#validate(schema, record, merged, false, rules.checkUpdate?.(rest, stored));
    const transformed = rules.transform?.(merged, rest) ?? merged;
    this.#refuseWhenReadOnly(type, "update", key);
    return this.#write(type, withShorthands(record, { ...transformed, id: old["id"] as string }), ttl);
  }

  /** Deletes with everything that goes with it; nothing happens where the entity is missing. */
  delete(type: string, key: EntityKey): void {
    const row = this.select(type, key);
    if (row === undefined) return;
    this.#refuseWhenReadOnly(type, "remove", key);
    const id = row["id"] as string;
    rulesOf(type).checkDelete?.(this, id);
    checkRestrictions(this.store, type, id);
    removeWithChildren(this.store, type, id);
  }

  /** Judges an input without writing it, as `POST /schemas/{}/validate` does. */
  validate(type: string, input: JsonObject): void {
    const schema = this.schema(type);
    const { rest } = this.#withoutTtl(type, input);
    const row = complete(this.#recordFor(schema, rest), rest, "insert");
    this.#validate(schema, this.#recordFor(schema, row), row, true);
  }

  #prepare(type: string, input: JsonObject): JsonObject {
    const schema = this.schema(type);
    const row = complete(this.#recordFor(schema, input), input, "insert");
    const record = this.#recordFor(schema, row);
    resolveReferences(this.store, type, row);
    this.#validate(schema, record, row, true);
    return withShorthands(record, row);
  }

  #recordFor(schema: EntitySchema, input: JsonObject): RecordSchema {
    return schema.variants?.pick(input) ?? schema.record;
  }

  #validate(schema: EntitySchema, record: RecordSchema, row: JsonObject, full: boolean, extra?: string): void {
    const errors = variantError(schema, row) ?? validateRecord(record, row, full) ?? {};
    if (extra !== undefined) addEntityError(errors, extra);
    if (Object.keys(errors).length > 0) throw schemaViolation(errors);
  }

  // Kong without a database refuses a write only once it has found it valid.
  #refuseWhenReadOnly(type: string, verb: string, key?: EntityKey): void {
    if (!this.readOnly) return;
    const by = key === undefined || "id" in key ? "" : ` by '${key.field}'`;
    throw operationUnsupported(`cannot ${verb} '${type}' entities${by} when not using a database`);
  }

  // The time to live is no field of the schema: Kong takes it out first and keeps it beside the entity.
  #withoutTtl(type: string, input: JsonObject): { ttl: number | undefined; rest: JsonObject } {
    if (this.schema(type).definition.ttl !== true) return { ttl: undefined, rest: input };
    const { ttl, ...rest } = input;
    return { ttl: parseTtl(ttl), rest };
  }

  #shown(row: JsonObject | undefined): JsonObject | undefined {
    return row === undefined ? undefined : this.#expiry.show(row);
  }

  /** A row with what changes without a write, such as the time that a credential has left. */
  show(row: JsonObject): JsonObject {
    return this.#expiry.show(row);
  }

  #write(type: string, given: JsonObject, ttl: number | undefined): JsonObject {
    const row = this.schema(type).definition.ttl === true ? { ...given, ttl: ttl === 0 ? null : (ttl ?? null) } : given;
    const table = this.store.table(type);
    const id = row["id"] as string;
    checkUnique(table, row);
    checkReferences(this.store, type, row);
    this.store.put(type, row);
    if (ttl !== undefined && ttl > 0) this.#expiry.expire(type, id, ttl);
    return this.#expiry.show(row);
  }

  #checkKey(type: string, key: EntityKey): void {
    if ("id" in key) {
      if (!isUuid(key.id)) throw invalidPrimaryKey({ id: "expected a valid UUID" });
      return;
    }
    const field = this.schema(type).record.byName.get(key.field);
    // Kong calls a method that it only has for unique fields.
    if (field?.unique !== true) throw new UnexpectedInputError();
    const error = validateField(field, key.value);
    if (typeof error === "string") throw invalidUnique(key.field, error);
  }
}

function variantError(schema: EntitySchema, row: JsonObject): ErrorTable | undefined {
  if (schema.variants === undefined) return undefined;
  const { key } = schema.variants;
  const value = row[key];
  if (value === undefined || value === null) return { [key]: "required field missing" };
  return schema.variants.pick(row) === undefined ? { [key]: schema.variants.unknown(value) } : undefined;
}

function parseTtl(ttl: JsonObject[string] | undefined): number | undefined {
  if (ttl === undefined || ttl === null) return undefined;
  if (typeof ttl !== "number") throw new UnexpectedInputError();
  if (Number.isInteger(ttl) && ttl >= 0 && ttl <= 100_000_000) return ttl;
  throw invalidOptions({ ttl: "must be an integer between 0 and 100000000" });
}

function complete(record: RecordSchema, input: JsonObject, context: Context): JsonObject {
  try {
    return completeRecord(record, input, context, now());
  } catch (error) {
    if (error instanceof ShorthandError) throw schemaViolation(error.errors);
    throw error;
  }
}

/** Kong stamps seconds, and milliseconds for targets. */
function now(): Stamp {
  const milliseconds = Date.now();
  return { seconds: Math.floor(milliseconds / 1000), fractional: milliseconds / 1000 };
}
