import type { JsonObject } from "../model/json.ts";
import type { TargetState } from "../model/target-state.ts";
import { healthChanges, targetStatus, withToldHealth } from "../report/target-status.ts";
import type { KongObject } from "./caches.ts";
import type { ControllerContext } from "./context.ts";
import { keyOf } from "./dispatch.ts";
import type { Gateway } from "./gateways.ts";

/** Most targets that an Event names. */
const LISTED = 10;

/** What the status says of an object's targets, and Events where their health has changed since the last one. */
export function reportTargets(context: ControllerContext, object: KongObject, { connection }: Gateway): JsonObject {
  const { targetHealth = [] } = (object.status ?? {}) as { targetHealth?: readonly TargetState[] };
  const hasUpstream = connection.entitiesOf(keyOf(object.kind, object)).some(({ type }) => type === "upstreams");
  if (!hasUpstream) return { targets: null, unhealthyTargets: null, targetHealth: null };
  const states = withToldHealth(connection.targetHealth(keyOf(object.kind, object)), targetHealth);
  const { down, back } = healthChanges(targetHealth, states);
  if (down.length > 0) {
    const message = `The gateway sends nothing to ${listed(down)}`;
    context.events.record(object, { type: "Warning", reason: "TargetUnhealthy", message, action: "CheckHealth" });
  }
  if (back.length > 0) {
    const message = `The gateway sends requests again to ${listed(back)}`;
    context.events.record(object, { type: "Normal", reason: "TargetHealthy", message, action: "CheckHealth" });
  }
  return targetStatus(states);
}

function listed(targets: readonly string[]): string {
  const more = targets.length > LISTED ? ` and ${targets.length - LISTED} more` : "";
  return targets.slice(0, LISTED).join(", ") + more;
}
