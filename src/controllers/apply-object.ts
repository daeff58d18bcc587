import { KongRejectedError } from "../errors.ts";
import type { SyncOutcome } from "../kong/gateway-connection.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import { isProgrammed } from "../report/object-status.ts";
import type { KongObject } from "./caches.ts";
import type { CommonSpec } from "./common-spec.ts";
import type { ControllerContext } from "./context.ts";
import { leave } from "./deletion.ts";
import type { Gateway } from "./gateways.ts";
import type { Claim } from "./hand-over.ts";
import { formerPlaces, formerSelves, isSameKong } from "./places.ts";
import type { Translated } from "./translate-object.ts";

/** What is to stand in Kong, once it is settled who has what. */
export interface ToApply
  extends Pick<Claim, "desired" | "takeOver">, Pick<Translated, "hasFoundTargets" | "keepTargets"> {
  readonly adopt: CommonSpec["adopt"];
}

/**
 * The stages plan and apply: the object is in its gateway, and in no other.
 * @throws OperatorError; who waits for what has come to stand all the same has been told by then.
 */
export async function applyObject(
  context: ControllerContext,
  { key, object, gateway }: { readonly key: ObjectKey; readonly object: KongObject; readonly gateway: Gateway },
  { desired, takeOver, hasFoundTargets, keepTargets, adopt }: ToApply,
): Promise<SyncOutcome> {
  const formerSelf = formerSelves(context, key, object, gateway);
  const sync = (): Promise<SyncOutcome> =>
    gateway.connection.sync(key, desired, {
      createdAt: object.metadata.creationTimestamp,
      inSyncBefore: isProgrammed(object) && livesIn(object, gateway),
      takeOver: [...takeOver, ...formerSelf.flatMap(({ connection }) => connection.entitiesOf(key))],
      hasFoundTargets,
      awaitBalancers: true,
      keepTargets,
      ...(adopt ? { adopt } : {}),
    });
  const standing = idsOf(key, gateway);
  const outcome = await sync().catch(async (error: unknown) => {
    if (!isHeldByFormerSelf(context, error, { key, object, gateway })) {
      // What others wait for may have come to stand, although something else of the object was refused.
      if (idsOf(key, gateway) !== standing) context.caches.usersOf(key).forEach(context.enqueue);
      throw error;
    }
    await leaveFormerGateways(context, key, object, gateway);
    return sync();
  });
  for (const { connection } of formerSelf) connection.forget(key);
  await leaveFormerGateways(context, key, object, gateway);
  return outcome;
}

/** The ids of what the gateway holds of the object, as one text. */
function idsOf(key: ObjectKey, { connection }: Gateway): string {
  const ids = connection.entitiesOf(key).map(({ id }) => id);
  return ids.sort().join();
}

/** True where the object was last programmed in this very gateway. */
function livesIn({ status }: KongObject, { key, instance }: Gateway): boolean {
  const lives = status?.gateway;
  return lives?.namespace === key.namespace && lives.name === key.name && lives.instance === instance;
}

/** Two KongGateways of one Kong: the name that the object wants is its own, under the marks of the former one. */
function isHeldByFormerSelf(
  context: ControllerContext,
  error: unknown,
  { key, object, gateway }: { readonly key: ObjectKey; readonly object: KongObject; readonly gateway: Gateway },
): boolean {
  if (!(error instanceof KongRejectedError) || error.reason !== "Conflict") return false;
  return formerPlaces(context, key, object, gateway).some((place) => {
    const former = context.gateways.get(place);
    return former !== undefined && isSameKong(former, gateway);
  });
}

/** An object that has moved to another gateway leaves the former one only when it is served by the new one. */
async function leaveFormerGateways(
  context: ControllerContext,
  key: ObjectKey,
  object: KongObject,
  now: Gateway,
): Promise<void> {
  for (const place of formerPlaces(context, key, object, now)) {
    if (!context.caches.get(place)) continue;
    await leave(context, key, object, { place, force: false });
    context.logger.info("object left its former gateway", { key: formatKey(key), gateway: formatKey(place) });
  }
}
