import { backoffDelayMs, type BackoffOptions } from "./backoff.ts";
import { DelayHeap } from "./delay-heap.ts";
import { Fifo } from "./fifo.ts";

export interface WorkQueueOptions {
  /** Lower is served first. Asked whenever the key is queued. */
  readonly priorityOf?: (key: string) => number;
  /** Which lane the key runs in; keys of one lane share `laneLimit` places. Asked whenever the key is queued. */
  readonly laneOf?: (key: string) => string;
  /** Keys of one lane that may be processed at a time, so that one dead server cannot hold every worker. */
  readonly laneLimit?: number;
  /** Delays of {@link WorkQueue.addRateLimited}. Default 200 ms doubling to 60 s. */
  readonly backoff?: BackoffOptions;
  /** Called when a key is handed out, with how long it waited. */
  readonly onTaken?: (key: string, waitedMs: number) => void;
}

interface Lane {
  readonly name: string;
  /** Queued keys by priority; no entry is empty. A key leaves only by being taken. */
  readonly queued: Map<number, Fifo<string>>;
  inFlight: number;
}

/**
 * A queue of keys with client-go's semantics, priorities and lanes.
 *
 * Guarantees:
 * - a key is processed by one worker at a time;
 * - a key added once or many times before it is taken is handed out once after the last add;
 * - a key added while it is processed is handed out again after `done`;
 * - of the lanes with room, the lowest priority value is served first, lanes of equal priority in turn,
 *   keys of one lane and priority in the order of arrival;
 * - no operation walks over the queued keys.
 *
 * Assumption: every key that `get` returns is given back by `done`.
 */
export class WorkQueue {
  readonly #priorityOf: (key: string) => number;
  readonly #laneOf: (key: string) => string;
  readonly #laneLimit: number;
  readonly #backoff: BackoffOptions;
  readonly #onTaken: ((key: string, waitedMs: number) => void) | undefined;

  /** Keys that need work, with the time of the add. Each is queued in one lane, or else in `#processing`. */
  readonly #dirty = new Map<string, number>();
  /** Keys that a worker holds, with the lane whose place they take. A key here is in no lane's `queued`. */
  readonly #processing = new Map<string, Lane>();
  readonly #lanes = new Map<string, Lane>();
  /** Per priority, the lanes that have a key of it and room. Insertion order is the turn. */
  readonly #ready = new Map<number, Set<Lane>>();
  /** The keys of `#ready`, ascending. */
  #priorities: number[] = [];
  /** Workers that wait. Invariant: not empty only while no lane is ready. */
  readonly #waiters = new Fifo<(key: string | undefined) => void>();
  readonly #delayed: DelayHeap;
  readonly #failures = new Map<string, number>();
  #queued = 0;
  #shutDown = false;
  #drained: (() => void) | undefined;

  constructor(options: WorkQueueOptions = {}) {
    this.#priorityOf = options.priorityOf ?? (() => 0);
    this.#laneOf = options.laneOf ?? (() => "");
    this.#laneLimit = options.laneLimit ?? Number.POSITIVE_INFINITY;
    this.#backoff = options.backoff ?? { baseMs: 200, maxMs: 60_000 };
    this.#onTaken = options.onTaken;
    this.#delayed = new DelayHeap((key) => this.add(key));
  }

  /** Keys that wait for a worker, those of full lanes included; not the delayed ones. */
  get depth(): number {
    return this.#queued;
  }

  get inFlight(): number {
    return this.#processing.size;
  }

  /** Keys that wait for their time. */
  get delayed(): number {
    return this.#delayed.size;
  }

