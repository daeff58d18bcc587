import type { Clock } from "./clock.ts";
import type { JobConfig } from "./job.ts";

export interface Cause {
  readonly user?: string;
  readonly remote?: { readonly addr: string; readonly note: string };
}

export type Parameters = readonly (readonly [name: string, value: string, type: string])[];

export interface Job {
  readonly fullName: string;
  config: JobConfig & { readonly stages: readonly string[] };
  readonly builds: Build[];
  next: number;
}

export interface Item {
  readonly id: number;
  readonly job: Job;
  readonly parameters: Parameters;
  readonly causes: Cause[];
  readonly sinceMs: number;
  readonly readyMs: number;
  buildableMs?: number;
  left?: { readonly atMs: number; readonly cancelled: boolean; readonly build?: Build };
}

export interface Build {
  readonly job: Job;
  readonly number: number;
  readonly queueId: number;
  readonly parameters: Parameters;
  readonly causes: readonly Cause[];
  readonly startedMs: number;
  endsMs: number;
  result: string;
  abortedBy?: string;
}

/** Jenkins remembers for so long what became of an item that has left the queue. Source: Queue.leftItems. */
const LEFT_ITEM_MS = 5 * 60_000;
/** A build that does nothing takes so long all the same. */
const SHORTEST_BUILD_MS = 50;

/** Queue and builds of one run of Jenkins. Nothing runs by itself: each look at it brings it up to the clock. */
export class BuildEngine {
  readonly jobs = new Map<string, Job>();
  readonly items = new Map<number, Item>();
  readonly #clock: Clock;
  readonly #executors: number;
  isQuietingDown = false;
  #nextId = 1;

  constructor(clock: Clock, executors: number) {
    this.#clock = clock;
    this.#executors = executors;
  }

  /** Puts a build into the queue; equal ones that wait become one. */
  schedule(job: Job, parameters: Parameters, cause: Cause, delayMs: number): { item: Item; isNew: boolean } {
    this.settle();
    const key = JSON.stringify(parameters);
    const waiting = this.waiting().find((each) => each.job === job && JSON.stringify(each.parameters) === key);
    if (waiting) {
      waiting.causes.push(cause);
      return { item: waiting, isNew: false };
    }
    const nowMs = this.#clock.now();
    const item: Item = {
      id: this.#nextId++,
      job,
      parameters,
      causes: [cause],
      sinceMs: nowMs,
      readyMs: nowMs + delayMs,
    };
    this.items.set(item.id, item);
    this.settle();
    return { item, isNew: true };
  }

  /** Items that have not left the queue, oldest first. */
  waiting(): Item[] {
    return [...this.items.values()].filter(({ left }) => !left);
  }

  /** @returns what became of it: an item that waits is gone, one that had left is not. */
  cancel(id: number): "cancelled" | "left" | "unknown" {
    this.settle();
    const item = this.items.get(id);
    if (!item) return "unknown";
    if (item.left) return "left";
    item.left = { atMs: this.#clock.now(), cancelled: true };
    return "cancelled";
  }

  stop(build: Build, by: string): void {
    this.settle();
    if (this.isDone(build)) return;
    build.endsMs = this.#clock.now();
    build.result = "ABORTED";
    build.abortedBy = by;
    this.settle();
  }

  isDone(build: Build): boolean {
    return this.#clock.now() >= build.endsMs;
  }

  running(): Build[] {
    return [...this.jobs.values()].flatMap(({ builds }) => builds.filter((build) => !this.isDone(build)));
  }

  /** A graceful stop keeps the queue, a hard kill loses it and counts items from 1 again; running builds end. */
  restart(kind: "graceful" | "hard"): void {
    this.settle();
    for (const build of this.running()) {
      build.endsMs = this.#clock.now();
      build.result = "ABORTED";
    }
    for (const item of [...this.items.values()]) if (kind === "hard" || item.left) this.items.delete(item.id);
    if (kind === "hard") this.#nextId = 1;
    this.isQuietingDown = false;
  }

  /** Starts what may start, and forgets what Jenkins would have forgotten. */
  settle(): void {
    const nowMs = this.#clock.now();
    let free = this.#executors - this.running().length;
    for (const item of this.waiting()) {
      if (nowMs < item.readyMs) continue;
      item.buildableMs ??= nowMs;
      if (free <= 0 || this.blockedBy(item) || this.isQuietingDown || item.job.config.label !== undefined) continue;
      item.left = { atMs: nowMs, cancelled: false, build: this.#start(item, nowMs) };
      free -= 1;
    }
    for (const { id, left } of [...this.items.values()]) {
      if (left && nowMs - left.atMs >= LEFT_ITEM_MS) this.items.delete(id);
    }
  }

  /** The build that an item of a job without concurrent builds waits for. */
  blockedBy({ job }: Item): Build | undefined {
    return job.config.concurrent ? undefined : job.builds.find((build) => !this.isDone(build));
  }

  #start({ id, job, parameters, causes }: Item, nowMs: number): Build {
    const { durationMs, result } = job.config.script;
    const build: Build = {
      job,
      number: job.next++,
      queueId: id,
      parameters,
      causes,
      startedMs: nowMs,
      endsMs: nowMs + Math.max(SHORTEST_BUILD_MS, durationMs),
      result,
    };
    job.builds.unshift(build);
    return build;
  }
}
