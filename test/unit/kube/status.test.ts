import assert from "node:assert/strict";
import type { JsonObject } from "../../../src/model/json.ts";
import { statusPatch, type StatusWithConditions } from "../../../src/kube/status.ts";

const NOW = new Date("2026-02-03T04:05:06.789Z");
const EARLIER = "2026-01-01T00:00:00Z";

const condition = (status: "True" | "False", message = "m", lastTransitionTime = EARLIER) => ({
  type: "Programmed",
  status,
  reason: "R",
  message,
  observedGeneration: 2,
  lastTransitionTime,
});

function decided(status: "True" | "False", message = "m"): StatusWithConditions & { entityId?: string } {
  const { lastTransitionTime: _time, ...rest } = condition(status, message);
  return { conditions: [rest] };
}

describe("kube/status", () => {
  it("writes nothing where only the transition time would differ", () => {
    assert.equal(statusPatch({ conditions: [condition("True")] }, decided("True"), NOW), undefined);
  });

  it("keeps the transition time while the condition's status stays", () => {
    const patch = statusPatch({ conditions: [condition("True")] }, decided("True", "other"), NOW);
    assert.deepEqual(patch, { conditions: [condition("True", "other")] });
  });

  it("sets the transition time, to the second, where the condition's status changes", () => {
    const patch = statusPatch({ conditions: [condition("True")] }, decided("False"), NOW);
    assert.deepEqual(patch, { conditions: [condition("False", "m", "2026-02-03T04:05:06Z")] });
  });

  it("writes everything where there was no status", () => {
    const patch = statusPatch({}, { ...decided("True"), entityId: "x" } as StatusWithConditions, NOW);
    assert.deepEqual(patch, { conditions: [condition("True", "m", "2026-02-03T04:05:06Z")], entityId: "x" });
  });

  const MERGES: readonly [string, JsonObject, JsonObject, JsonObject | undefined][] = [
    ["a key that is gone", { a: 1, b: 2 }, { a: 1 }, { b: null }],
    ["a key in depth that is gone", { a: { x: 1, y: 2 } }, { a: { x: 1 } }, { a: { y: null } }],
    ["a list, which is replaced whole", { a: [1, 2] }, { a: [1] }, { a: [1] }],
    ["an object that becomes a value", { a: { x: 1 } }, { a: "x" }, { a: "x" }],
    ["keys in another order, which is no change", { a: 1, b: { c: 1, d: 2 } }, { b: { d: 2, c: 1 }, a: 1 }, undefined],
  ];
  for (const [what, current, next, expected] of MERGES) {
    it(`patches ${what}`, () => {
      assert.deepEqual(statusPatch(current, next as StatusWithConditions, NOW), expected);
    });
  }

  it("takes undefined for absent", () => {
    const next = { entityId: undefined } as unknown as StatusWithConditions;
    assert.equal(statusPatch({}, next, NOW), undefined);
  });
});
