import { ANNOTATION_FORCE_DELETE, FINALIZER } from "../api/names.ts";
import { DeletionBlockedError, GatewayAuthError, KongUnavailableError, NotReadyError } from "../errors.ts";
import { removeFinalizer } from "../kube/finalizer.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import type { ReconcileResult } from "../runtime/outcome.ts";
import { typeOf, type KongObject } from "./caches.ts";
import type { ControllerContext } from "./context.ts";
import type { Gateway } from "./gateways.ts";
import { handOver } from "./hand-over.ts";
import { placesOf } from "./places.ts";
import { handOverPlugins } from "./plugin-contest.ts";
import { mayOrphan } from "./tenancy.ts";

/** Most names that a message lists. */
const LISTED = 5;

/**
 * Deletion is not a branch of its own: the desired state is empty, in every gateway where the object may live. The
 * finalizer goes only when that has been reached.
 * @throws DeletionBlockedError naming what stands in the way and the way out.
 */
export async function cleanUp(
  context: ControllerContext,
  key: ObjectKey,
  object: KongObject,
): Promise<ReconcileResult> {
  if (!object.metadata.finalizers?.includes(FINALIZER)) return {};
  const force = object.metadata.annotations?.[ANNOTATION_FORCE_DELETE] === "true";
  refuseWhileUsed(context, key);
  for (const place of placesOf(context, key, object)) {
    await leave(context, key, object, { place, force });
  }
  await removeFinalizer(context.client, typeOf(key.kind), object, FINALIZER);
  return { wrote: true };
}

/**
 * Removes the object's entities from one gateway.
 * @throws DeletionBlockedError where the KongGateway is gone and nobody said that what it holds may be left behind.
 */
export async function leave(
  context: ControllerContext,
  key: ObjectKey,
  object: KongObject,
  { place, force }: { place: ObjectKey; force: boolean },
): Promise<void> {
  const where = `KongGateway ${place.namespace}/${place.name}`;
  const gateway = context.gateways.get(place);
  if (!gateway && context.caches.get(place) && !force) {
    throw new NotReadyError("GatewayNotReady", `${where} is not connected; the object goes when it is${wayOut(key)}`);
  }
  if (!gateway) {
    if (!force)
      throw new DeletionBlockedError(
        "GatewayGone",
        `${where} is gone, so nothing can be removed from it${wayOut(key)}`,
      );
    recordLeftBehind(context, object, unreachable(where));
    return;
  }
  if (!force) handOverPlugins(context, object, gateway);
  if (!force) handOver(context, key, gateway);
  try {
    const { leftBehind } = await gateway.connection.sync(key, [], {
      deletion: { policy: policyOf(context, object, gateway), force },
    });
    if (leftBehind.length > 0)
      recordLeftBehind(context, object, `${where} keeps, without our marks: ${leftBehind.join(", ")}`);
  } catch (error) {
    const isAway =
      error instanceof KongUnavailableError || error instanceof GatewayAuthError || error instanceof NotReadyError;
    if (!force || !isAway) throw error;
    recordLeftBehind(context, object, unreachable(where));
  }
}

function refuseWhileUsed(context: ControllerContext, key: ObjectKey): void {
  const users = context.caches.usersOf(key).map(formatKey);
  if (users.length === 0) return;
  const more = users.length > LISTED ? ` and ${users.length - LISTED} more` : "";
  throw new DeletionBlockedError(
    "InUse",
    `still used by ${users.slice(0, LISTED).join(", ")}${more}; delete them or let them use something else`,
  );
}

function policyOf(context: ControllerContext, object: KongObject, gateway: Gateway): "Delete" | "Orphan" {
  const own = object.spec["deletionPolicy"] as "Delete" | "Orphan" | undefined;
  if (own === "Orphan" && !mayOrphan(context, object, gateway)) return "Delete";
  return own ?? gateway.spec.deletionPolicy ?? "Delete";
}

function wayOut(key: ObjectKey): string {
  return `. To give up on what Kong still holds: kubectl annotate ${key.kind.toLowerCase()}.kjo.dev -n ${key.namespace} ${key.name} ${ANNOTATION_FORCE_DELETE}=true`;
}

function unreachable(where: string): string {
  return `${where} cannot be reached: what the object had there stays, because of ${ANNOTATION_FORCE_DELETE}`;
}

function recordLeftBehind(context: ControllerContext, object: KongObject, message: string): void {
  context.events.record(object, { type: "Warning", reason: "LeftBehind", message, action: "Delete" });
}
