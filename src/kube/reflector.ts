import { backoffDelayMs, jitteredMs, sleep, type BackoffOptions } from "../runtime/backoff.ts";
import type { Logger } from "../runtime/logger.ts";
import { isGone } from "./api-error.ts";
import type { ListPage, WatchEvent } from "./client.ts";
import type { KubeObject } from "./resource.ts";

/** What a reflector reads from: one resource, in one namespace or all. */
export interface ListWatchSource<T> {
  listPages(signal: AbortSignal): AsyncIterable<ListPage<T>>;
  listAtOnce(signal: AbortSignal): Promise<ListPage<T>>;
  /** Ends when the server ends it; throws soon after the signal aborts. */
  watch(resourceVersion: string, timeoutSeconds: number, signal: AbortSignal): AsyncIterable<WatchEvent<T>>;
}

/** What a reflector writes to. */
export interface ReflectorSink<T> {
  /** All that there is; what is missing here and known there was deleted meanwhile. */
  replace(objects: T[]): void;
  apply(type: "ADDED" | "MODIFIED" | "DELETED", object: T): void;
}

/**
 *     Empty ──▶ Listing ──ok──▶ Watching ◀──────────┐
 *       ▲          │               │ ended by server ┘
 *       │          │ failed        ├─ 410, ERROR ──▶ Empty (by way of BackingOff, but for a 410)
 *       │          ▼               └─ failed, silent ──▶ BackingOff ──▶ Watching, from where it was
 *       └────── BackingOff                               any ──signal──▶ Stopped
 */
export type ReflectorState =
  | { readonly name: "Empty" }
  | { readonly name: "Listing" }
  | { readonly name: "Watching"; readonly resourceVersion: string }
  | { readonly name: "BackingOff"; readonly next: ReflectorState }
  | { readonly name: "Stopped" };

/** What happened, for metrics. */
export type ReflectorIncident = "listed" | "list_failed" | "watch_failed" | "expired" | "silent";

export interface ReflectorOptions<T> {
  readonly source: ListWatchSource<T>;
  readonly sink: ReflectorSink<T>;
  /** Carries the resource and the namespace as fields. */
  readonly logger: Logger;
  readonly onState?: (state: ReflectorState) => void;
  readonly onIncident?: (incident: ReflectorIncident) => void;
  /** A watch without an event or bookmark for so long is dead. Bookmarks come every 60 s. */
  readonly silenceMs?: number;
  /** How long the server is asked to watch; random, so that not all watches end together. */
  readonly watchSeconds?: () => number;
  readonly backoff?: BackoffOptions;
}

const DEFAULT_BACKOFF: BackoffOptions = { baseMs: 400, maxMs: 30_000 };
const DEFAULT_SILENCE_MS = 90_000;
/** A watch that ends sooner without an event is a failure: the server would be asked without pause. */
const SHORTEST_WATCH_MS = 1_000;
const STOPPED: ReflectorState = { name: "Stopped" };

class SilenceError extends Error {
  override readonly name = "SilenceError";
}

/**
 * Keeps a sink equal to what the API server holds, whatever happens to the connection.
 *
 * Guarantees: the sink sees every object that lasts, and every deletion, also one that fell into a gap; `run` ends only
 * by its signal, and never rejects.
 * Assumption: the sink does not throw.
 */
