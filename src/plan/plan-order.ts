import type { KongOperation } from "../model/kong-entity.ts";
import type { JsonObject } from "../model/json.ts";
import { positionOf, referencesOf, uniqueKeysOf } from "./entity-graph.ts";

export interface PlannedOperation extends KongOperation {
  /** Places in the plan, all before this one, of the operations without whose success this one is impossible. */
  readonly after: readonly number[];
}

type Unordered = KongOperation & { readonly before?: { readonly fields: JsonObject } };

/**
 * Puts the operations into an order in which every reference holds after each of them:
 * - what is referred to is created before what refers to it;
 * - what refers to an entity lets go of it, or goes, before the entity goes;
 * - a unique value (a name, a key) is given up before another entity takes it, where references allow;
 * - deletions come last where nothing else speaks against it, so that a rotated credential leaves no gap.
 */
export function orderOperations(operations: readonly Unordered[]): PlannedOperation[] {
  const sorted = [...operations].sort(byDefaultOrder);
  const hard = withHostEdges(referenceEdges(sorted), sorted);
  const soft = uniqueEdges(sorted);
  const order = topological(sorted.length, hard, soft);
  const place = new Map(order.map((index, at) => [index, at]));
  return order.map((index, at) => {
    const { action, entity, changes } = sorted[index]!;
    const after = [...(hard[index] ?? []), ...(soft[index] ?? [])].map((earlier) => place.get(earlier) ?? at);
    return { action, entity, changes, after: [...new Set(after)].filter((earlier) => earlier < at) };
  });
}

/** A plan without some of its operations; the others no longer wait for them. */
export function selectOperations(
  plan: readonly PlannedOperation[],
  isSelected: (operation: PlannedOperation) => boolean,
): PlannedOperation[] {
  const selected = plan.filter(isSelected);
  const place = new Map(selected.map((operation, at) => [operation, at]));
  return selected.map((operation) => ({
    ...operation,
    after: operation.after.flatMap((index) => place.get(plan[index] ?? operation) ?? []),
  }));
}

/** Creations and updates down the graph, then deletions up it. */
function byDefaultOrder(a: Unordered, b: Unordered): number {
  const isDelete = Number(a.action === "delete") - Number(b.action === "delete");
  if (isDelete !== 0) return isDelete;
  const down = positionOf(a.entity.type) - positionOf(b.entity.type);
  return a.action === "delete" ? -down : down;
}

function desiredFields(operation: Unordered): JsonObject | undefined {
  return operation.action === "delete" ? undefined : operation.entity.fields;
}

function referenceEdges(operations: readonly Unordered[]): number[][] {
  const byId = new Map(operations.map((operation, index) => [operation.entity.id, index]));
  const edges: number[][] = operations.map(() => []);
  operations.forEach((operation, index) => {
    const { type } = operation.entity;
    for (const { id } of referencesOf(type, desiredFields(operation) ?? {})) {
      const target = byId.get(id);
      // An update needs no waiting: what it changes is there already, and stays.
      if (target !== undefined && operations[target]!.action === "create") edges[index]!.push(target);
    }
    for (const { id } of referencesOf(type, operation.before?.fields ?? {})) {
      const target = byId.get(id);
      if (target !== undefined && operations[target]!.action === "delete") edges[target]!.push(index);
    }
  });
  return edges;
}

/**
 * A service is pointed at an upstream when that has its targets, and an upstream goes when no service is pointed at it:
 * Kong holds no such reference, and would take the host for a name to look up.
 */
function withHostEdges(edges: number[][], operations: readonly Unordered[]): number[][] {
  operations.forEach(({ action, entity, before }, index) => {
    if (entity.type !== "upstreams") return;
    operations.forEach((other, at) => {
      const { type } = other.entity;
      if (type === "services" && action === "delete" && other.before?.fields["host"] === before?.fields["name"]) {
        edges[index]!.push(at);
      }
      if (type !== "services" || action === "delete" || desiredFields(other)?.["host"] !== entity.fields["name"])
        return;
      edges[at]!.push(index, ...targetsIn(operations, entity.id));
    });
  });
  return edges;
}

function targetsIn(operations: readonly Unordered[], upstreamId: string): number[] {
  return operations.flatMap(({ action, entity }, index) => {
    const isOne = entity.type === "targets" && action !== "delete";
    return isOne && referencesOf("targets", entity.fields).some(({ id }) => id === upstreamId) ? [index] : [];
  });
}

function uniqueEdges(operations: readonly Unordered[]): number[][] {
  const edges: number[][] = operations.map(() => []);
  const holders = new Map<string, number>();
  const keysOf = ({ entity }: Unordered, fields: JsonObject | undefined): string[] =>
    fields ? uniqueKeysOf(entity.type, fields).map((key) => `${entity.type} ${key}`) : [];
  operations.forEach((operation, index) => {
    for (const key of keysOf(operation, operation.before?.fields)) holders.set(key, index);
    if (operation.action === "delete") holders.set(operation.entity.id, index);
  });
  operations.forEach((operation, index) => {
    const taken = operation.action === "create" ? [operation.entity.id] : [];
    for (const key of [...taken, ...keysOf(operation, desiredFields(operation))]) {
      const holder = holders.get(key);
      if (holder !== undefined && holder !== index) edges[index]!.push(holder);
    }
  });
  return edges;
}

/**
 * Repeatedly takes the first operation whose prerequisites have been taken. References have no cycles; unique values can
 * (two entities that swap names), and then give way.
 */
function topological(count: number, hard: readonly number[][], soft: readonly number[][]): number[] {
  const order: number[] = [];
  const waiting = new Set(Array.from({ length: count }, (_, index) => index));
  const isFree = (edges: readonly number[] | undefined): boolean =>
    !(edges ?? []).some((earlier) => waiting.has(earlier));
  while (waiting.size > 0) {
    const sizeBefore = order.length;
    for (const index of waiting) {
      if (!isFree(hard[index]) || !isFree(soft[index])) continue;
      order.push(index);
      waiting.delete(index);
    }
    if (order.length > sizeBefore) continue;
    const next = [...waiting].find((index) => isFree(hard[index])) ?? [...waiting][0]!;
    order.push(next);
    waiting.delete(next);
  }
  return order;
}
