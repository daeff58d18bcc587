import type { JsonObject } from "../../../../src/model/json.ts";
import { missingReference, referencedBy, uniqueViolation } from "../errors.ts";
import type { EntitySchema } from "../schema/catalog.ts";
import type { Store } from "./store.ts";
import type { Table } from "./table.ts";
import { referenceId } from "./table.ts";

/** What the database of a real Kong watches over: unique values, and that references lead somewhere. */

/** @throws KongError where another entity has the same unique value. */
export function checkUnique(table: Table, row: JsonObject): void {
  const { compositeKey, unique } = table.shape;
  const id = row["id"] as string;
  const owner = table.idByComposite(row);
  if (owner !== undefined && owner !== id) throw taken(row, compositeKey);
  for (const field of unique) {
    const holder = table.idByUnique(field, row[field] ?? null);
    if (holder !== undefined && holder !== id) throw taken(row, [field]);
  }
}

function taken(row: JsonObject, fields: readonly string[]): Error {
  return uniqueViolation(Object.fromEntries(fields.map((name) => [name, row[name] ?? null])));
}

/** @throws KongError where a reference leads nowhere. */
export function checkReferences(store: Store, type: string, row: JsonObject): void {
  const schema = store.catalog.entities.get(type) as EntitySchema;
  for (const field of store.table(type).shape.references) {
    const parentId = referenceId(row[field]);
    const parent = schema.record.byName.get(field)?.reference as string;
    if (parentId !== undefined && !store.table(parent).rows.has(parentId)) {
      throw missingReference(field, parentId, parent);
    }
  }
}

/** @throws KongError where something that would be left behind refers to the entity. */
export function checkRestrictions(store: Store, type: string, id: string): void {
  for (const { child, childId, onDelete } of childrenOf(store, type, id)) {
    if (onDelete === "restrict") throw referencedBy(type, child);
    if (onDelete === "cascade") checkRestrictions(store, child, childId);
  }
}

/** Removes the entity and all that goes with it. */
export function removeWithChildren(store: Store, type: string, id: string): void {
  for (const { child, childId, field, onDelete } of childrenOf(store, type, id)) {
    if (onDelete === "cascade") {
      removeWithChildren(store, child, childId);
      continue;
    }
    const row = store.table(child).rows.get(childId);
    if (row !== undefined) store.put(child, { ...row, [field]: null });
  }
  store.remove(type, id);
}

interface Child {
  readonly child: string;
  readonly childId: string;
  readonly field: string;
  readonly onDelete: string;
}

function* childrenOf(store: Store, type: string, id: string): Generator<Child> {
  for (const schema of store.catalog.entities.values()) {
    for (const [field, definition] of schema.record.fields) {
      if (definition.reference !== type) continue;
      const goes = schema.definition.goesWith?.includes(field) === true;
      const onDelete = goes ? "cascade" : (definition.onDelete ?? "restrict");
      for (const childId of [...store.table(schema.name).childIds(field, id)]) {
        yield { child: schema.name, childId, field, onDelete };
      }
    }
  }
}
