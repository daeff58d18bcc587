import type { BackendProblem } from "../model/outcome.ts";
import type { KongObject } from "./caches.ts";
import type { ControllerContext } from "./context.ts";

/** Events about where an object's servers are found: of each reason once, and of its end. */
export function recordBackendProblems(
  context: ControllerContext,
  object: KongObject,
  problems: readonly BackendProblem[],
): void {
  const told = object.status?.conditions?.find(({ type }) => type === "ResolvedRefs");
  const [first] = problems;
  if (first && told?.reason !== first.reason) {
    context.events.record(object, {
      type: "Warning",
      reason: first.reason,
      message: first.message,
      action: "FollowBackends",
    });
  }
  if (first || !told || told.reason === told.type || told.observedGeneration !== object.metadata.generation) return;
  context.events.record(object, {
    type: "Normal",
    reason: "BackendsFollowed",
    message: `Backends are followed again; they were not for ${told.reason}`,
    action: "FollowBackends",
  });
}
