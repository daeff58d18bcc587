import type { KongGatewaySpec } from "../api/v1alpha1/kong-gateway.ts";
import type { GatewayState } from "../kong/gateway-connection.ts";
import type { ConditionDraft } from "../report/conditions.ts";
import { dblessStatus } from "../report/dbless-status.ts";
import { mergeConditions } from "../report/merge-conditions.ts";
import { reconcileRequest } from "../report/object-status.ts";
import { typeOf, type KongObject } from "./caches.ts";
import type { ControllerContext } from "./context.ts";
import { instanceOf } from "./gateway-settings.ts";

/** `status.lastSyncTime` moves at most this often: an idle gateway is no reason to write to the cluster. */
const SYNC_TIME_STEP_MS = 600_000;

/** The report stage of a KongGateway. What is known of the gateway itself stays as told where there is no `state`. */
export function reportGateway(
  context: ControllerContext,
  object: KongObject,
  drafts: readonly ConditionDraft[],
  state?: GatewayState,
): void {
  const { generation, annotations } = object.metadata;
  const request = reconcileRequest(annotations);
  context.statuses.submit(typeOf(object.kind), object, {
    ...object.status,
    ...(state ? describe(context, object, state) : {}),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...(request === undefined ? {} : { lastHandledReconcileAt: request }),
    conditions: mergeConditions(object.status?.conditions, drafts, generation),
  });
}

function listenersOf(
  info: NonNullable<GatewayState["info"]>,
): { port: number; kind: "proxy" | "admin"; tls: boolean }[] {
  return [
    ...info.proxyListeners.map(({ port, ssl }) => ({ port, kind: "proxy" as const, tls: ssl })),
    ...info.adminListeners.map(({ port, ssl }) => ({ port, kind: "admin" as const, tls: ssl })),
  ];
}

function describe(context: ControllerContext, object: KongObject, state: GatewayState): Record<string, unknown> {
  const { info, counts, lastSyncTime } = state;
  const told = (object.status as { lastSyncTime?: string } | undefined)?.lastSyncTime;
  const isDue = lastSyncTime !== undefined && (!told || lastSyncTime.getTime() - Date.parse(told) >= SYNC_TIME_STEP_MS);
  const key = { kind: object.kind, namespace: object.metadata.namespace ?? "", name: object.metadata.name };
  return {
    instance: instanceOf(key, object.spec as Pick<KongGatewaySpec, "instance">),
    cluster: context.cluster,
    ...(info
      ? {
          version: info.version,
          mode: info.database === "off" ? "db-less" : "database",
          routerFlavor: info.routerFlavor,
          nodeId: info.nodeId,
          hostname: info.hostname,
          listeners: listenersOf(info),
        }
      : {}),
    dbless: dblessStatus(state) ?? null,
    ...(state.phase === "Ready" ? { entities: counts } : {}),
    ...(isDue ? { lastSyncTime: lastSyncTime.toISOString() } : {}),
  };
}
