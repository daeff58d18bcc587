import { DeletionBlockedError, KongRejectedError, NotReadyError, OperatorError, PendingError } from "../errors.ts";
import type { KongEntity } from "../model/kong-entity.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import type { Revoked } from "../model/outcome.ts";
import { assertPermitted, isPermitted, type JudgedSpec } from "../tenancy/check.ts";
import { closureOf, isClosure } from "../tenancy/closure.ts";
import type { KongObject } from "./caches.ts";
import type { ControllerContext } from "./context.ts";
import type { Gateway } from "./gateways.ts";
import { knownPlaces, sharesEntities } from "./places.ts";
import { tenancyOf } from "./tenant-context.ts";

/** Objects that leave a gateway although they are permitted: what they refer to is not, and cannot go before them. */
export type Leaving = Map<string, ObjectKey>;

/**
 * Holds what an object asks for against what its namespace may do on the gateway; the gateway's own namespace may do all.
 * @throws TenantRestrictedError
 */
export function checkTenancy(
  context: ControllerContext,
  object: KongObject,
  gateway: Gateway,
  { spec, desired }: { spec: JudgedSpec; desired: readonly KongEntity[] },
): void {
  const tenancy = tenancyOf(context, object, gateway);
  if (tenancy) assertPermitted(spec, desired, tenancy);
}

/** False for a tenant without `customNames`: whoever may not choose names may not leave them behind either. */
export function mayOrphan(context: ControllerContext, object: KongObject, gateway: Gateway): boolean {
  return tenancyOf(context, object, gateway)?.rights.customNames ?? true;
}

/**
 * Takes out of Kong what an object has there and may not have (any longer), wherever that is and whatever else is wrong
 * with the object: a spec that cannot be used must not keep in Kong what is forbidden. undefined where nothing is amiss.
 * @throws nothing that the removal itself ends with: it is tried again with the object.
 */
export async function revoke(
  context: ControllerContext,
  key: ObjectKey,
  object: KongObject,
): Promise<Revoked | undefined> {
  let result: Revoked | undefined;
  if (object.metadata.deletionTimestamp !== undefined) return undefined;
  const places = knownPlaces(context, key, object).flatMap((place) => context.gateways.get(place) ?? []);
  const open = places.filter((gateway) => mayStay(context, object, gateway));
  for (const gateway of places) {
    const entries = gateway.connection.entitiesOf(key);
    const isOut = entries.every(isClosure);
    if (isOut && context.revoking.delete(formatKey(key))) result = tellRemoved(context, key, object, gateway);
    if (entries.length === 0) continue;
    // Two KongGateways with one instance on one Kong share their entities: what one permits may stand.
    if (open.some((other) => other === gateway || sharesEntities(other, gateway))) continue;
    if (gateway.spec.revocation?.policy === "Report") {
      result ??= "Reported";
      continue;
    }
    result = (await remove(context, key, object, gateway)) ?? result;
  }
  return result;
}

function mayStay(context: ControllerContext, object: KongObject, gateway: Gateway): boolean {
  const namespace = object.metadata.namespace ?? "";
  // A namespace that is not known (yet) is no reason to take anything away.
  if (context.caches.namespaces && !context.caches.namespaces.get("", namespace)) return true;
  if (context.gateways.refuses(namespace, gateway)) return false;
  const tenancy = tenancyOf(context, object, gateway);
  const key = { kind: object.kind, namespace, name: object.metadata.name };
  const standing = gateway.connection.entitiesOf(key).filter((entry) => !isClosure(entry));
  return tenancy === undefined || isPermitted(standing, tenancy);
}

async function remove(
  context: ControllerContext,
  key: ObjectKey,
  object: KongObject,
  gateway: Gateway,
): Promise<Revoked | undefined> {
  try {
    await takeOut(key, gateway);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    if (error instanceof PendingError) {
      // On its way out together with other changes: the object is looked at again when they are there.
      context.revoking.add(formatKey(key));
      return undefined;
    }
    if (error instanceof DeletionBlockedError && error.reason === "InUse") letUsersLeave(context, key, gateway);
    context.logger.warn("what is not permitted could not be removed yet", {
      stage: "apply",
      key: formatKey(key),
      code: error.reason,
    });
    return "Blocked";
  }
  return tellRemoved(context, key, object, gateway);
}

function tellRemoved(context: ControllerContext, key: ObjectKey, object: KongObject, gateway: Gateway): "Removed" {
  const where = `KongGateway ${gateway.key.namespace}/${gateway.key.name}`;
  const message = `No longer permitted, and removed from ${where}`;
  context.events.record(object, { type: "Warning", reason: "Revoked", message, action: "Revoke" });
  context.caches.usersOf(key).forEach(context.enqueue);
  return "Removed";
}

/** @throws OperatorError */
async function takeOut(key: ObjectKey, { connection }: Gateway): Promise<void> {
  const closure = closureOf(connection.entitiesOf(key));
  try {
    if (closure.length > 0) return void (await connection.sync(key, closure));
  } catch (error) {
    // Another binding answers everything there already, or the protocol knows no answers.
    if (!(error instanceof KongRejectedError)) throw error;
  }
  await connection.sync(key, [], { deletion: { policy: "Delete", force: false, cascade: true } });
}

function letUsersLeave(context: ControllerContext, key: ObjectKey, gateway: Gateway): void {
  for (const user of gateway.connection.usersOf(key)) {
    if (user.kind === "KongPluginBinding" || context.leaving.has(formatKey(user))) continue;
    context.leaving.set(formatKey(user), key);
    context.enqueue(user);
  }
}

/**
 * For an object that uses one which is not permitted: it makes room.
 * @throws NotReadyError once it has left, until the other is permitted again or gone.
 */
export async function makeRoom(context: ControllerContext, key: ObjectKey, gateway: Gateway): Promise<void> {
  const because = context.leaving.get(formatKey(key));
  if (!because) return;
  if (!context.caches.get(because)) {
    context.leaving.delete(formatKey(key));
    return;
  }
  try {
    await gateway.connection.sync(key, [], { deletion: { policy: "Delete", force: false, cascade: true } });
  } catch (error) {
    if (error instanceof DeletionBlockedError && error.reason === "InUse") letUsersLeave(context, key, gateway);
    throw error;
  }
  throw new NotReadyError("RefNotReady", `${formatKey(because)}, which it uses, is not permitted; see its conditions`);
}

/** The object is permitted: what had to make room for it may come back. */
export function endLeave(context: ControllerContext, key: ObjectKey): void {
  if (context.leaving.size === 0) return;
  const name = formatKey(key);
  for (const [user, because] of [...context.leaving]) {
    if (formatKey(because) !== name) continue;
    context.leaving.delete(user);
    const [kind = "", namespace = "", userName = ""] = user.split("/");
    context.enqueue({ kind, namespace, name: userName });
  }
}
