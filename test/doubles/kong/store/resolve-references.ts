import type { JsonObject } from "../../../../src/model/json.ts";
import { isJsonObject } from "../../../../src/model/json.ts";
import type { UnresolvedReference } from "../errors.ts";
import { unresolvedReferences } from "../errors.ts";
import type { EntitySchema } from "../schema/catalog.ts";
import { validateField } from "../schema/validate.ts";
import { isUuid } from "../schema/validators.ts";
import type { Store } from "./store.ts";

/**
 * Puts `{"id": …}` in the place of references by a unique name, and drops what else they carry.
 * @throws KongError where no entity has the name.
 */
export function resolveReferences(store: Store, type: string, row: JsonObject): void {
  const missing: UnresolvedReference[] = [];
  for (const [field, definition] of schemaOf(store, type).record.fields) {
    const value = row[field];
    if (definition.type !== "foreign" || !isJsonObject(value)) continue;
    const id = value["id"];
    if (typeof id === "string" && isUuid(id)) row[field] = { id: id.toLowerCase() };
    else resolveByName(store, field, definition.reference as string, value, row, missing);
  }
  if (missing.length > 0) throw unresolvedReferences(missing);
}

function resolveByName(
  store: Store,
  field: string,
  parent: string,
  value: JsonObject,
  row: JsonObject,
  missing: UnresolvedReference[],
): void {
  for (const [key, unique] of schemaOf(store, parent).record.fields) {
    const given = value[key];
    if (!unique.unique || given === undefined || given === null) continue;
    if (validateField(unique, given) !== undefined) continue;
    const id = store.table(parent).idByUnique(key, given);
    if (id !== undefined) {
      row[field] = { id };
      return;
    }
    missing.push({ field, key, value: given, type: parent });
  }
}

function schemaOf(store: Store, type: string): EntitySchema {
  return store.catalog.entities.get(type) as EntitySchema;
}
