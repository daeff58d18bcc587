import { sleep } from "../runtime/backoff.ts";
import type { Build, QueueItem } from "./answers.ts";
import { isBuild, isItem, type BuildClue } from "./build-search.ts";
import type { JenkinsClient } from "./jenkins-client.ts";

/** What was last seen of a build that is followed. */
export type Sighting =
  | { readonly state: "queued"; readonly item: QueueItem }
  | { readonly state: "built"; readonly build: Build }
  /** Somebody took it out of the queue. */
  | { readonly state: "cancelled" }
  /** Neither in the queue nor among the builds of its job. */
  | { readonly state: "missing"; readonly looks: number };

export interface Followed extends BuildClue {
  /** Number of the build, once it has one. */
  readonly number?: number | undefined;
}

export interface BuildFollowerOptions {
  readonly client: () => JenkinsClient;
  readonly pollMs: () => number;
  /** Something else is to be said of this build than before. */
  readonly onSighting: (key: string, sighting: Sighting) => void;
  readonly onFailure: (error: unknown) => void;
}

/**
 * Follows the builds of one Jenkins, many with few requests: the queue once for all that wait, and the builds of a job
 * once for all of that job.
 *
 * Guarantees: nothing is asked while nothing is followed; one look at a time; a build is only missing when the queue and
 * its job's builds have been seen without it, in this order.
 */
export class BuildFollower {
  readonly #options: BuildFollowerOptions;
  readonly #followed = new Map<string, Followed>();
  readonly #sightings = new Map<string, Sighting>();
  #wake: () => void = () => {};

  constructor(options: BuildFollowerOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#followed.size;
  }

  follow(key: string, build: Followed): void {
    const isNew = !this.#followed.has(key);
    this.#followed.set(key, build);
    if (isNew) this.#wake();
  }

  forget(key: string): void {
    this.#followed.delete(key);
    this.#sightings.delete(key);
  }

  /** What was last seen of a build; undefined before the first look. */
  sightingOf(key: string): Sighting | undefined {
    return this.#sightings.get(key);
  }

  /** Looks until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#followed.size === 0) await this.#untilFollowed(signal);
      if (signal.aborted) return;
      await this.#look(signal).catch((error: unknown) => this.#options.onFailure(error));
      await sleep(this.#options.pollMs(), signal);
    }
  }

  async #untilFollowed(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    this.#wake = () => {};
  }

  async #look(signal: AbortSignal): Promise<void> {
    const client = this.#options.client();
    const round = [...this.#followed];
    const waiting = round.filter(([, { number }]) => number === undefined);
    const queue = waiting.length > 0 ? await client.queue() : [];
    const rest: [string, Followed][] = round.filter(([, { number }]) => number !== undefined);
    for (const [key, build] of waiting) {
      const item = queue.find((each) => isItem(each, build));
      if (item) this.#tell(key, { state: "queued", item });
      else rest.push([key, build]);
    }
    for (const [path, entries] of Map.groupBy(rest, ([, build]) => build.path)) {
      if (signal.aborted) return;
      const builds = await client.builds(path);
      for (const [key, followed] of entries) await this.#find(client, key, followed, builds);
    }
  }

  async #find(client: JenkinsClient, key: string, followed: Followed, builds: readonly Build[]): Promise<void> {
    const { number, path, queueId } = followed;
    const listed = builds.find((each) => (number === undefined ? isBuild(each, followed) : each.number === number));
    if (listed) return this.#tell(key, { state: "built", build: listed });
    // Jenkins knows for five minutes what became of an item that has left its queue.
    const item = number === undefined && queueId !== undefined ? await client.queueItem(queueId) : undefined;
    if (item && isItem(item, followed) && item.isCancelled) return this.#tell(key, { state: "cancelled" });
    // One that is not among the newest may still be there.
    const later = number ?? item?.number;
    const build = later === undefined ? undefined : await client.build(path, later);
    if (build && (number !== undefined || isBuild(build, followed))) return this.#tell(key, { state: "built", build });
    const before = this.#sightings.get(key);
    this.#tell(key, { state: "missing", looks: before?.state === "missing" ? before.looks + 1 : 1 });
  }

  #tell(key: string, sighting: Sighting): void {
    if (!this.#followed.has(key)) return;
    const before = this.#sightings.get(key);
    this.#sightings.set(key, sighting);
    if (JSON.stringify(before) !== JSON.stringify(sighting)) this.#options.onSighting(key, sighting);
  }
}
