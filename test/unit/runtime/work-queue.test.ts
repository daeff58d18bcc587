import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { WorkQueue } from "../../../src/runtime/work-queue.ts";

const NOTHING = Symbol("nothing");

/** The next key, or NOTHING where a worker would wait. */
function tryGet(queue: WorkQueue): Promise<string | undefined | typeof NOTHING> {
  return Promise.race([queue.get(), delay(5, NOTHING)]);
}

async function takeAll(queue: WorkQueue): Promise<string[]> {
  const keys: string[] = [];
  while (queue.depth > 0) keys.push((await queue.get())!);
  return keys;
}

describe("runtime/work-queue", () => {
  it("hands out a key once however often it was added", async () => {
    const queue = new WorkQueue();
    queue.add("a");
    queue.add("a");
    assert.equal(queue.depth, 1);
    assert.equal(await queue.get(), "a");
    assert.equal(queue.depth, 0);
  });

  it("hands out a key again after done when it was added meanwhile, and not before", async () => {
    const queue = new WorkQueue();
    queue.add("a");
    await queue.get();
    queue.add("a");
    const next = queue.get();
    assert.equal(await Promise.race([next, delay(5, "waits")]), "waits");
    queue.done("a");
    assert.equal(await next, "a");
  });

  it("serves the lower priority value first, and arrivals in order within one", async () => {
    const queue = new WorkQueue({ priorityOf: (key) => Number(key.slice(-1)) });
    for (const key of ["x2", "y1", "z2", "w1", "v0"]) queue.add(key);
    assert.deepEqual(await takeAll(queue), ["v0", "y1", "w1", "x2", "z2"]);
  });

  it("serves lanes of one priority in turn", async () => {
    const queue = new WorkQueue({ laneOf: (key) => key[0]! });
    for (const key of ["a1", "a2", "a3", "b1", "c1"]) queue.add(key);
    assert.deepEqual(await takeAll(queue), ["a1", "b1", "c1", "a2", "a3"]);
  });

  it("leaves room for other lanes when one is full", async () => {
    const queue = new WorkQueue({ laneOf: (key) => key[0]!, laneLimit: 2 });
    for (const key of ["a1", "a2", "a3", "b1"]) queue.add(key);
    assert.deepEqual([await queue.get(), await queue.get(), await queue.get()], ["a1", "b1", "a2"]);
    const next = queue.get();
    assert.equal(await Promise.race([next, delay(5, "waits")]), "waits");
    queue.done("a1");
    assert.equal(await next, "a3");
  });

  it("asks for lane and priority anew when a key is queued again", async () => {
    let lane = "old";
    const queue = new WorkQueue({ laneOf: () => lane, laneLimit: 1 });
    queue.add("a");
    await queue.get();
    queue.add("a");
    lane = "new";
    queue.done("a");
    assert.deepEqual(queue.lanes(), [{ lane: "new", queued: 1, inFlight: 0 }]);
  });

  it("adds a delayed key when its time has come, the earliest of several", async () => {
    const queue = new WorkQueue();
    queue.addAfter("a", 60_000);
    queue.addAfter("b", 10);
    queue.addAfter("a", 20);
    queue.addAfter("b", 40_000);
    assert.equal(queue.delayed, 2);
    assert.equal(queue.depth, 0);
    const startedMs = performance.now();
    assert.deepEqual([await queue.get(), await queue.get()], ["b", "a"]);
    assert.ok(performance.now() - startedMs >= 19);
    queue.done("a");
    queue.done("b");
    assert.equal(queue.delayed, 0);
    assert.equal(await tryGet(queue), NOTHING);
    await queue.shutdown();
  });

  it("backs off a failing key twice as long each time, and starts over after forget", () => {
    const queue = new WorkQueue({ backoff: { baseMs: 100, maxMs: 350, jitter: 0 } });
    assert.deepEqual(
      [1, 2, 3, 4].map(() => queue.addRateLimited("a")),
      [100, 200, 350, 350],
    );
    assert.equal(queue.failures("a"), 4);
    queue.forget("a");
    assert.equal(queue.addRateLimited("a"), 100);
    return queue.shutdown();
  });

  it("hands out nothing more once it is shut down, and ends when the last key is given back", async () => {
    const queue = new WorkQueue();
    queue.add("a");
    queue.add("b");
    await queue.get();
    const waiting = [queue.get(), queue.get()];
    assert.equal(await waiting[0], "b");
    const ended = queue.shutdown();
    assert.equal(await waiting[1], undefined);
    queue.add("c");
    assert.equal(await queue.get(), undefined);
    queue.done("a");
    assert.equal(await Promise.race([ended.then(() => "ended"), delay(5, "waits")]), "waits");
    queue.done("b");
    await ended;
    assert.equal(queue.depth, 0);
  });

  it("says how long a key waited", async () => {
    const waits: [string, number][] = [];
    const queue = new WorkQueue({ onTaken: (key, waitedMs) => waits.push([key, waitedMs]) });
    queue.add("a");
    await delay(10);
    await queue.get();
    assert.equal(waits[0]?.[0], "a");
    assert.ok(waits[0][1] >= 9 && waits[0][1] < 1_000);
  });

  it("takes 100,000 keys of 200 lanes in and out", async () => {
    const queue = new WorkQueue({
      laneOf: (key) => key.slice(0, 3),
      priorityOf: (key) => key.length % 5,
      laneLimit: 4,
    });
    for (let number = 0; number < 100_000; number++) queue.add(`${100 + (number % 200)}-${number}`);
    for (let number = 0; number < 100_000; number++) queue.done((await queue.get())!);
    assert.equal(queue.depth, 0);
  });
});
