import type { FieldChange, KongEntity, KongEntityType, KongOperation } from "../model/kong-entity.ts";
import type { JsonObject } from "../model/json.ts";
import type { ObjectKey } from "../model/object-key.ts";
import { CASCADES, positionOf, referencesOf, uniqueKeysOf } from "./entity-graph.ts";
import { orderOperations, type PlannedOperation } from "./plan-order.ts";

export type { PlannedOperation } from "./plan-order.ts";

/** What Kong holds of the object under our mark. */
export interface ActualEntity {
  readonly type: KongEntityType;
  readonly id: string;
  readonly part: string;
  /** The object that it is marked with. */
  readonly owner: ObjectKey;
  /** Kong's fields without `id`. */
  readonly fields: JsonObject;
}

export interface PlanInput {
  readonly desired: readonly KongEntity[];
  readonly actual: readonly ActualEntity[];
  /** What differs between the two; empty where they are the same. */
  readonly compare: (desired: KongEntity, actual: ActualEntity) => readonly FieldChange[];
}

/**
 * Desired against actual, for one object: what has to be written, in an order in which every reference holds at every
 * step.
 *
 * | desired | actual | operation                                                             |
 * |---------|--------|-----------------------------------------------------------------------|
 * | yes     | no     | create                                                                |
 * | yes     | same   | none                                                                  |
 * | yes     | other  | update; the actual id is kept                                         |
 * | yes     | other address of a target | delete and create, for a target is its address     |
 * | no      | yes    | delete; nothing where Kong removes it together with its parent        |
 */
export function planKong({ desired, actual, compare }: PlanInput): PlannedOperation[] {
  const matched = match(desired, actual);
  const operations: (KongOperation & { readonly before?: ActualEntity })[] = [];
  for (const [entity, found] of matched.pairs) {
    if (!found) {
      operations.push({ action: "create", entity, changes: [] });
      continue;
    }
    const current = entity.id === found.id ? entity : { ...entity, id: found.id };
    const changes = compare(current, found);
    if (changes.length > 0) operations.push({ action: "update", entity: current, changes, before: found });
  }
  const going = new Set(matched.surplus.map(({ id }) => id));
  for (const found of matched.surplus) {
    // Kong removes it together with its parent: one write instead of one a child.
    const goesAlong = referencesOf(found.type, found.fields).some(
      ({ field, id }) => going.has(id) && CASCADES.has(`${found.type}.${field}`),
    );
    if (goesAlong) continue;
    const { type, id, fields, owner, part } = found;
    operations.push({ action: "delete", entity: { type, id, fields, owner, part }, changes: [], before: found });
  }
  return orderOperations(operations);
}

interface Matching {
  readonly pairs: readonly (readonly [KongEntity, ActualEntity | undefined])[];
  readonly surplus: readonly ActualEntity[];
}

/**
 * Finds each desired entity's counterpart: by id first, which is deterministic; then by its part, which finds an adopted
 * entity with an id of its own; then by what must be unique, so that a renamed part is one update and not a clash.
 */
function match(desired: readonly KongEntity[], actual: readonly ActualEntity[]): Matching {
  const rest = new Set(actual);
  const partners = new Map<KongEntity, ActualEntity>();
  const take = (keysOf: (entity: KongEntity | ActualEntity) => readonly string[]): void => {
    const index = new Map<string, ActualEntity>();
    for (const found of rest) for (const key of keysOf(found)) index.set(`${found.type} ${key}`, found);
    for (const entity of desired) {
      if (partners.has(entity)) continue;
      for (const key of keysOf(entity)) {
        const found = index.get(`${entity.type} ${key}`);
        if (!found || !rest.has(found) || !canBecome(found, entity)) continue;
        partners.set(entity, found);
        rest.delete(found);
        break;
      }
    }
  };
  take(({ id }) => [id]);
  take(({ part }) => [part]);
  take(({ type, fields }) => uniqueKeysOf(type, fields));
  const surplus = [...rest].sort((a, b) => positionOf(a.type) - positionOf(b.type));
  return { pairs: desired.map((entity) => [entity, partners.get(entity)] as const), surplus };
}

/** A target's address and upstream are what it is: Kong keeps its history under them. */
function canBecome(actual: ActualEntity, desired: KongEntity): boolean {
  if (desired.type !== "targets") return true;
  return uniqueKeysOf("targets", actual.fields)[0] === uniqueKeysOf("targets", desired.fields)[0];
}
