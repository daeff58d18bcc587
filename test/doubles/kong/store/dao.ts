import type { Json, JsonObject } from "../../../../src/model/json.ts";
import { isJsonObject } from "../../../../src/model/json.ts";
import {
  invalidPrimaryKey,
  invalidUnique,
  missingReference,
  notFoundByField,
  notFoundById,
  primaryKeyViolation,
  referencedBy,
  schemaViolation,
  uniqueViolation,
  unresolvedReferences,
} from "../errors.ts";
import type { UnresolvedReference } from "../errors.ts";
import type { EntitySchema } from "../schema/catalog.ts";
import type { Stamp } from "../schema/complete.ts";
import { completeRecord, mergeRecord } from "../schema/complete.ts";
import type { Context } from "../schema/complete.ts";
import type { ErrorTable, RecordSchema } from "../schema/field.ts";
import { ShorthandError, withShorthands, withoutShorthands } from "../schema/shorthands.ts";
import { validateField, validateRecord } from "../schema/validate.ts";
import { isUuid } from "../schema/validators.ts";
import type { Store } from "./store.ts";
import { referenceId } from "./table.ts";

/** What names an entity in a path: its id, or the value of its unique field. */
export type EntityKey = { readonly id: string } | { readonly field: string; readonly value: string };

/**
 * Reads and writes entities the way Kong's data access does: complete, resolve references, validate, then the
 * constraints of the database, in that order, because a request with several faults is answered by the first.
 * All methods throw KongError.
 */
export class Dao {
  readonly store: Store;

  constructor(store: Store) {
    this.store = store;
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
    if ("id" in key) return table.rows.get(key.id);
    const id = table.idByUnique(key.field, key.value);
    return id === undefined ? undefined : table.rows.get(id);
  }

  insert(type: string, input: JsonObject): JsonObject {
    const row = this.#prepare(type, input);
    const id = row["id"] as string;
    if (this.store.table(type).rows.has(id)) throw primaryKeyViolation(id);
    return this.#write(type, row);
  }

  /** PUT: creates or replaces; what the input does not name goes back to its default. */
  upsert(type: string, key: EntityKey, input: JsonObject): JsonObject {
    this.#checkKey(type, key);
    const keyed = "id" in key ? { ...input, id: key.id } : { ...input, [key.field]: key.value };
    const row = this.#prepare(type, keyed);
    const old = this.select(type, key);
    if (old === undefined) {
      const id = row["id"] as string;
      if (this.store.table(type).rows.has(id)) throw primaryKeyViolation(id);
      return this.#write(type, row);
    }
    return this.#write(type, { ...row, id: old["id"] as string, created_at: old["created_at"] ?? null });
  }

  /** PATCH: merges into what is stored. */
  update(type: string, key: EntityKey, input: JsonObject): JsonObject {
    this.#checkKey(type, key);
    const schema = this.schema(type);
    const old = this.select(type, key);
    if (old === undefined) throw "id" in key ? notFoundById(key.id) : notFoundByField(key.field, key.value);
    const record = this.#recordFor(schema, { ...old, ...input });
    const merged = mergeRecord(record, complete(record, input, "update"), withoutShorthands(record, old));
    this.#resolveReferences(schema, merged);
    this.#validate(schema, record, merged, false);
    return this.#write(type, withShorthands(record, { ...merged, id: old["id"] as string }));
  }

  /** Deletes with everything that goes with it; nothing happens where the entity is missing. */
  delete(type: string, key: EntityKey): void {
    const row = this.select(type, key);
    if (row === undefined) return;
    const id = row["id"] as string;
    this.#checkRestrictions(type, id);
    this.#cascade(type, id);
  }

