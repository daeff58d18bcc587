import assert from "node:assert/strict";
import type { ConditionDraft } from "../../../src/report/conditions.ts";

/**
 * The rules by which `kubectl wait`, Helm, Argo CD and Flux read conditions: every set that we write keeps them.
 * Source: kubernetes-sigs/cli-utils, pkg/kstatus.
 */
export function assertKstatus(conditions: readonly ConditionDraft[]): void {
  const of = (type: string): ConditionDraft | undefined => conditions.find((condition) => condition.type === type);
  const ready = of("Ready");
  assert.ok(ready, "Ready is always there");
  for (const type of ["Reconciling", "Stalled"])
    assert.ok((of(type)?.status ?? "True") === "True", `${type} or absent`);
  assert.ok(!(of("Reconciling") && of("Stalled")), "working and given up at once");
  if (ready.status === "True") assert.ok(!of("Reconciling") && !of("Stalled"), "ready and not done");
  if (ready.status === "Unknown") assert.ok(of("Reconciling"), "nobody knows and nobody works on it");
  if (of("Stalled")) assert.equal(ready.status, "False");
  for (const { type, reason, message } of conditions) {
    assert.match(reason, /^[A-Z][A-Za-z]*$/, `reason of ${type}`);
    assert.ok(message.length > 0 && message.length <= 1024, `message of ${type}`);
  }
  assert.equal(new Set(conditions.map(({ type }) => type)).size, conditions.length, "a type twice");
}

/** `{Ready: "False Rejected"}`. */
export function summaryOf(conditions: readonly ConditionDraft[]): Record<string, string> {
  return Object.fromEntries(conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`]));
}
