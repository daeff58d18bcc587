import type { JsonObject } from "../model/json.ts";
import type { TargetState } from "../model/target-state.ts";

/** Most targets that a status lists. */
const LISTED = 100;

/** What a status says of an object's targets; undefined of one that has no upstream. */
export function targetStatus(targets: readonly TargetState[]): JsonObject {
  const unhealthy = targets.filter(isUnhealthy);
  const listed = [...unhealthy, ...targets.filter((target) => !isUnhealthy(target))].slice(0, LISTED);
  return {
    targets: targets.length,
    unhealthyTargets: unhealthy.length,
    targetHealth: listed.map((target): JsonObject => ({ ...target })),
  };
}

/** The targets, with the health that was told last where nobody knows it yet: after a restart it takes a while. */
export function withToldHealth(targets: readonly TargetState[], told: readonly TargetState[]): TargetState[] {
  const before = new Map(told.map(({ target, health }) => [target, health]));
  return targets.map((state) => {
    const health = state.health ?? before.get(state.target);
    return health === undefined ? state : { ...state, health };
  });
}

/** What has become of targets since the last status: who went down, and who is back. */
export function healthChanges(
  before: readonly TargetState[],
  after: readonly TargetState[],
): { readonly down: string[]; readonly back: string[] } {
  const wasUnhealthy = new Set(before.filter(isUnhealthy).map(({ target }) => target));
  return {
    down: after.filter((state) => isUnhealthy(state) && !wasUnhealthy.has(state.target)).map(nameOf),
    back: after.filter(({ target, health }) => health === "HEALTHY" && wasUnhealthy.has(target)).map(nameOf),
  };
}

function isUnhealthy({ health }: TargetState): boolean {
  return health === "UNHEALTHY" || health === "DNS_ERROR";
}

function nameOf({ target, health }: TargetState): string {
  return `${target} (${health ?? ""})`;
}
