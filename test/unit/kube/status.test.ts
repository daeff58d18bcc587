import assert from "node:assert/strict";
import type { JsonObject } from "../../../src/model/json.ts";
import { statusToWrite, type StatusWithConditions } from "../../../src/kube/status.ts";

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
    assert.equal(statusToWrite({ conditions: [condition("True")] }, decided("True"), NOW), undefined);
  });

  it("keeps the transition time while the condition's status stays", () => {
    const patch = statusToWrite({ conditions: [condition("True")] }, decided("True", "other"), NOW);
    assert.deepEqual(patch, { conditions: [condition("True", "other")] });
  });

  it("sets the transition time, to the second, where the condition's status changes", () => {
    const patch = statusToWrite({ conditions: [condition("True")] }, decided("False"), NOW);
    assert.deepEqual(patch, { conditions: [condition("False", "m", "2026-02-03T04:05:06Z")] });
  });

  it("writes everything where there was no status", () => {
    const patch = statusToWrite({}, { ...decided("True"), entityId: "x" } as StatusWithConditions, NOW);
    assert.deepEqual(patch, { conditions: [condition("True", "m", "2026-02-03T04:05:06Z")], entityId: "x" });
  });

  const CHANGES: readonly [string, JsonObject, JsonObject, boolean][] = [
    ["a key that is gone", { a: 1, b: 2 }, { a: 1 }, true],
    ["a key in depth that is gone", { a: { x: 1, y: 2 } }, { a: { x: 1 } }, true],
    ["a shorter list", { a: [1, 2] }, { a: [1] }, true],
    ["keys in another order", { a: 1, b: { c: 1, d: 2 } }, { b: { d: 2, c: 1 }, a: 1 }, false],
  ];
  for (const [what, current, next, isChange] of CHANGES) {
    it(`takes ${what} for ${isChange ? "a change" : "none"}`, () => {
      assert.deepEqual(statusToWrite(current, next as StatusWithConditions, NOW), isChange ? next : undefined);
    });
  }

  for (const absent of [undefined, null]) {
    it(`takes ${absent} for absent`, () => {
      const next = { entityId: absent } as unknown as StatusWithConditions;
      assert.equal(statusToWrite({}, next, NOW), undefined);
      assert.deepEqual(statusToWrite({ entityId: "x", a: 1 }, { ...next, a: 1 } as StatusWithConditions, NOW), {
        a: 1,
      });
    });
  }
});
