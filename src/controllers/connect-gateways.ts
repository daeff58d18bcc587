import type { KongGatewayStatus } from "../api/v1alpha1/kong-gateway.ts";
import { GatewayConnection } from "../kong/gateway-connection.ts";
import { formatKey } from "../model/object-key.ts";
import type { WorkQueue } from "../runtime/work-queue.ts";
import type { ControllerContext } from "./context.ts";
import type { GatewayMetrics, GatewayStats } from "./gateway-metrics.ts";
import type { Gateway } from "./gateways.ts";
import type { ConnectGateway } from "./kong-gateway.ts";

/** What a gateway holds changes with every write, and each look at it goes over all of that. */
const COUNTS_STEP_MS = 1_000;

export interface ConnectOptions {
  readonly context: ControllerContext;
  readonly queue: Pick<WorkQueue, "addAfter">;
  readonly metrics: Pick<GatewayMetrics, "observe">;
  /** Called before each write. Does not return where another replica may lead by now: the process ends. */
  readonly assertLeading: () => void;
  /** Ends all connections. */
  readonly signal: AbortSignal;
}

/** Makes connections whose changes come back as keys. */
export function connectGateways(options: ConnectOptions): ConnectGateway {
  const { context, queue, metrics, assertLeading, signal } = options;
  return (key, settings) => {
    let isFirst = true;
    const connection: GatewayConnection = new GatewayConnection({
      settings,
      cluster: context.cluster,
      logger: context.logger.child({ gateway: formatKey(key) }),
      now: context.now,
      assertLeading,
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
      onRequest: (record) => metrics.observe(formatKey(key), record),
    });
    connection.start(signal);
    return connection;
  };
}

/** What the metrics tell of a gateway. */
export function statsOf({ key, connection }: Gateway): GatewayStats {
  const { phase, counts } = connection.state;
  const targets = connection.healthCounts();
  return { gateway: formatKey(key), isReady: phase === "Ready", entities: counts, targets };
}
