import type { Verdict } from "../model/verification.ts";
import type { ConditionDraft } from "./conditions.ts";

/** What is told of an object that asks to be verified, and whether Ready waits for it. */
export interface Serving {
  readonly verdict: Verdict;
  readonly required: boolean;
}

/**
 * The conditions with what is told of the object's verification. Only where it is `required` does Ready follow, by
 * kstatus: waiting is work, a loss is not.
 */
export function withServing(conditions: readonly ConditionDraft[], { verdict, required }: Serving): ConditionDraft[] {
  const { status, reason, message } = verdict;
  const serving: ConditionDraft = { type: "Serving", status, reason, message };
  const ready = conditions.find(({ type }) => type === "Ready");
  if (!required || status === "True" || ready?.status !== "True") return [...conditions, serving];
  const others = conditions.filter(({ type }) => type !== "Ready");
  if (reason !== "WaitingForProxy") return [...others, { ...serving, type: "Ready", status: "False" }, serving];
  return [...others, { ...serving, type: "Ready" }, { ...serving, type: "Reconciling", status: "True" }, serving];
}
