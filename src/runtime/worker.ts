import { jitteredMs } from "./backoff.ts";
import type { Logger } from "./logger.ts";
import {
  DEFAULT_OUTCOME_POLICY,
  outcomeOfError,
  outcomeOfResult,
  type Outcome,
  type OutcomePolicy,
  type ReconcileResult,
} from "./outcome.ts";
import type { WorkQueue } from "./work-queue.ts";

export interface WorkerOptions {
  readonly queue: WorkQueue;
  /** Workers, each with one key at a time. */
  readonly concurrency: number;
  /** `signal` aborts when the operator stops and the grace is over: give up soon, leaving no half-made step behind. */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<ReconcileResult | void>;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly policy?: OutcomePolicy;
  /** Told of each outcome: metrics, and the condition of a bug. What it throws is logged as a bug. */
  readonly onOutcome?: (key: string, outcome: Outcome, durationMs: number) => void | Promise<void>;
}

/** Works on the queue until it is shut down; resolves when the last worker has finished. Never rejects. */
export async function runWorkers(options: WorkerOptions): Promise<void> {
  await Promise.all(Array.from({ length: options.concurrency }, () => work(options)));
}

async function work(options: WorkerOptions): Promise<void> {
  for (let key = await options.queue.get(); key !== undefined; key = await options.queue.get()) {
    try {
      await processKey(key, options);
    } finally {
      options.queue.done(key);
    }
  }
}

async function processKey(key: string, options: WorkerOptions): Promise<void> {
  const { queue, logger } = options;
  const startedMs = performance.now();
  const outcome = await reconcileOnce(key, options);
  const durationMs = Math.round((performance.now() - startedMs) * 10) / 10;
  // What a stopping operator gave up is no failure: the next start finds it again.
  if (options.signal.aborted && outcome.error) {
    logger.debug("reconcile given up at shutdown", { key, durationMs });
    return;
  }
  requeue(queue, key, outcome);
  writeLog(logger, key, outcome, durationMs);
  try {
    await options.onOutcome?.(key, outcome, durationMs);
  } catch (error) {
    logger.error("outcome handler failed", { key, error });
  }
}

async function reconcileOnce(key: string, options: WorkerOptions): Promise<Outcome> {
  try {
    return outcomeOfResult(await options.reconcile(key, options.signal));
  } catch (error) {
    return outcomeOfError(error, options.queue.failures(key), options.policy ?? DEFAULT_OUTCOME_POLICY);
  }
}

function requeue(queue: WorkQueue, key: string, outcome: Outcome): void {
  const { requeue } = outcome;
  switch (requeue.kind) {
    case "none":
      queue.forget(key);
      return;
    case "after":
      if (requeue.countFailure) queue.countFailure(key);
      else queue.forget(key);
      queue.addAfter(key, jitteredMs(requeue.delayMs));
      return;
    case "backoff":
      queue.addRateLimited(key);
  }
}

function writeLog(logger: Logger, key: string, outcome: Outcome, durationMs: number): void {
  const { error, result, level } = outcome;
  if (!error) {
    logger[level]("reconciled", { key, result, durationMs });
  } else if (outcome.isBug) {
    logger.error("reconcile failed by a bug", { key, result, durationMs, error });
  } else {
    logger[level]("reconcile ended with an error", { key, result, reason: error.message, durationMs });
  }
}
