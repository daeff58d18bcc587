import { KINDS } from "../api/kinds.ts";
import type { KongGatewayStatus } from "../api/v1alpha1/kong-gateway.ts";
import { ConsulWatches } from "../discovery/consul-watches.ts";
import { GatewayConnection } from "../kong/gateway-connection.ts";
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
import type { ConsulMetrics } from "./consul-metrics.ts";
import type { ControllerContext } from "./context.ts";
import { keyOf } from "./dispatch.ts";
import type { DeliveryMetrics } from "./delivery-metrics.ts";
import { Delivery } from "./delivery/delivery.ts";
import { gatewayCandidates, type GatewayRefFields } from "./gateway-ref.ts";
import type { GatewayMetrics, GatewayStats } from "./gateway-metrics.ts";
import { Gateways, type Gateway } from "./gateways.ts";
import { reconcileKongGateway, type ConnectGateway } from "./kong-gateway.ts";
import { KONG_KINDS } from "./kong-kinds.ts";
import { reconcileKongObject } from "./kong-object.ts";
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
/** What a gateway holds changes with every write, and each look at it goes over all of that. */
const COUNTS_STEP_MS = 1_000;

/**
 * One term of leadership: connections, work queue and workers, from all objects to an orderly end. Resolves when the
 * last write has been answered.
 */
export async function lead(signal: AbortSignal, options: LeaderOptions): Promise<void> {
  const { caches, logger, metrics } = options;
  const labels = {
    namespaceLabels: (namespace: string) => namespaceLabels(caches, namespace),
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
      options.assertLeading();
      return gateways.all().some(({ connection }) => connection.backlog > BUSY_BACKLOG);
    },
  });
  metrics.observeStatusQueue(() => statuses.depth);
  options.gatewayMetrics.observeGateways(() => gateways.all().map(statsOf));
  options.gatewayMetrics.observeCertificates(() => certificateEnds(caches));
  const { events, verifyMetrics } = options;
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
    events: options.events,
    verification,
    logger,
    cluster: options.cluster,
    operatorNamespace: options.operatorNamespace,
    watches: (namespace) => options.watchNamespaces.length === 0 || options.watchNamespaces.includes(namespace),
    enqueue,
    leaving: new Map(),
    now: () => new Date(),
  };
  const delivery = new Delivery({
    ...context,
    ...labels,
    metrics: options.deliveryMetrics,
    assertLeading: options.assertLeading,
  });
  const ending = new AbortController();
  const connect = connector(context, options, queue, ending.signal);
  options.onEnqueue(enqueue);
  for (const { kind } of KINDS) for (const object of caches.kinds.get(kind)?.list() ?? []) enqueue(keyOf(kind, object));
  const work = runWorkers({
    queue,
    concurrency: WORKERS,
    signal: ending.signal,
    logger,
    reconcile: async (text) => {
      options.assertLeading();
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
}

/** Makes connections whose changes come back as keys. */
function connector(
  context: ControllerContext,
  options: LeaderOptions,
  queue: WorkQueue,
  signal: AbortSignal,
): ConnectGateway {
  return (key, settings) => {
    let isFirst = true;
    const connection: GatewayConnection = new GatewayConnection({
      settings,
      cluster: context.cluster,
      logger: context.logger.child({ gateway: formatKey(key) }),
      now: context.now,
      assertLeading: options.assertLeading,
      onStateChange: ({ phase }, before) => {
        if (phase === before) queue.addAfter(formatKey(key), COUNTS_STEP_MS);
        else context.enqueue(key);
        if (phase === "Connecting") isFirst = true;
        if (phase !== "Ready" || !isFirst) return;
        // They have been waiting for the mirror; from now on the connection itself knows whom to tell.
        isFirst = false;
        for (const user of context.caches.usersOf(key)) context.enqueue(user);
      },
      onChecked: () => context.enqueue(key),
      loadedHash: (context.caches.get(key)?.status as Partial<KongGatewayStatus> | undefined)?.dbless
        ?.configurationHash,
      onArrived: (owners) => {
        for (const owner of owners) context.caches.usersOf(owner).forEach(context.enqueue);
      },
      onOwnersChanged: (owners) => {
        for (const owner of owners) context.enqueue(owner);
      },
      onRequest: (record) => options.gatewayMetrics.observe(formatKey(key), record),
    });
    connection.start(signal);
    return connection;
  };
}

function statsOf({ key, connection }: Gateway): GatewayStats {
  const { phase, counts } = connection.state;
  const targets = connection.healthCounts();
  return { gateway: formatKey(key), isReady: phase === "Ready", entities: counts, targets };
}

function namespaceLabels(caches: Caches, namespace: string): Readonly<Record<string, string>> | undefined {
  const found = caches.namespaces?.get("", namespace);
  return found && (found.metadata.labels ?? {});
}

/** Gateways first, then kinds in the order in which their entities are created. */
function priorityOf(key: ObjectKey): number {
  return KONG_KINDS.findIndex(({ definition }) => definition.kind === key.kind) + 1;
}

/** The gateway that the key concerns. */
function laneOf(key: ObjectKey, caches: Caches, gateways: Gateways, operatorNamespace: string): string {
  if (key.kind === "KongGateway") return formatKey(key);
  const object = caches.get(key);
  const ref = object?.spec["gatewayRef"] as GatewayRefFields | undefined;
  const chosen = gateways.choose(gatewayCandidates(key.namespace, ref, operatorNamespace));
  return chosen ? formatKey(chosen) : "";
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
