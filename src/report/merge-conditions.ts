import type { Condition } from "../api/meta.ts";
import type { ConditionDraft } from "./conditions.ts";

/** Conditions that say what the object is; they stay as they were where a reconcile has nothing new to say of them. */
const LASTING: ReadonlySet<string> = new Set(["Accepted", "ResolvedRefs", "Programmed", "Drifted", "Serving"]);

export type DatedCondition = ConditionDraft & { readonly observedGeneration?: number };

/**
 * The new conditions, and of the old ones those that say something lasting of which the new ones say nothing. Sorted by
 * type, so that the same conditions are the same list.
 */
export function mergeConditions(
  current: readonly Condition[] | undefined,
  drafts: readonly ConditionDraft[],
  generation: number | undefined,
): DatedCondition[] {
  const told = new Set(drafts.map(({ type }) => type));
  const kept = (current ?? [])
    .filter(({ type }) => LASTING.has(type) && !told.has(type))
    .map(({ type, status, reason, message, observedGeneration }) => ({
      type,
      status,
      reason,
      message,
      ...dated(observedGeneration),
    }));
  return [...kept, ...drafts.map((draft) => ({ ...draft, ...dated(generation) }))].sort((a, b) =>
    a.type < b.type ? -1 : 1,
  );
}

function dated(observedGeneration: number | undefined): { observedGeneration?: number } {
  return observedGeneration === undefined ? {} : { observedGeneration };
}
