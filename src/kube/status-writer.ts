import { ConflictError } from "../errors.ts";
import { sleep } from "../runtime/backoff.ts";
import type { Logger } from "../runtime/logger.ts";
import { WorkQueue } from "../runtime/work-queue.ts";
import { isNotFound, KubeApiError } from "./api-error.ts";
import type { KubeClient } from "./client.ts";
import type { KubeObject, ObjectRef, ResourceType } from "./resource.ts";
import { currentStatus, statusToWrite, writeStatus, type StatusWithConditions } from "./status.ts";

/** What came of one status, for metrics. */
export type StatusResult = "written" | "unchanged" | "gone" | "conflict" | "refused" | "failed";

export interface StatusWriterOptions {
  readonly client: Pick<KubeClient, "patch">;
  readonly logger: Logger;
  /** The object as the cache has it: the status is compared with that when its turn comes. */
  readonly getCached: (type: ResourceType, ref: ObjectRef) => KubeObject | undefined;
  /** Give the answer to the informer's `noteWritten`. */
  readonly onWritten: (type: ResourceType, object: KubeObject) => void;
  /** The object has changed since the status was decided: decide again. */
  readonly onConflict: (type: ResourceType, ref: ObjectRef) => void;
  readonly onResult?: (type: ResourceType, result: StatusResult) => void;
  /** While true, statuses wait, because something more urgent needs the API server and the processor. */
  readonly hold?: () => boolean;
  /** No status waits longer for `hold`. */
  readonly longestHoldMs?: number;
  readonly concurrency?: number;
  readonly now?: () => Date;
}

interface Entry {
  readonly type: ResourceType;
  readonly ref: ObjectRef;
  readonly uid: string;
  readonly status: StatusWithConditions;
  readonly withResourceVersion: string | undefined;
  readonly sinceMs: number;
}

const HOLD_POLL_MS = 50;

/**
 * Writes statuses behind the work that decides them: thousands of them take longer than the gateway writes they tell of.
 *
 * Guarantees: of several statuses of one object the last is written, one at a time; failures are retried with backoff;
 * `submit` neither waits nor throws.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  /** The status that is still to be written. A key stays until its write has ended and nothing newer has come. */
  readonly #entries = new Map<string, Entry>();
  readonly #queue: WorkQueue;
  readonly #stop = new AbortController();
  #flushing = false;
  readonly #workers: Promise<unknown>;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({ backoff: { baseMs: 500, maxMs: 60_000 } });
    this.#workers = Promise.all(Array.from({ length: options.concurrency ?? 8 }, () => this.#work()));
  }

  /** Statuses not written yet. */
  get depth(): number {
    return this.#entries.size;
  }

  /**
   * @param object the object of which the status was decided.
   * @param options `withResourceVersion` for a status that another writes too: see {@link writeStatus}.
   */
  submit(
    type: ResourceType,
    object: KubeObject,
    status: StatusWithConditions,
    options: { readonly withResourceVersion?: boolean } = {},
  ): void {
    const { namespace = "", name, uid, resourceVersion } = object.metadata;
    const key = `${type.plural}.${type.group}/${namespace}/${name}`;
    const waiting = this.#entries.get(key);
    // Not with the object's own: while this status was being decided an earlier decision may have been written.
    const cached = this.#options.getCached(type, { namespace, name });
    const latest = cached?.metadata.uid === uid ? cached : object;
    if (!waiting && !statusToWrite(currentStatus(latest), status, this.#now())) {
      this.#options.onResult?.(type, "unchanged");
      return;
    }
    this.#entries.set(key, {
      type,
      ref: { namespace, name },
      uid,
      status,
      withResourceVersion: options.withResourceVersion ? resourceVersion : undefined,
      sinceMs: waiting?.sinceMs ?? performance.now(),
    });
    this.#queue.add(key);
  }

  /**
   * Writes what waits without holding back, then stops. What cannot be written in time is dropped: the next start
   * decides it again.
   * @returns how many were dropped.
   */
  async close(deadlineMs: number): Promise<number> {
    this.#flushing = true;
    const untilMs = performance.now() + deadlineMs;
    while (this.#queue.depth + this.#queue.inFlight > 0 && performance.now() < untilMs) await sleep(10);
    this.#stop.abort();
    await this.#queue.shutdown();
    await this.#workers;
    return this.#entries.size;
  }

  async #work(): Promise<void> {
    for (let key = await this.#queue.get(); key !== undefined; key = await this.#queue.get()) {
      try {
        await this.#waitWhileHeld(key);
        await this.#write(key);
      } finally {
        this.#queue.done(key);
      }
    }
  }

  async #waitWhileHeld(key: string): Promise<void> {
    const { hold, longestHoldMs = 30_000 } = this.#options;
    const sinceMs = this.#entries.get(key)?.sinceMs ?? 0;
    while (!this.#flushing && hold?.() && performance.now() - sinceMs < longestHoldMs) await sleep(HOLD_POLL_MS);
  }

  async #write(key: string): Promise<void> {
    const entry = this.#entries.get(key);
    if (!entry) return;
    let result: StatusResult;
    try {
      result = await this.#writeOnce(entry);
    } catch (error) {
      result = this.#resultOfError(error, entry);
    }
    this.#options.onResult?.(entry.type, result);
    if (result === "failed") {
      if (!this.#stop.signal.aborted) this.#queue.addRateLimited(key);
      return;
    }
    this.#queue.forget(key);
    // A newer one has come meanwhile: its add has queued the key again.
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
    if (result === "conflict") this.#options.onConflict(entry.type, entry.ref);
  }

  async #writeOnce(entry: Entry): Promise<StatusResult> {
    const { client, getCached, onWritten } = this.#options;
    const { type, ref, status, withResourceVersion } = entry;
    const cached = getCached(type, ref);
    if (!cached || cached.metadata.uid !== entry.uid) return "gone";
    // Decided of an older version: the one who writes too may have been in between.
    if (withResourceVersion !== undefined && cached.metadata.resourceVersion !== withResourceVersion) return "conflict";
    const written = await writeStatus(client, type, cached, status, {
      now: this.#now(),
      withResourceVersion: withResourceVersion !== undefined,
      signal: this.#stop.signal,
    });
    if (!written) return "unchanged";
    onWritten(type, written);
    return "written";
  }

  #resultOfError(error: unknown, { type, ref }: Entry): StatusResult {
    if (this.#stop.signal.aborted) return "failed";
    if (isNotFound(error)) return "gone";
    if (error instanceof ConflictError) return "conflict";
    const fields = { resource: type.plural, namespace: ref.namespace, name: ref.name, error };
    if (error instanceof KubeApiError && error.status !== 422 && error.status !== 400) {
      this.#options.logger.warn("status not written, trying again", {
        ...fields,
        error: undefined,
        reason: error.message,
      });
      return "failed";
    }
    this.#options.logger.error("status refused by a bug", fields);
    return "refused";
  }

  #now(): Date {
    return this.#options.now?.() ?? new Date();
  }
}