  /** Queued and in-flight keys of each lane that has any. */
  lanes(): { lane: string; queued: number; inFlight: number }[] {
    return [...this.#lanes.values()].map((lane) => {
      let queued = 0;
      for (const keys of lane.queued.values()) queued += keys.size;
      return { lane: lane.name, queued, inFlight: lane.inFlight };
    });
  }

  /** Asks for the key to be processed. Has no effect after {@link shutdown}. */
  add(key: string): void {
    if (this.#shutDown || this.#dirty.has(key)) return;
    this.#dirty.set(key, performance.now());
    if (this.#processing.has(key)) return;
    this.#enqueue(key);
    this.#serveWaiters();
  }

  /** Adds the key after the delay. Of several delays of one key the earliest counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#shutDown) return;
    if (delayMs <= 0) this.add(key);
    else this.#delayed.add(key, performance.now() + delayMs);
  }

  /** Counts a failure of the key and adds it after its backoff. Returns the delay in milliseconds. */
  addRateLimited(key: string): number {
    const delayMs = backoffDelayMs(this.countFailure(key), this.#backoff);
    this.addAfter(key, delayMs);
    return delayMs;
  }

  /** Counts a failure without adding the key, for one who knows a better delay. Returns the new count. */
  countFailure(key: string): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    return failures;
  }

  /** Failures counted since the last {@link forget}. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** Ends the key's backoff: it succeeded, or it is gone. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key; waits for one. Undefined once the queue is shut down. */
  get(): Promise<string | undefined> {
    if (this.#shutDown) return Promise.resolve(undefined);
    const key = this.#take();
    if (key !== undefined) return Promise.resolve(key);
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Gives the key back. If it was added meanwhile it is queued again. */
  done(key: string): void {
    const lane = this.#processing.get(key);
    if (!lane) return;
    this.#processing.delete(key);
    lane.inFlight--;
    if (lane.inFlight === this.#laneLimit - 1) this.#openLane(lane);
    if (!this.#shutDown && this.#dirty.has(key)) this.#enqueue(key);
    this.#dropLaneIfIdle(lane);
    this.#serveWaiters();
    if (this.#processing.size === 0) this.#drained?.();
  }

  /**
   * Hands out nothing more, and resolves when every key in process has been given back. What was queued is dropped:
   * state is level-triggered, so the next start finds it again.
   */
  shutdown(): Promise<void> {
    this.#shutDown = true;
    this.#delayed.clear();
    while (this.#waiters.size > 0) this.#waiters.shift()?.(undefined);
    if (this.#processing.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const earlier = this.#drained;
      this.#drained = () => {
        earlier?.();
        resolve();
      };
    });
  }

  #enqueue(key: string): void {
    const priority = this.#priorityOf(key);
    const lane = this.#lane(this.#laneOf(key));
    let keys = lane.queued.get(priority);
    if (!keys) lane.queued.set(priority, (keys = new Fifo()));
    keys.push(key);
    this.#queued++;
    if (lane.inFlight < this.#laneLimit) this.#markReady(lane, priority);
  }

  #take(): string | undefined {
    for (const priority of this.#priorities) {
      const lanes = this.#ready.get(priority);
      const lane = lanes && first(lanes);
      if (!lanes || !lane) continue;
      const keys = lane.queued.get(priority);
      const key = keys?.shift();
      if (!keys || key === undefined) throw new Error(`work queue: lane ${lane.name} is ready with no key`);
      lanes.delete(lane);
      if (keys.size === 0) lane.queued.delete(priority);
      else lanes.add(lane);
      this.#hold(key, lane);
      return key;
    }
    return undefined;
  }

  #hold(key: string, lane: Lane): void {
    this.#queued--;
    this.#onTaken?.(key, performance.now() - (this.#dirty.get(key) ?? 0));
    this.#dirty.delete(key);
    this.#processing.set(key, lane);
    lane.inFlight++;
    if (lane.inFlight === this.#laneLimit) this.#closeLane(lane);
  }

  #serveWaiters(): void {
    while (this.#waiters.size > 0) {
      const key = this.#take();
      if (key === undefined) return;
      this.#waiters.shift()?.(key);
    }
  }

  #lane(name: string): Lane {
    let lane = this.#lanes.get(name);
    if (!lane) this.#lanes.set(name, (lane = { name, queued: new Map(), inFlight: 0 }));
    return lane;
  }

  #dropLaneIfIdle(lane: Lane): void {
    if (lane.inFlight === 0 && lane.queued.size === 0) this.#lanes.delete(lane.name);
  }

  #openLane(lane: Lane): void {
    for (const priority of lane.queued.keys()) this.#markReady(lane, priority);
  }

  #closeLane(lane: Lane): void {
    for (const priority of lane.queued.keys()) this.#ready.get(priority)?.delete(lane);
  }

  #markReady(lane: Lane, priority: number): void {
    let lanes = this.#ready.get(priority);
    if (!lanes) {
      this.#ready.set(priority, (lanes = new Set()));
      this.#priorities = [...this.#ready.keys()].sort((a, b) => a - b);
    }
    lanes.add(lane);
  }
}

function first<T>(values: Set<T>): T | undefined {
  for (const value of values) return value;
  return undefined;
}
