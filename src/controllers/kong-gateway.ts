import { isDeepStrictEqual } from "node:util";
import { FINALIZER } from "../api/names.ts";
import { parseSpec } from "../api/parse.ts";
import { KongGateway } from "../api/v1alpha1/kong-gateway.ts";
import { DeletionBlockedError } from "../errors.ts";
import type { GatewayConnection, GatewaySettings } from "../kong/gateway-connection.ts";
import { ensureFinalizer, removeFinalizer } from "../kube/finalizer.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import { conditionsOf } from "../report/conditions.ts";
import { dblessConditions } from "../report/dbless-status.ts";
import { gatewayConditions } from "../report/gateway-status.ts";
import { hasUnansweredRequest, reconcileRequest } from "../report/object-status.ts";
import type { ReconcileResult } from "../runtime/outcome.ts";
import { adminPods } from "./admin-pods.ts";
import { typeOf, type KongObject } from "./caches.ts";
import type { ControllerContext } from "./context.ts";
import { pruneOrphans } from "./prune.ts";
import { adminUrl, gatewaySettings, instanceOf } from "./gateway-settings.ts";
import type { Gateway } from "./gateways.ts";
import { reportGateway } from "./report-gateway.ts";

/** Makes the connection of a KongGateway; the composition root gives it what it needs. */
export type ConnectGateway = (key: ObjectKey, settings: GatewaySettings) => GatewayConnection;

/**
 * One reconcile of a KongGateway: a connection with the settings of its spec, and a status that says how it is.
 * @throws OperatorError whose policy decides when it is tried again; the status has been told by then.
 */
export async function reconcileKongGateway(
  context: ControllerContext,
  connect: ConnectGateway,
  key: ObjectKey,
): Promise<ReconcileResult> {
  const object = context.caches.get(key);
  if (!object) {
    await disconnect(context, key);
    return {};
  }
  try {
    if (object.metadata.deletionTimestamp !== undefined) return await release(context, connect, key, object);
    const held = await ensureFinalizer(context.client, typeOf(key.kind), object, FINALIZER);
    context.caches.noteWritten(held);
    const { spec, connection } = connected(context, connect, key, held);
    if (hasUnansweredRequest(held)) await refreshAsAsked(connection, reconcileRequest(held.metadata.annotations));
    const orphans = connection.state.phase === "Ready" ? await pruneOrphans(context, held, connection, spec.prune) : [];
    reportGateway(
      context,
      held,
      [...gatewayConditions(connection.state), ...dblessConditions(connection.state), ...orphans],
      connection.state,
    );
    return {};
  } catch (error) {
    // A connection that stands goes on with what it was last given: a missing Secret is no reason to drop a gateway.
    const drafts = conditionsOf({ result: "Failed", error })?.filter(({ type }) => type !== "Programmed");
    if (drafts) reportGateway(context, object, drafts);
    throw error;
  }
}

function connected(context: ControllerContext, connect: ConnectGateway, key: ObjectKey, object: KongObject): Gateway {
  const spec = parseSpec(KongGateway, object);
  const settings = gatewaySettings(
    key,
    spec,
    (name) => context.caches.secretData(key.namespace, name),
    (namespace, name, port) => adminPods(context.caches, namespace, name, port),
  );
  const existing = context.gateways.get(key);
  // Another address is another Kong: what the former one still answers must not be taken for an answer of this one.
  const kept = existing && adminUrl(key, existing.spec) === settings.url ? existing.connection : undefined;
  kept?.update(settings);
  if (!kept) void existing?.connection.stop();
  const connection = kept ?? connect(key, settings);
  const gateway = { key, spec, instance: instanceOf(key, spec), workspace: spec.adminApi.workspace ?? "", connection };
  context.gateways.set(gateway);
  // Which namespaces it takes, how it names: what the objects were told of the former spec may no longer hold.
  if (existing && !isDeepStrictEqual(existing.spec, spec)) context.caches.usersOf(key).forEach(context.enqueue);
  return gateway;
}

/** A KongGateway goes last: its objects need its credentials to leave Kong. */
async function release(
  context: ControllerContext,
  connect: ConnectGateway,
  key: ObjectKey,
  object: KongObject,
): Promise<ReconcileResult> {
  if (!object.metadata.finalizers?.includes(FINALIZER)) return {};
  const users = context.caches.usersOf(key).filter((user) => usesGateway(context, user, key));
  if (users.length > 0) {
    // After a restart they need the connection that an operator before this one had.
    keepConnected(context, connect, key, object);
    const [first] = users;
    const rest = users.length > 1 ? ` and ${users.length - 1} more` : "";
    throw new DeletionBlockedError(
      "InUse",
      `still used by ${first ? formatKey(first) : ""}${rest}; delete them or give them another spec.gatewayRef`,
    );
  }
  await removeFinalizer(context.client, typeOf(key.kind), object, FINALIZER);
  await disconnect(context, key);
  return { wrote: true };
}

/** With the present credentials where they are there, else with those that the connection has. */
function keepConnected(context: ControllerContext, connect: ConnectGateway, key: ObjectKey, object: KongObject): void {
  try {
    connected(context, connect, key, object);
  } catch (error) {
    if (!context.gateways.get(key)) throw error;
  }
}

/** An object that merely could use the gateway (`default` of its namespace) but has never lived there does not hold it. */
function usesGateway(context: ControllerContext, user: ObjectKey, gateway: ObjectKey): boolean {
  const object = context.caches.get(user);
  const lives = object?.status?.gateway;
  if (lives) return lives.namespace === gateway.namespace && lives.name === gateway.name;
  return object?.metadata.finalizers?.includes(FINALIZER) ?? false;
}

async function disconnect(context: ControllerContext, key: ObjectKey): Promise<void> {
  const gateway = context.gateways.get(key);
  if (!gateway) return;
  context.gateways.delete(key);
  await gateway.connection.stop();
}

/** What each connection was last asked for and has done: the status tells of it later, and every look asks for another. */
const answered = new WeakMap<GatewayConnection, string>();

/** One that is in trouble is tried at once, be its next look a minute away; what comes of that its state tells. */
async function refreshAsAsked(connection: GatewayConnection, request = ""): Promise<void> {
  if (answered.get(connection) === request) return;
  const wasReady = connection.state.phase === "Ready";
  await connection.refresh().catch((error: unknown) => {
    if (wasReady) throw error;
  });
  answered.set(connection, request);
}
