import type { FieldChange, KongEntity, KongOperation } from "../model/kong-entity.ts";

/**
 * What an operation that undoes drift puts right, for people: `retries`; `targets[target.10.0.0.1:80].weight`;
 * `services (missing)`. The object's main entity is its first; what differs in others is told with their type and part.
 */
export function driftPaths({ action, entity, changes }: KongOperation, desired: readonly KongEntity[]): FieldChange[] {
  const isMain = entity.type === desired[0]?.type && entity.part === desired[0]?.part;
  const prefix = isMain ? "" : `${entity.type}[${entity.part}]`;
  if (action === "create") return [{ path: `${prefix || entity.type} (missing)` }];
  if (action === "delete") return [{ path: `${prefix || entity.type} (not asked for)` }];
  return changes.map(({ path }) => ({ path: prefix === "" ? path : `${prefix}.${path}` }));
}
