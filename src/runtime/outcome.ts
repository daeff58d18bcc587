import { NotReadyError, OperatorError, PendingError } from "../errors.ts";

/** What a reconcile may say when it did not throw. */
export interface ReconcileResult {
  /** Look again after this time even if nothing happens: a drift interval, a poll. */
  readonly requeueAfterMs?: number;
  /** A write happened: logged as info instead of debug. */
  readonly wrote?: boolean;
}

/** When a key is processed again. */
export type Requeue =
  | { readonly kind: "none" }
  | { readonly kind: "after"; readonly delayMs: number; readonly countFailure: boolean }
  | { readonly kind: "backoff" };

/** What came of one reconcile, for the log, the metrics and the requeue. */
export interface Outcome {
  /** Metric label: `success`, `requeue`, `bug`, or the reason of the error. */
  readonly result: string;
  readonly requeue: Requeue;
  /** True for an error that is no {@link OperatorError}: our mistake. */
  readonly isBug: boolean;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly error?: Error;
}

export interface OutcomePolicy {
  /** The slow recheck after an error that no event of ours announces the end of. */
  readonly recheckMs: number;
  /** After a conflict: long enough for the cache to see the newer object. */
  readonly conflictDelayMs: number;
  /** Conflicts in a row after which the backoff takes over. */
  readonly conflictLimit: number;
}

export const DEFAULT_OUTCOME_POLICY: OutcomePolicy = { recheckMs: 600_000, conflictDelayMs: 20, conflictLimit: 5 };

export function outcomeOfResult(result: ReconcileResult | void): Outcome {
  const requeueAfterMs = result?.requeueAfterMs;
  return {
    result: requeueAfterMs === undefined ? "success" : "requeue",
    requeue:
      requeueAfterMs === undefined ? { kind: "none" } : { kind: "after", delayMs: requeueAfterMs, countFailure: false },
    isBug: false,
    level: result?.wrote ? "info" : "debug",
  };
}

/** The one switch over the retry policy of errors. `failures` counts those before this one. */
export function outcomeOfError(thrown: unknown, failures: number, policy = DEFAULT_OUTCOME_POLICY): Outcome {
  const error = thrown instanceof Error ? thrown : new Error(`thrown: ${String(thrown)}`);
  if (!(error instanceof OperatorError)) {
    return { result: "bug", requeue: { kind: "backoff" }, isBug: true, level: "error", error };
  }
  const base = { result: error.reason, isBug: false, error };
  if (error.retryAfterMs !== undefined) {
    const level = error instanceof NotReadyError ? "debug" : "warn";
    return { ...base, level, requeue: { kind: "after", delayMs: error.retryAfterMs, countFailure: true } };
  }
  switch (error.policy) {
    case "none":
      return { ...base, level: "info", requeue: { kind: "none" } };
    case "reference":
    case "recheck":
      // Waiting is the ordinary course of things: at each start every object waits for its gateway.
      return {
        ...base,
        level: error instanceof NotReadyError || error instanceof PendingError ? "debug" : "info",
        requeue: { kind: "after", delayMs: policy.recheckMs, countFailure: false },
      };
    case "backoff":
      return { ...base, level: "warn", requeue: { kind: "backoff" } };
    case "immediate":
      return {
        ...base,
        level: "debug",
        requeue:
          failures < policy.conflictLimit
            ? { kind: "after", delayMs: policy.conflictDelayMs, countFailure: true }
            : { kind: "backoff" },
      };
  }
}
