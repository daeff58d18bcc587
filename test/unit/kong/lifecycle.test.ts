import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { GatewayLifecycle } from "../../../src/kong/lifecycle.ts";

const CHECK_MS = 40;

describe("kong/lifecycle", () => {
  const stop = new AbortController();
  let checks = 0;
  let running: Promise<void>;
  const lifecycle = new GatewayLifecycle({
    check: async () => {
      checks++;
      await sleep(CHECK_MS);
      return () => {};
    },
    probe: () => Promise.resolve(),
    intervalMs: () => 3_600_000,
    retry: () => ({ baseMs: 1, maxMs: 1, recheckMs: 1 }),
    now: () => new Date(0),
    onChange: () => {},
  });

  before(async () => {
    running = lifecycle.run(stop.signal);
    await lifecycle.recheck();
  });

  after(async () => {
    stop.abort();
    await running;
  });

  it("rests between checks that are only asked for, and answers all who asked meanwhile by one", async () => {
    const before = checks;
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: 20 }, () => lifecycle.recheck()));
    assert.ok(performance.now() - startedAt > 3 * CHECK_MS);
    assert.equal(checks, before + 1);
  });

  it("does not rest where the credentials have changed", async () => {
    const before = checks;
    const startedAt = performance.now();
    lifecycle.checkSoon();
    while (checks === before) await sleep(1);
    assert.ok(performance.now() - startedAt < 3 * CHECK_MS);
  });
});
