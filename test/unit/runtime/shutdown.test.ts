import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { createLogger } from "../../../src/runtime/logger.ts";
import { Shutdown } from "../../../src/runtime/shutdown.ts";

function create(deadlineMs?: number): { shutdown: Shutdown; lines: string[] } {
  const lines: string[] = [];
  const logger = createLogger({ level: "debug", format: "json", write: (line) => lines.push(line) });
  return { shutdown: new Shutdown({ logger, ...(deadlineMs === undefined ? {} : { deadlineMs }) }), lines };
}

describe("runtime/shutdown", () => {
  it("stops what was started last first, one after the other", async () => {
    const { shutdown } = create();
    const order: string[] = [];
    for (const name of ["client", "informers", "workers"]) {
      shutdown.add(name, async () => {
        order.push(`${name} begins`);
        await delay(2);
        order.push(`${name} ends`);
      });
    }
    assert.equal(await shutdown.begin("test"), true);
    const expected = ["workers", "informers", "client"].flatMap((name) => [`${name} begins`, `${name} ends`]);
    assert.deepEqual(order, expected);
  });

  it("aborts its signal before the first step", async () => {
    const { shutdown } = create();
    let wasAborted = false;
    shutdown.add("step", () => void (wasAborted = shutdown.signal.aborted));
    await shutdown.begin("test");
    assert.ok(wasAborted);
  });

  it("goes on after a step that fails, and says that it was not clean", async () => {
    const { shutdown, lines } = create();
    let reached = false;
    shutdown.add("first", () => void (reached = true));
    shutdown.add("second", () => {
      throw new Error("no");
    });
    assert.equal(await shutdown.begin("test"), false);
    assert.ok(reached);
    assert.ok(lines.some((line) => line.includes("step failed to stop") && line.includes("second")));
  });

  it("does not wait for a step beyond the deadline", async () => {
    const { shutdown } = create(30);
    let leftMs = -1;
    shutdown.add("first", (left) => void (leftMs = left));
    shutdown.add("stuck", () => new Promise(() => undefined));
    const startedMs = performance.now();
    assert.equal(await shutdown.begin("test"), false);
    assert.ok(performance.now() - startedMs < 5_000);
    // A timer may fire a moment early.
    assert.ok(leftMs >= 0 && leftMs < 5, `${leftMs} ms`);
  });

  it("stops once, however often it is told", async () => {
    const { shutdown } = create();
    let times = 0;
    shutdown.add("step", () => void times++);
    await Promise.all([shutdown.begin("a"), shutdown.begin("b")]);
    assert.equal(times, 1);
  });

  it("begins at a signal, and takes its listeners away at the end", async () => {
    const { shutdown } = create();
    const before = process.listenerCount("SIGUSR2");
    const ended = shutdown.onSignals(["SIGUSR2"]);
    process.kill(process.pid, "SIGUSR2");
    assert.equal(await ended, true);
    assert.equal(process.listenerCount("SIGUSR2"), before);
  });

  it("ends those who wait for a signal when it is begun otherwise", async () => {
    const { shutdown } = create();
    const ended = shutdown.onSignals(["SIGUSR2"]);
    await shutdown.begin("test");
    assert.equal(await ended, true);
  });
});
