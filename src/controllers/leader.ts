import { KINDS } from "../api/kinds.ts";
import { ConsulWatches } from "../discovery/consul-watches.ts";
import type { KubeClient } from "../kube/client.ts";
import type { EventRecorder } from "../kube/events.ts";
import { StatusWriter } from "../kube/status-writer.ts";
import { formatKey, parseKey, type ObjectKey } from "../model/object-key.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { WorkQueue } from "../runtime/work-queue.ts";
import { runWorkers } from "../runtime/worker.ts";
import type { Caches } from "./caches.ts";
import { certificateEnds } from "./certificate-expiry.ts";
import { connectGateways, statsOf } from "./connect-gateways.ts";
import type { ConsulMetrics } from "./consul-metrics.ts";
import type { ControllerContext } from "./context.ts";
import { keyOf } from "./dispatch.ts";
import type { DeliveryMetrics } from "./delivery-metrics.ts";
import { Delivery } from "./delivery/delivery.ts";
import type { GatewayMetrics } from "./gateway-metrics.ts";
import { Gateways } from "./gateways.ts";
import { reconcileKongGateway } from "./kong-gateway.ts";
import { KONG_KINDS } from "./kong-kinds.ts";
import { reconcileKongObject } from "./kong-object.ts";
import { laneOf, priorityOf } from "./queue-order.ts";
import { RouteVerification } from "./verification.ts";
import type { VerifyMetrics } from "./verify-metrics.ts";

export interface LeaderOptions {
  readonly caches: Caches;
  readonly client: KubeClient;
  /** uid of kube-system. */
  readonly cluster: string;
  readonly operatorNamespace: string;
  readonly watchNamespaces: readonly string[];
  readonly events: EventRecorder;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly gatewayMetrics: GatewayMetrics;
  readonly deliveryMetrics: DeliveryMetrics;
  readonly consulMetrics: ConsulMetrics;
  readonly verifyMetrics: VerifyMetrics;
  readonly onEnqueue: (enqueue: ((key: ObjectKey) => void) | undefined) => void;
  /** Called before each write. Does not return where another replica may lead by now: the process ends. */
  readonly assertLeading: () => void;
}

/** Keys of one gateway that are worked on at a time; more than its requests, so that those never wait for us. */
const LANE_LIMIT = 32;
const WORKERS = 256;
/** Writes waiting at gateways from which on statuses wait: they cost the API server and us more than those writes. */
const BUSY_BACKLOG = 8;
const STATUS_FLUSH_MS = 5_000;

/**
 * One term of leadership: connections, work queue and workers, from all objects to an orderly end. Resolves when the
 * last write has been answered.
 */
export async function lead(signal: AbortSignal, options: LeaderOptions): Promise<void> {
  const { caches, logger, metrics, events, gatewayMetrics, verifyMetrics, assertLeading } = options;
  const labels = {
    namespaceLabels: (name: string) => {
      const namespace = caches.namespaces?.get("", name);
      return namespace && (namespace.metadata.labels ?? {});
    },
    readsNamespaces: caches.namespaces !== undefined,
  };
  const gateways = new Gateways({ ...labels, exists: (key) => caches.get(key) !== undefined });
  const queue = new WorkQueue({
    priorityOf: (key) => priorityOf(parseKey(key)),
    laneOf: (text) => {
      const key = parseKey(text);
      return delivery.laneOf(key) ?? laneOf(key, caches, gateways, options.operatorNamespace);
    },
    laneLimit: LANE_LIMIT,
    onTaken: (key, waitedMs) => metrics.queueWaitSeconds.observe({ kind: parseKey(key).kind }, waitedMs / 1000),
  });
  metrics.observeQueue(queue);
  const enqueue = (key: ObjectKey): void => queue.add(formatKey(key));
  const statuses = new StatusWriter({
    client: options.client,
    logger,
    getCached: (type, { namespace, name }) => caches.get({ kind: type.kind, namespace, name }),
    onWritten: (_type, object) => caches.noteWritten(object),
    onConflict: (type, { namespace, name }) => enqueue({ kind: type.kind, namespace, name }),
    onResult: (type, result) => metrics.statusWrites.inc({ resource: type.plural, result }),
    hold: () => {
      assertLeading();
      return gateways.all().some(({ connection }) => connection.backlog > BUSY_BACKLOG);
    },
  });
  metrics.observeStatusQueue(() => statuses.depth);
  gatewayMetrics.observeGateways(() => gateways.all().map(statsOf));
  gatewayMetrics.observeCertificates(() => certificateEnds(caches));
  const verification = new RouteVerification({ caches, events, metrics: verifyMetrics, enqueue });
  const consul = new ConsulWatches({
    logger,
    onChange: (followers) => followers.forEach((follower) => queue.add(follower)),
    onResult: (result) => options.consulMetrics.countRequest(result),
  });
  options.consulMetrics.observe(consul);
  const context: ControllerContext = {
    client: options.client,
    caches,
    gateways,
    consul,
    statuses,
    events,
    verification,
    logger,
    cluster: options.cluster,
    operatorNamespace: options.operatorNamespace,
    watches: (namespace) => options.watchNamespaces.length === 0 || options.watchNamespaces.includes(namespace),
    enqueue,
    leaving: new Map(),
    revoking: new Set(),
    now: () => new Date(),
  };
  const delivery = new Delivery({
    ...context,
    ...labels,
    metrics: options.deliveryMetrics,
    assertLeading,
  });
  const ending = new AbortController();
  const connect = connectGateways({ context, queue, metrics: gatewayMetrics, assertLeading, signal: ending.signal });
  options.onEnqueue(enqueue);
  for (const { kind } of KINDS) for (const object of caches.kinds.get(kind)?.list() ?? []) enqueue(keyOf(kind, object));
  const work = runWorkers({
    queue,
    concurrency: WORKERS,
    signal: ending.signal,
    logger,
    reconcile: async (text) => {
      assertLeading();
      const key = parseKey(text);
      if (key.kind === "KongGateway") return reconcileKongGateway(context, connect, key);
      const delivered = delivery.reconcile(key);
      if (delivered) return delivered;
      const kind = KONG_KINDS.find(({ definition }) => definition.kind === key.kind);
      return kind ? reconcileKongObject(context, kind, key) : undefined;
    },
    onOutcome: (key, outcome, durationMs) => {
      const { kind } = parseKey(key);
      metrics.reconciles.inc({ kind, result: outcome.result });
      metrics.reconcileSeconds.observe({ kind }, durationMs / 1000);
      if (outcome.isBug) metrics.reconcileBugs.inc({ kind });
    },
  });
  await aborted(signal);
  options.onEnqueue(undefined);
  await verification.stop();
  await queue.shutdown();
  await work;
  await consul.stop();
  await delivery.stop();
  ending.abort();
  await Promise.all(gateways.all().map(({ connection }) => connection.stop()));
  await statuses.close(STATUS_FLUSH_MS);
  // Who does not lead tells of no gateway, and holds none of what the term has learnt.
  gatewayMetrics.observeGateways(() => []);
  gatewayMetrics.observeCertificates(() => []);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
