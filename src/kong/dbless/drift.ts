import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import type { FieldChange, KongOperation } from "../../model/kong-entity.ts";
import { formatKey, type ObjectKey } from "../../model/object-key.ts";
import type { Mirror } from "../mirror.ts";
import { sameAnswer, type ReadEntity } from "../mirror-entry.ts";

/** What somebody else changed about one object's entities, as the operations that undo it. */
export interface ObjectDrift {
  readonly owner: ObjectKey;
  readonly operations: readonly KongOperation[];
}

/** Compares what one Pod holds with what was loaded, by the key of the object. */
export function driftOf(mirror: Mirror, held: readonly ReadEntity[]): Map<string, ObjectDrift> {
  const found = new Map<string, ObjectDrift>();
  const add = (operation: KongOperation): void => {
    const { owner } = operation.entity;
    const key = formatKey(owner);
    found.set(key, { owner, operations: [...(found.get(key)?.operations ?? []), operation] });
  };
  const seen = new Set<string>();
  for (const entity of held) {
    seen.add(entity.id);
    const known = mirror.get(entity.type, entity.id);
    const changes = known ? changedPaths(known.fields, entity.fields) : [];
    if (!known) add({ action: "delete", entity, changes: [] });
    else if (changes.length > 0) add({ action: "update", entity: known, changes });
  }
  for (const entity of mirror.all()) if (!seen.has(entity.id)) add({ action: "create", entity, changes: [] });
  return found;
}

/** Dotted paths at which two answers of Kong differ. */
function changedPaths(a: JsonObject, b: JsonObject, prefix = ""): FieldChange[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return names.flatMap((name) => {
    const [left, right]: (Json | undefined)[] = [a[name], b[name]];
    const path = prefix + name;
    if (sameAnswer(left, right) || (isNothing(left) && isNothing(right))) return [];
    return isJsonObject(left) && isJsonObject(right) ? changedPaths(left, right, `${path}.`) : [{ path }];
  });
}

function isNothing(value: Json | undefined): boolean {
  return value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);
}
