import type { FieldChange, KongEntity, KongEntityType, KongOperation } from "../model/kong-entity.ts";
import type { JsonObject } from "../model/json.ts";
import type { ObjectKey } from "../model/object-key.ts";
import { CASCADES, positionOf, redirectReferences, referencesOf, uniqueKeysOf } from "./entity-graph.ts";
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
    const changes = compare(entity, found);
    if (changes.length > 0) operations.push({ action: "update", entity, changes, before: found });
  }
  const going = new Set(matched.surplus.map(({ id }) => id));
  const wanted = new Set(desired.flatMap(claimsOf));
  for (const found of matched.surplus) {
    // Kong removes it together with its parent: one write instead of one a child, unless something waits for its place.
    const parents = referencesOf(found.type, found.fields).filter(({ id }) => going.has(id));
    const goesAlong = parents.some(({ field }) => CASCADES.has(`${found.type}.${field}`));
    if (goesAlong && !claimsOf(found).some((claim) => wanted.has(claim))) continue;
    const { type, id, fields, owner, part } = found;
    operations.push({ action: "delete", entity: { type, id, fields, owner, part }, changes: [], before: found });
  }
  return orderOperations(operations);
}

/** What no other entity can have at the same time: its id, and its unique names and keys. */
function claimsOf({ type, id, fields }: KongEntity | ActualEntity): string[] {
  return [id, ...uniqueKeysOf(type, fields).map((key) => `${type} ${key}`)];
}

interface Matching {
  /** Desired entities, with the id of their counterpart and their references pointing to such ids. */
  readonly pairs: readonly (readonly [KongEntity, ActualEntity | undefined])[];
  readonly surplus: readonly ActualEntity[];
}

/**
 * Finds each desired entity's counterpart: by id first, which is deterministic; then by its part, which finds an adopted
 * entity with an id of its own; then by what must be unique, so that a renamed part is one update and not a clash.
 * Types go down the graph, because what is unique may include the id of a parent.
 */
function match(desired: readonly KongEntity[], actual: readonly ActualEntity[]): Matching {
  const rest = new Set(actual);
  const ids = new Map<string, string>();
  const pairs: (readonly [KongEntity, ActualEntity | undefined])[] = [];
  for (const [type, wanted] of Map.groupBy(inGraphOrder(desired), (entity) => entity.type)) {
    const redirected = wanted.map((entity) => {
      const fields = redirectReferences(type, entity.fields, ids);
      return fields === entity.fields ? entity : { ...entity, fields };
    });
    const partners = matchType(redirected, rest);
    for (const entity of redirected) {
      const found = partners.get(entity);
      if (found && found.id !== entity.id) ids.set(entity.id, found.id);
      pairs.push([found && found.id !== entity.id ? { ...entity, id: found.id } : entity, found]);
    }
  }
  return { pairs, surplus: inGraphOrder([...rest]) };
}

/** Takes the counterparts of desired entities of one type out of `rest`. */
function matchType(desired: readonly KongEntity[], rest: Set<ActualEntity>): Map<KongEntity, ActualEntity> {
  const type = desired[0]?.type;
  const partners = new Map<KongEntity, ActualEntity>();
  const take = (keysOf: (entity: KongEntity | ActualEntity) => readonly string[]): void => {
    if (partners.size === desired.length) return;
    const index = new Map<string, ActualEntity>();
    for (const found of rest) if (found.type === type) for (const key of keysOf(found)) index.set(key, found);
    for (const entity of desired) {
      if (partners.has(entity)) continue;
      const found = keysOf(entity)
        .flatMap((key) => index.get(key) ?? [])
        .find((each) => rest.has(each) && canBecome(each, entity));
      if (!found) continue;
      partners.set(entity, found);
      rest.delete(found);
    }
  };
  take(({ id }) => [id]);
  take(({ part }) => [part]);
  take(({ fields }) => (type ? uniqueKeysOf(type, fields) : []));
  return partners;
}

function inGraphOrder<T extends { readonly type: KongEntityType }>(entities: readonly T[]): T[] {
  return [...entities].sort((a, b) => positionOf(a.type) - positionOf(b.type));
}

/** A target's address and upstream are what it is: Kong keeps its history under them. */
function canBecome(actual: ActualEntity, desired: KongEntity): boolean {
  if (desired.type !== "targets") return true;
  return uniqueKeysOf("targets", actual.fields)[0] === uniqueKeysOf("targets", desired.fields)[0];
}
