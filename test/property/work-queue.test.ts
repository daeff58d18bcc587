import assert from "node:assert/strict";
import fc from "fast-check";
import { WorkQueue } from "../../src/runtime/work-queue.ts";

const LANE_LIMIT = 2;
/** `<lane><priority>-<number>`, so that lane and priority can be read off the key. */
const laneOf = (key: string): string => key[0] ?? "";
const priorityOf = (key: string): number => Number(key[1]);

const key = fc
  .tuple(fc.constantFrom("a", "b", "c"), fc.nat(2), fc.nat(3))
  .map(([lane, priority, number]) => `${lane}${priority}-${number}`);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("add" as const), key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("get" as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("done" as const), pick: fc.nat(100) }) },
);

/** What has been asked of the queue, and what it has handed out. */
class Observer {
  readonly queue = new WorkQueue({ laneOf, priorityOf, laneLimit: LANE_LIMIT });
  readonly processing = new Set<string>();
  /** Added and not handed out since. */
  readonly wanted = new Set<string>();
  waiting = 0;

  async get(): Promise<void> {
    this.waiting++;
    const taken = await this.queue.get();
    this.waiting--;
    assert.ok(taken !== undefined);
    assert.ok(!this.processing.has(taken), `${taken} was handed out twice at once`);
    assert.ok(this.wanted.delete(taken), `${taken} was handed out without having been asked for`);
    this.processing.add(taken);
    assert.ok(this.inLane(laneOf(taken)) <= LANE_LIMIT, `lane ${laneOf(taken)} is over its limit`);
  }

  inLane(lane: string): number {
    return [...this.processing].filter((held) => laneOf(held) === lane).length;
  }

  /** Keys that could be handed out now. */
  available(): string[] {
    return [...this.wanted].filter(
      (wanted) => !this.processing.has(wanted) && this.inLane(laneOf(wanted)) < LANE_LIMIT,
    );
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("runtime/work-queue, any sequence of calls", () => {
  it("never runs a key twice at once, never overfills a lane, loses nothing and leaves no worker idle", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 150, size: "max" }), async (steps) => {
        const observer = new Observer();
        const gets: Promise<void>[] = [];
        for (const next of steps) {
          if (next.do === "add") {
            observer.wanted.add(next.key);
            observer.queue.add(next.key);
          } else if (next.do === "get") {
            const best = Math.min(...observer.available().map(priorityOf));
            const before = new Set(observer.processing);
            gets.push(observer.get());
            await settled();
            const taken = [...observer.processing].find((held) => !before.has(held));
            if (Number.isFinite(best)) assert.equal(taken && priorityOf(taken), best, "not the most urgent key");
          } else if (observer.processing.size > 0) {
            const held = [...observer.processing];
            const given = held[next.pick % held.length]!;
            observer.processing.delete(given);
            observer.queue.done(given);
          }
          await settled();
          assert.equal(observer.queue.inFlight, observer.processing.size);
          if (observer.waiting > 0) assert.deepEqual(observer.available(), [], "a worker waits though there is work");
        }
        await drain(observer, gets);
      }),
      { numRuns: 300 },
    );
  });
});

/** Everything that was asked for comes out once the workers go on. */
async function drain(observer: Observer, gets: Promise<void>[]): Promise<void> {
  for (let round = 0; observer.wanted.size + observer.processing.size > 0; round++) {
    assert.ok(round < 100, `never handed out: ${[...observer.wanted].join(", ")}`);
    for (const held of [...observer.processing]) {
      observer.processing.delete(held);
      observer.queue.done(held);
    }
    await settled();
    if (observer.waiting === 0 && observer.wanted.size > 0) gets.push(observer.get());
    await settled();
  }
  assert.equal(observer.queue.depth, 0);
  assert.deepEqual(observer.queue.lanes(), []);
}