  #prepare(type: string, input: JsonObject): JsonObject {
    const schema = this.schema(type);
    const record = this.#recordFor(schema, input);
    const row = complete(record, input, "insert");
    this.#resolveReferences(schema, row);
    this.#validate(schema, record, row, true);
    return withShorthands(record, row);
  }

  #recordFor(schema: EntitySchema, input: JsonObject): RecordSchema {
    const variant = schema.variants === undefined ? undefined : input[schema.variants.key];
    return (typeof variant === "string" ? schema.variants?.schemas.get(variant) : undefined) ?? schema.record;
  }

  #validate(schema: EntitySchema, record: RecordSchema, row: JsonObject, full: boolean): void {
    const errors = variantError(schema, row) ?? validateRecord(record, row, full);
    if (errors !== undefined) throw schemaViolation(errors);
  }

  #resolveReferences(schema: EntitySchema, row: JsonObject): void {
    const missing: UnresolvedReference[] = [];
    for (const [field, definition] of schema.record.fields) {
      const value = row[field];
      if (definition.type !== "foreign" || !isJsonObject(value)) continue;
      if (typeof value["id"] === "string" && isUuid(value["id"])) {
        row[field] = { id: value["id"].toLowerCase() };
        continue;
      }
      this.#resolveByName(field, definition.reference as string, value, row, missing);
    }
    if (missing.length > 0) throw unresolvedReferences(missing);
  }

  #resolveByName(
    field: string,
    parent: string,
    value: JsonObject,
    row: JsonObject,
    missing: UnresolvedReference[],
  ): void {
    for (const [key, unique] of this.schema(parent).record.fields) {
      const given = value[key];
      if (!unique.unique || given === undefined || given === null) continue;
      if (validateField(unique, given) !== undefined) continue;
      const id = this.store.table(parent).idByUnique(key, given);
      if (id !== undefined) {
        row[field] = { id };
        return;
      }
      missing.push({ field, key, value: given, type: parent });
    }
  }

  #write(type: string, row: JsonObject): JsonObject {
    const table = this.store.table(type);
    const id = row["id"] as string;
    for (const field of table.shape.compositeKey.length > 0 ? [undefined, ...table.shape.unique] : table.shape.unique) {
      const owner = field === undefined ? table.idByComposite(row) : table.idByUnique(field, row[field] ?? null);
      if (owner === undefined || owner === id) continue;
      const fields = field === undefined ? table.shape.compositeKey : [field];
      throw uniqueViolation(Object.fromEntries(fields.map((name) => [name, row[name] ?? null])));
    }
    for (const field of table.shape.references) {
      const parentId = referenceId(row[field]);
      const parent = this.schema(type).record.byName.get(field)?.reference as string;
      if (parentId !== undefined && !this.store.table(parent).rows.has(parentId)) {
        throw missingReference(field, parentId, parent);
      }
    }
    this.store.put(type, row);
    return row;
  }

  #checkKey(type: string, key: EntityKey): void {
    if ("id" in key) {
      if (!isUuid(key.id)) throw invalidPrimaryKey({ id: "expected a valid UUID" });
      return;
    }
    const field = this.schema(type).record.byName.get(key.field);
    const error = field === undefined ? undefined : validateField(field, key.value);
    if (typeof error === "string") throw invalidUnique(key.field, error);
  }

  *#children(type: string, id: string): Generator<{ child: string; childId: string; field: string; onDelete: string }> {
    for (const schema of this.store.catalog.entities.values()) {
      for (const [field, definition] of schema.record.fields) {
        if (definition.type !== "foreign" || definition.reference !== type) continue;
        for (const childId of [...this.store.table(schema.name).childIds(field, id)]) {
          yield { child: schema.name, childId, field, onDelete: definition.onDelete ?? "restrict" };
        }
      }
    }
  }

  #checkRestrictions(type: string, id: string): void {
    for (const { child, childId, onDelete } of this.#children(type, id)) {
      if (onDelete === "restrict") throw referencedBy(type, child);
      if (onDelete === "cascade") this.#checkRestrictions(child, childId);
    }
  }

  #cascade(type: string, id: string): void {
    for (const { child, childId, field, onDelete } of this.#children(type, id)) {
      if (onDelete === "cascade") {
        this.#cascade(child, childId);
      } else {
        const row = this.store.table(child).rows.get(childId);
        if (row !== undefined) this.store.put(child, { ...row, [field]: null });
      }
    }
    this.store.remove(type, id);
  }
}

function variantError(schema: EntitySchema, row: JsonObject): ErrorTable | undefined {
  if (schema.variants === undefined) return undefined;
  const { key, schemas, unknown } = schema.variants;
  const value: Json | undefined = row[key];
  if (value === undefined || value === null) return { [key]: "required field missing" };
  return typeof value === "string" && schemas.has(value) ? undefined : { [key]: unknown(String(value)) };
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
