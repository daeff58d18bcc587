import assert from "node:assert/strict";
import {
  ConflictError,
  GatewayAuthError,
  InvalidSpecError,
  KongRejectedError,
  KongUnavailableError,
  NotReadyError,
  RefNotFoundError,
} from "../../../src/errors.ts";
import { DEFAULT_OUTCOME_POLICY, outcomeOfError, outcomeOfResult } from "../../../src/runtime/outcome.ts";

const { recheckMs, conflictDelayMs, conflictLimit } = DEFAULT_OUTCOME_POLICY;
const recheck = { kind: "after", delayMs: recheckMs, countFailure: false };
const backoff = { kind: "backoff" };

const TABLE = [
  [new InvalidSpecError("Invalid", "m"), 0, { kind: "none" }, "info"],
  [new RefNotFoundError("ServiceNotFound", "m"), 0, recheck, "info"],
  [new NotReadyError("NotReady", "m"), 3, recheck, "debug"],
  [new KongRejectedError("Rejected", "m", { status: 400 }), 0, recheck, "info"],
  [new GatewayAuthError("AuthFailed", "m"), 0, recheck, "info"],
  [new KongUnavailableError("Unreachable", "m"), 0, backoff, "warn"],
  [
    new KongUnavailableError("Throttled", "m", { retryAfterMs: 7_000 }),
    0,
    { kind: "after", delayMs: 7_000, countFailure: true },
    "warn",
  ],
  [new ConflictError("Conflict", "m"), 0, { kind: "after", delayMs: conflictDelayMs, countFailure: true }, "debug"],
  [new ConflictError("Conflict", "m"), conflictLimit, backoff, "debug"],
] as const;

describe("runtime/outcome", () => {
  for (const [error, failures, requeue, level] of TABLE) {
    it(`answers ${error.name} ${error.reason} after ${failures} failures with ${JSON.stringify(requeue)}`, () => {
      const outcome = outcomeOfError(error, failures);
      assert.deepEqual(outcome, { result: error.reason, requeue, isBug: false, level, error });
    });
  }

  it("takes every other error for a bug", () => {
    const outcome = outcomeOfError(new TypeError("x is undefined"), 0);
    assert.deepEqual([outcome.result, outcome.isBug, outcome.requeue, outcome.level], ["bug", true, backoff, "error"]);
  });

  it("takes a thrown value that is no error for a bug", () => {
    assert.match(outcomeOfError("oops", 0).error?.message ?? "", /oops/);
  });

  it("logs a reconcile that wrote as info, another as debug", () => {
    assert.equal(outcomeOfResult({ wrote: true }).level, "info");
    assert.equal(outcomeOfResult(undefined).level, "debug");
  });

  it("looks again when the reconcile asks for it", () => {
    const outcome = outcomeOfResult({ requeueAfterMs: 5_000 });
    assert.deepEqual(outcome.requeue, { kind: "after", delayMs: 5_000, countFailure: false });
    assert.equal(outcome.result, "requeue");
  });
});
