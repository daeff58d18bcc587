import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { WorkQueue } from "./work-queue.ts";

/** What a cache says of itself on a scrape. */
export interface CacheStats {
  readonly resource: string;
  readonly objects: number;
  readonly isSynced: boolean;
}

export interface MetricsOptions {
  readonly version: string;
  /** False leaves out prom-client's own `process_*` and `nodejs_*`. */
  readonly withProcessMetrics?: boolean;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Every metric of the operator itself; docs/metrics.md says what each means. */
export class Metrics {
  readonly registry = new Registry();

  readonly buildInfo = this.#gauge("kjo_build_info", "Always 1; the labels say what runs", ["version", "node"]);
  readonly leader = this.#gauge("kjo_leader", "1 while this replica leads", []);
  readonly reconciles = this.#counter("kjo_reconcile_total", "Reconciles by outcome", ["kind", "result"]);
  readonly reconcileBugs = this.#counter("kjo_reconcile_bugs_total", "Reconciles that failed by a bug", ["kind"]);
  readonly reconcileSeconds = this.#histogram("kjo_reconcile_duration_seconds", "Duration of reconciles", ["kind"]);
  readonly queueWaitSeconds = this.#histogram("kjo_queue_wait_seconds", "Time from an event to the start of its work", [
    "kind",
  ]);
  readonly kubeRequests = this.#counter("kjo_kube_requests_total", "Requests to the API server by status, 0 for none", [
    "verb",
    "resource",
    "status",
  ]);
  readonly kubeSeconds = this.#histogram("kjo_kube_request_duration_seconds", "Time to the API server's answer", [
    "verb",
  ]);
  readonly informerIncidents = this.#counter("kjo_informer_incidents_total", "Lists and what went wrong with watches", [
    "resource",
    "incident",
  ]);
  readonly statusWrites = this.#counter("kjo_status_writes_total", "Statuses by what came of them", [
    "resource",
    "result",
  ]);
  readonly events = this.#counter("kjo_events_total", "Events by what came of them", ["result"]);

  #queue: WorkQueue | undefined;
  #getCacheStats: () => readonly CacheStats[] = () => [];
  #getStatusDepth = (): number => 0;

  constructor(options: MetricsOptions) {
    this.#defineCollected();
    this.buildInfo.set({ version: options.version, node: process.version }, 1);
    this.leader.set(0);
    if (options.withProcessMetrics ?? true) collectDefaultMetrics({ register: this.registry });
  }

  /** The queue whose keys are counted from now on: each term of leadership has its own. */
  observeQueue(queue: WorkQueue): void {
    this.#queue = queue;
  }

  observeCaches(getStats: () => readonly CacheStats[]): void {
    this.#getCacheStats = getStats;
  }

  observeStatusQueue(getDepth: () => number): void {
    this.#getStatusDepth = getDepth;
  }

  /** Gauges that are read when somebody scrapes. */
  #defineCollected(): void {
    const queueKeys = this.#collected("kjo_queue_keys", "Keys by lane and state", ["lane", "state"], () => {
      for (const { lane, queued, inFlight } of this.#queue?.lanes() ?? []) {
        queueKeys.set({ lane, state: "queued" }, queued);
        queueKeys.set({ lane, state: "in_flight" }, inFlight);
      }
      queueKeys.set({ lane: "", state: "delayed" }, this.#queue?.delayed ?? 0);
    });
    const objects = this.#collected("kjo_informer_objects", "Objects in the cache", ["resource"], () => {
      for (const { resource, objects: count } of this.#getCacheStats()) objects.set({ resource }, count);
    });
    const synced = this.#collected("kjo_informer_synced", "1 once the cache has been filled", ["resource"], () => {
      for (const { resource, isSynced } of this.#getCacheStats()) synced.set({ resource }, isSynced ? 1 : 0);
    });
    const pending = this.#collected("kjo_status_pending", "Statuses not written yet", [], () => {
      pending.set(this.#getStatusDepth());
    });
  }

  /** What a scrape does not set is not shown: a lane that is empty, a cache that is no longer there. */
  #collected<Label extends string>(name: string, help: string, labelNames: Label[], set: () => void): Gauge<Label> {
    const gauge: Gauge<Label> = new Gauge({
      name,
      help,
      labelNames,
      registers: [this.registry],
      collect: () => {
        gauge.reset();
        set();
      },
    });
    return gauge;
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #gauge<Label extends string>(name: string, help: string, labelNames: Label[]): Gauge<Label> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }

  #histogram<Label extends string>(name: string, help: string, labelNames: Label[]): Histogram<Label> {
    return new Histogram({ name, help, labelNames, buckets: SECONDS, registers: [this.registry] });
  }
}