export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  #state: ReflectorState = { name: "Empty" };
  #hasListed = false;
  /** Failures since the last sign of life, for the backoff. */
  #failures = 0;
  /** Watches that expired since the last event of one. A list alone is no sign that the next will last. */
  #expirations = 0;
  #problem: string | undefined;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
  }

  get state(): ReflectorState["name"] {
    return this.#state.name;
  }

  /** True from the first complete list on. */
  get hasListed(): boolean {
    return this.#hasListed;
  }

  /** Why nothing arrives at the moment, as a sentence. */
  get problem(): string | undefined {
    return this.#problem;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (this.#state.name !== "Stopped") {
      this.#enter(signal.aborted ? STOPPED : await this.#step(this.#state, signal));
    }
  }

  #enter(state: ReflectorState): void {
    this.#state = state;
    this.#options.onState?.(state);
  }

  async #step(state: ReflectorState, signal: AbortSignal): Promise<ReflectorState> {
    switch (state.name) {
      case "Empty":
        return { name: "Listing" };
      case "Listing":
        return this.#list(signal);
      case "Watching":
        return this.#watch(state.resourceVersion, signal);
      case "BackingOff":
        await sleep(this.#backoffMs(), signal);
        return state.next;
      case "Stopped":
        return state;
    }
  }

  #backoffMs(): number {
    return backoffDelayMs(this.#failures + this.#expirations, this.#options.backoff ?? DEFAULT_BACKOFF);
  }

  async #list(signal: AbortSignal): Promise<ReflectorState> {
    try {
      const { items, resourceVersion } = await this.#collect(signal);
      if (signal.aborted) return STOPPED;
      this.#options.sink.replace(items);
      this.#hasListed = true;
      this.#recovered();
      this.#options.onIncident?.("listed");
      return { name: "Watching", resourceVersion };
    } catch (error) {
      if (signal.aborted) return STOPPED;
      this.#failed("list_failed", "list failed", error);
      return { name: "BackingOff", next: { name: "Empty" } };
    }
  }

  async #collect(signal: AbortSignal): Promise<ListPage<T>> {
    try {
      const items: T[] = [];
      let resourceVersion = "";
      for await (const page of this.#options.source.listPages(signal)) {
        for (const item of page.items) items.push(item);
        resourceVersion = page.resourceVersion;
      }
      return { items, resourceVersion };
    } catch (error) {
      // The pages that are left have expired; a fresh paged list could expire again.
      if (isGone(error)) return this.#options.source.listAtOnce(signal);
      throw error;
    }
  }

  async #watch(from: string, signal: AbortSignal): Promise<ReflectorState> {
    const { source, sink, silenceMs = DEFAULT_SILENCE_MS, watchSeconds = defaultWatchSeconds } = this.#options;
    const attempt = new AbortController();
    const stop = (): void => attempt.abort(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    const silence = setTimeout(() => attempt.abort(new SilenceError(`no event for ${silenceMs} ms`)), silenceMs);
    const startedMs = performance.now();
    let resourceVersion = from;
    let seen = 0;
    try {
      for await (const event of source.watch(from, watchSeconds(), attempt.signal)) {
        if (signal.aborted) return STOPPED;
        if (event.type === "ERROR") return this.#afterErrorEvent(event.object);
        silence.refresh();
        this.#recovered();
        this.#expirations = 0;
        seen++;
        resourceVersion = event.object.metadata.resourceVersion;
        if (event.type !== "BOOKMARK") sink.apply(event.type, event.object);
      }
      const next: ReflectorState = { name: "Watching", resourceVersion };
      if (signal.aborted) return STOPPED;
      if (seen > 0 || performance.now() - startedMs >= SHORTEST_WATCH_MS) return next;
      this.#failed("watch_failed", "watch failed", new Error("the server ended the watch at once"));
      return { name: "BackingOff", next };
    } catch (error) {
      if (signal.aborted) return STOPPED;
      return this.#afterWatchFailure(attempt.signal.aborted ? attempt.signal.reason : error, resourceVersion);
    } finally {
      clearTimeout(silence);
      signal.removeEventListener("abort", stop);
    }
  }

  /** The server says in the stream that it cannot go on; what it knows must be read anew. */
  #afterErrorEvent(status: unknown): ReflectorState {
    const { code, reason, message } = status as { code?: number; reason?: string; message?: string };
    if (code === 410) return this.#expired();
    this.#failed("watch_failed", "watch failed", new Error(`${code ?? ""} ${reason ?? ""}: ${message ?? ""}`));
    return { name: "BackingOff", next: { name: "Empty" } };
  }

  #afterWatchFailure(error: unknown, resourceVersion: string): ReflectorState {
    if (isGone(error)) return this.#expired();
    if (error instanceof SilenceError) this.#failed("silent", "watch fell silent", error);
    else this.#failed("watch_failed", "watch failed", error);
    return { name: "BackingOff", next: { name: "Watching", resourceVersion } };
  }

  #expired(): ReflectorState {
    this.#options.onIncident?.("expired");
    this.#options.logger.debug("watch expired, listing again");
    this.#expirations++;
    // The first time at once: a list mends it. If that expires again and again, the server needs rest.
    return this.#expirations > 1 ? { name: "BackingOff", next: { name: "Empty" } } : { name: "Empty" };
  }

  #failed(incident: ReflectorIncident, message: string, error: unknown): void {
    this.#failures++;
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.onIncident?.(incident);
    this.#options.logger[this.#problem === reason ? "debug" : "warn"](message, { reason, failures: this.#failures });
    this.#problem = reason;
  }

  #recovered(): void {
    if (this.#problem !== undefined) this.#options.logger.info("in touch with the API server again");
    this.#problem = undefined;
    this.#failures = 0;
  }
}

function defaultWatchSeconds(): number {
  return Math.round(jitteredMs(360, 1 / 3));
}
