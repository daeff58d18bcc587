import { randomBytes } from "node:crypto";
import { backoffDelayMs } from "../runtime/backoff.ts";
import type { Logger } from "../runtime/logger.ts";
import { WorkQueue } from "../runtime/work-queue.ts";
import { isNotFound, KubeApiError } from "./api-error.ts";
import type { KubeClient } from "./client.ts";
import { TokenBuckets } from "../runtime/token-buckets.ts";
import { EVENT, type KubeObject } from "./resource.ts";
import { formatMicroTime } from "./time.ts";

export interface EventToRecord {
  readonly type: "Normal" | "Warning";
  /** CamelCase, why: `Programmed`, `InUse`. */
  readonly reason: string;
  /** For people. Longer than 1,024 bytes is cut. */
  readonly message: string;
  /** CamelCase, what was done or tried: `Apply`, `Delete`. */
  readonly action: string;
}

/** What came of one call of `record`, for metrics. */
export type EventResult = "created" | "counted" | "dropped" | "failed";

export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, "create" | "patch">;
  readonly logger: Logger;
  /** Which program reports: `kjo.dev/operator`. */
  readonly controller: string;
  /** Which replica of it. */
  readonly instance: string;
  /** Takes secrets out of messages. */
  readonly redact?: (text: string) => string;
  readonly onResult?: (result: EventResult) => void;
  readonly now?: () => Date;
}

/** One Event object in the cluster, ours to write. */
interface Series {
  readonly namespace: string;
  readonly name: string;
  readonly body: Record<string, unknown>;
  isCreated: boolean;
  count: number;
  /** The count that the cluster knows. */
  writtenCount: number;
  lastMs: number;
  failures: number;
}

/** The same thing later than this is a new Event, as in client-go. */
const SERIES_ENDS_MS = 6 * 60_000;
/** A series is written at most so often. */
const SERIES_WRITE_MS = 10_000;
const MOST_SERIES = 2_000;
const MOST_BYTES = 1024;
const TRIES = 4;

