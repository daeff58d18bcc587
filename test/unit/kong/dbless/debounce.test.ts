import assert from "node:assert/strict";
import { Debounce, type Clock } from "../../../../src/kong/dbless/debounce.ts";

/** A clock that goes on when it is told to. */
class FakeClock implements Clock {
  #now = 0;
  #timers: { at: number; run: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { at: this.#now + delayMs, run };
    this.#timers.push(timer);
    return () => (this.#timers = this.#timers.filter((each) => each !== timer));
  }

  async advance(ms: number): Promise<void> {
    this.#now += ms;
    const due = this.#timers.filter(({ at }) => at <= this.#now);
    this.#timers = this.#timers.filter(({ at }) => at > this.#now);
    for (const { run } of due) run();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("kong/dbless: debounce", () => {
  let clock: FakeClock;
  let runs: number[];
  let hold: Promise<void>;
  let debounce: Debounce;
  beforeEach(() => {
    clock = new FakeClock();
    runs = [];
    hold = Promise.resolve();
    debounce = new Debounce({
      run: () => {
        runs.push(clock.now());
        return hold;
      },
      quietMs: 250,
      longestMs: 2_000,
      clock,
    });
  });

  it("runs once for many who ask, when all have been quiet", async () => {
    debounce.ask();
    await clock.advance(200);
    debounce.ask();
    await clock.advance(200);
    assert.deepEqual(runs, []);
    await clock.advance(50);
    assert.deepEqual(runs, [450]);
    await clock.advance(5_000);
    assert.deepEqual(runs, [450]);
  });

  it("runs at the latest two seconds after the first who asked, whoever goes on asking", async () => {
    for (let ms = 0; ms < 2_000; ms += 100) {
      debounce.ask();
      await clock.advance(100);
    }
    assert.deepEqual(runs, [2_000]);
  });

  it("never runs twice at a time, and runs again for who asked meanwhile", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    hold = promise;
    debounce.ask();
    await clock.advance(250);
    debounce.ask();
    await clock.advance(10_000);
    assert.equal(runs.length, 1);
    resolve();
    await clock.advance(0);
    await clock.advance(1);
    assert.equal(runs.length, 2);
  });

  it("does not put off a run that is to come for one that asks again for the same", async () => {
    debounce.ask();
    await clock.advance(200);
    debounce.ensure();
    await clock.advance(50);
    assert.deepEqual(runs, [250]);
  });

  it("runs sooner where somebody else cannot wait so long", async () => {
    debounce.askIn(10_000);
    debounce.askIn(0);
    await clock.advance(0);
    assert.deepEqual(runs, [0]);
  });

  it("tells when a run that began after the question is over", async () => {
    let isDone = false;
    void debounce.done().then(() => (isDone = true));
    await clock.advance(200);
    assert.equal(isDone, false);
    await clock.advance(50);
    assert.equal(isDone, true);
  });

  it("does not run after its end, and lets nobody wait for it", async () => {
    const done = debounce.done();
    await debounce.stop();
    await done;
    await clock.advance(10_000);
    assert.deepEqual(runs, []);
  });
});
