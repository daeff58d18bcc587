import assert from "node:assert/strict";
import { backoffDelayMs, jitteredMs, sleep } from "../../../src/runtime/backoff.ts";
import { TokenBuckets } from "../../../src/runtime/token-buckets.ts";

describe("runtime/backoff", () => {
  const plain = { baseMs: 200, maxMs: 60_000, jitter: 0 };
  for (const [failures, expected] of [
    [0, 200],
    [1, 200],
    [2, 400],
    [3, 800],
    [9, 51_200],
    [10, 60_000],
    [5_000, 60_000],
  ] as const) {
    it(`waits ${expected} ms after ${failures} failures`, () =>
      assert.equal(backoffDelayMs(failures, plain), expected));
  }

  it("takes away at most the share that is random", () => {
    const options = { baseMs: 100, maxMs: 100, jitter: 0.5 };
    assert.equal(backoffDelayMs(1, { ...options, random: () => 0 }), 100);
    assert.equal(backoffDelayMs(1, { ...options, random: () => 1 }), 50);
  });

  it("spreads a delay to both sides", () => {
    assert.deepEqual(
      [jitteredMs(100, 0.1, () => 0), jitteredMs(100, 0.1, () => 0.5), jitteredMs(100, 0.1, () => 1)].map(Math.round),
      [90, 100, 110],
    );
  });

  it("ends a sleep when the signal aborts, without an error", async () => {
    const abort = new AbortController();
    const startedMs = performance.now();
    setTimeout(() => abort.abort(), 5);
    await sleep(10_000, abort.signal);
    await sleep(10_000, abort.signal);
    assert.ok(performance.now() - startedMs < 9_000);
  });
});

describe("runtime/token-buckets", () => {
  it("lets a burst through, then one each time a token has come back", () => {
    const buckets = new TokenBuckets({ burst: 2, refillMs: 1_000, most: 10 });
    assert.deepEqual(
      [0, 0, 0, 500, 1_000, 1_500, 2_000].map((nowMs) => buckets.take("a", nowMs)),
      [true, true, false, false, true, false, true],
    );
  });

  it("counts each key by itself", () => {
    const buckets = new TokenBuckets({ burst: 1, refillMs: 1_000, most: 10 });
    assert.deepEqual([buckets.take("a", 0), buckets.take("b", 0), buckets.take("a", 0)], [true, true, false]);
  });

  it("forgets the key unused for longest when there are too many", () => {
    const buckets = new TokenBuckets({ burst: 1, refillMs: 1_000, most: 2 });
    for (const key of ["a", "b", "c"]) buckets.take(key, 0);
    assert.deepEqual([buckets.take("c", 0), buckets.take("a", 0)], [false, true]);
  });
});
