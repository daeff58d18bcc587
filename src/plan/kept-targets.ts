import type { KongEntity } from "../model/kong-entity.ts";

/** Targets in Kong that nobody asks for now and that stay, because not all that is wanted is known. */
export function keptTargets<Entity extends KongEntity>(
  standing: readonly Entity[],
  desired: readonly KongEntity[],
): Entity[] {
  const asked = new Set(desired.map(({ part }) => part));
  return standing.filter(({ type, part }) => type === "targets" && !asked.has(part));
}