/**
 * Writes Events (events.k8s.io/v1) behind the work that causes them.
 *
 * Guarantees: `record` neither waits nor throws; the same Event again is counted in a series instead of written again;
 * an object gets 20 new Events at once and one a minute on average, so that a loop cannot flood the cluster; memory is bounded.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  /** By what makes Events the same, oldest use first. */
  readonly #series = new Map<string, Series>();
  readonly #queue = new WorkQueue();
  readonly #budget = new TokenBuckets({ burst: 20, refillMs: 60_000, most: MOST_SERIES });
  readonly #workers: Promise<unknown>;
  #closing = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#workers = Promise.all([this.#work(), this.#work()]);
  }

  record(object: KubeObject, event: EventToRecord): void {
    if (this.#closing) return;
    const note = cutToBytes(this.#options.redact?.(event.message) ?? event.message, MOST_BYTES);
    const key = JSON.stringify([object.metadata.uid, event.type, event.reason, event.action, note]);
    const nowMs = this.#now().getTime();
    const known = this.#series.get(key);
    if (known && nowMs - known.lastMs < SERIES_ENDS_MS) {
      known.count++;
      known.lastMs = nowMs;
      this.#options.onResult?.("counted");
      this.#queue.addAfter(key, SERIES_WRITE_MS);
      return;
    }
    if (!this.#budget.take(object.metadata.uid) || !this.#makeRoom(nowMs)) {
      this.#options.onResult?.("dropped");
      return;
    }
    this.#series.set(key, this.#startSeries(object, { ...event, message: note }, nowMs));
    this.#queue.add(key);
  }

  /** Writes what waits for at most `deadlineMs`, then stops. */
  async close(deadlineMs: number): Promise<void> {
    this.#closing = true;
    for (const [key, series] of this.#series) if (hasUnwritten(series)) this.#queue.add(key);
    const untilMs = performance.now() + deadlineMs;
    while (this.#queue.depth + this.#queue.inFlight > 0 && performance.now() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await this.#queue.shutdown();
    await this.#workers;
  }

  async #work(): Promise<void> {
    for (let key = await this.#queue.get(); key !== undefined; key = await this.#queue.get()) {
      const series = this.#series.get(key);
      try {
        if (series && hasUnwritten(series)) await this.#write(key, series);
      } catch (error) {
        this.#afterFailure(key, series!, error);
      } finally {
        this.#queue.done(key);
      }
    }
  }

  async #write(key: string, series: Series): Promise<void> {
    const { client, onResult } = this.#options;
    if (!series.isCreated) {
      await client.create(EVENT, series.namespace, series.body);
      series.isCreated = true;
      series.writtenCount = 1;
      onResult?.("created");
    } else {
      const count = series.count;
      const lastObservedTime = formatMicroTime(new Date(series.lastMs));
      const body = { series: { count, lastObservedTime } };
      await client.patch(EVENT, series, { kind: "merge", body });
      series.writtenCount = count;
    }
    series.failures = 0;
    if (hasUnwritten(series)) this.#queue.addAfter(key, this.#closing ? 0 : SERIES_WRITE_MS);
  }

  #afterFailure(key: string, series: Series, error: unknown): void {
    series.failures++;
    // A patched Event that is gone has outlived its hour; an object's namespace that is gone takes no Events.
    const isFinal =
      isNotFound(error) || !(error instanceof KubeApiError) || [400, 403, 409, 422].includes(error.status);
    if (!isFinal && series.failures < TRIES && !this.#closing) {
      this.#queue.addAfter(key, backoffDelayMs(series.failures, { baseMs: 1_000, maxMs: 30_000 }));
      return;
    }
    this.#series.delete(key);
    this.#options.onResult?.("failed");
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.logger.debug("event not written", { event: series.name, reason });
  }

  /** True when there is room for one more series; ended ones make way. */
  #makeRoom(nowMs: number): boolean {
    if (this.#series.size < MOST_SERIES) return true;
    for (const [key, series] of this.#series) {
      if (nowMs - series.lastMs >= SERIES_ENDS_MS || !hasUnwritten(series)) this.#series.delete(key);
      if (this.#series.size < MOST_SERIES) return true;
    }
    return false;
  }

  #startSeries(object: KubeObject, event: EventToRecord, nowMs: number): Series {
    const { name, namespace, uid, resourceVersion } = object.metadata;
    const eventNamespace = namespace ?? "default";
    // A name has room for 253 characters; the tail tells the Events of one object apart.
    const eventName = `${name.slice(0, 230)}.${randomBytes(8).toString("hex")}`;
    const body = {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name: eventName, namespace: eventNamespace },
      eventTime: formatMicroTime(new Date(nowMs)),
      reportingController: this.#options.controller,
      reportingInstance: this.#options.instance.slice(0, 128),
      type: event.type,
      reason: event.reason.slice(0, 128),
      action: event.action.slice(0, 128),
      note: event.message,
      regarding: {
        apiVersion: object.apiVersion,
        kind: object.kind,
        name,
        uid,
        resourceVersion,
        ...(namespace === undefined ? {} : { namespace }),
      },
    };
    return {
      namespace: eventNamespace,
      name: eventName,
      body,
      isCreated: false,
      count: 1,
      writtenCount: 0,
      lastMs: nowMs,
      failures: 0,
    };
  }

  #now(): Date {
    return this.#options.now?.() ?? new Date();
  }
}

function hasUnwritten(series: Series): boolean {
  return series.writtenCount < series.count;
}

function cutToBytes(text: string, most: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= most) return text;
  // A character cut in half becomes U+FFFD, which goes.
  return `${bytes
    .subarray(0, most - 3)
    .toString()
    .replace(/\uFFFD+$/, "")}…`;
}
