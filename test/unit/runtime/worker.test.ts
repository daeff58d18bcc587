import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { ConflictError, InvalidSpecError, KongUnavailableError } from "../../../src/errors.ts";
import { createLogger } from "../../../src/runtime/logger.ts";
import type { Outcome, ReconcileResult } from "../../../src/runtime/outcome.ts";
import { WorkQueue } from "../../../src/runtime/work-queue.ts";
import { runWorkers } from "../../../src/runtime/worker.ts";
import { eventually } from "./eventually.ts";

interface Setup {
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<ReconcileResult | void>;
  readonly onOutcome?: (key: string, outcome: Outcome) => void;
  readonly concurrency?: number;
}

function start({ reconcile, onOutcome, concurrency = 2 }: Setup) {
  const lines: string[] = [];
  const abort = new AbortController();
  const queue = new WorkQueue({ backoff: { baseMs: 5, maxMs: 20, jitter: 0 } });
  const outcomes: Outcome[] = [];
  const workers = runWorkers({
    queue,
    concurrency,
    reconcile,
    signal: abort.signal,
    logger: createLogger({ level: "debug", format: "json", write: (line) => lines.push(line) }),
    onOutcome: (key, outcome) => {
      outcomes.push(outcome);
      onOutcome?.(key, outcome);
    },
  });
  const stop = async (): Promise<void> => {
    await queue.shutdown();
    await workers;
  };
  return { queue, outcomes, lines, abort, stop };
}

describe("runtime/worker", () => {
  it("tries a key again with backoff until it succeeds, then forgets its failures", async () => {
    let tries = 0;
    const { queue, outcomes, stop } = start({
      reconcile: async () => {
        if (++tries < 4) throw new KongUnavailableError("Unreachable", "no answer");
      },
    });
    queue.add("a");
    await eventually(() => outcomes.length === 4, "the fourth try");
    await stop();
    assert.deepEqual(
      outcomes.map(({ result }) => result),
      ["Unreachable", "Unreachable", "Unreachable", "success"],
    );
    assert.equal(queue.failures("a"), 0);
  });

  it("does not try again what only a change of the object can mend", async () => {
    let tries = 0;
    const { queue, stop } = start({
      reconcile: async () => {
        tries++;
        throw new InvalidSpecError("Invalid", "spec.paths: …");
      },
    });
    queue.add("a");
    await delay(40);
    await stop();
    assert.equal(tries, 1);
  });

  it("tries at once after a conflict", async () => {
    const timesMs: number[] = [];
    const { queue, stop } = start({
      reconcile: async () => {
        timesMs.push(performance.now());
        if (timesMs.length === 1) throw new ConflictError("Conflict", "old");
      },
    });
    queue.add("a");
    await eventually(() => timesMs.length === 2, "the second try");
    await stop();
    assert.ok(timesMs[1]! - timesMs[0]! < 1_000);
  });

  it("logs a bug with its stack and goes on with other keys", async () => {
    const { queue, outcomes, lines, stop } = start({
      concurrency: 1,
      reconcile: async (key) => {
        if (key === "bad") throw new TypeError("x is undefined");
      },
    });
    queue.add("bad");
    queue.add("good");
    await eventually(() => outcomes.length === 2, "both keys");
    await stop();
    assert.deepEqual(
      outcomes.map(({ isBug }) => isBug),
      [true, false],
    );
    const line = JSON.parse(lines.find((text) => text.includes("bug")) ?? "{}") as Record<string, { stack?: string }>;
    assert.match(line["error"]?.stack ?? "", /worker\.test\.ts/);
  });

  it("survives an outcome handler that throws", async () => {
    const { queue, outcomes, stop } = start({
      reconcile: async () => undefined,
      onOutcome: () => {
        throw new Error("handler");
      },
    });
    queue.add("a");
    queue.add("b");
    await eventually(() => outcomes.length === 2, "both keys");
    await stop();
  });

  it("works on as many keys at a time as it has workers", async () => {
    let current = 0;
    let most = 0;
    const { queue, outcomes, stop } = start({
      concurrency: 3,
      reconcile: async () => {
        most = Math.max(most, ++current);
        await delay(2);
        current--;
      },
    });
    for (let number = 0; number < 12; number++) queue.add(`key-${number}`);
    await eventually(() => outcomes.length === 12, "all keys");
    await stop();
    assert.equal(most, 3);
  });

  it("counts nothing as a failure that was given up at shutdown", async () => {
    const { queue, outcomes, abort, stop } = start({
      reconcile: (_key, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("given up")))),
    });
    queue.add("a");
    await eventually(() => queue.inFlight === 1, "the key is taken");
    abort.abort();
    await stop();
    assert.deepEqual(outcomes, []);
    assert.equal(queue.failures("a"), 0);
  });
});
