import { FINALIZER } from "../api/names.ts";
import { parseSpec } from "../api/parse.ts";
import { KongRejectedError, NotReadyError, RefNotPermittedError, TenantRestrictedError } from "../errors.ts";
import type { SyncOutcome } from "../kong/gateway-connection.ts";
import { ensureFinalizer } from "../kube/finalizer.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import { withoutExpired } from "../plan/lifetime.ts";
import { keptTargets } from "../plan/kept-targets.ts";
import { hasUnansweredRequest, isProgrammed } from "../report/object-status.ts";
import type { ReconcileResult } from "../runtime/outcome.ts";
import { typeOf, type KongObject } from "./caches.ts";
import type { ControllerContext } from "./context.ts";
import { checkExpiry } from "./certificate-expiry.ts";
import { cleanUp, leave } from "./deletion.ts";
import { keyOf } from "./dispatch.ts";
import { claim } from "./hand-over.ts";
import { gatewayCandidates, type GatewayRefFields } from "./gateway-ref.ts";
import type { Gateway } from "./gateways.ts";
import { generateSecrets } from "./generate-secrets.ts";
import type { KongKind } from "./kong-kinds.ts";
import { observe } from "./observe.ts";
import { formerPlaces, formerSelves, isSameKong } from "./places.ts";
import { contest, refuseShadowed } from "./plugin-contest.ts";
import { reportFailure, reportProgrammed } from "./report-object.ts";
import { checkTenancy, endLeave, makeRoom, revoke } from "./tenancy.ts";
import { endpointProblem } from "./tenant-context.ts";

/** The fields of a spec that the flow itself reads; every gateway kind has them. */
interface CommonSpec {
  readonly gatewayRef?: GatewayRefFields | undefined;
  readonly adopt?: { readonly mode: "match" | "override"; readonly id?: string | undefined } | undefined;
}

/**
 * One reconcile of an object of a gateway kind: observe, parse, translate, plan, apply, report.
 * @throws OperatorError whose policy decides when it is tried again; the object's status has been told by then.
 */
export async function reconcileKongObject(
  context: ControllerContext,
  kind: KongKind,
  key: ObjectKey,
): Promise<ReconcileResult> {
  const object = context.caches.get(key);
  if (!object) {
    context.consul.follow(formatKey(key), []);
    context.verification.left(undefined, key);
    // Something with its mark has turned up in a gateway: the gateway's own reconcile decides what becomes of it.
    for (const { key: gateway, connection } of context.gateways.all()) {
      if (connection.entitiesOf(key).length > 0) context.enqueue(gateway);
    }
    return {};
  }
  try {
    if (object.metadata.deletionTimestamp !== undefined) {
      context.consul.follow(formatKey(key), []);
      context.verification.left(object, key);
      return await cleanUp(context, key, object);
    }
    return await program(context, kind, key, object);
  } catch (error) {
    const current = context.caches.get(key) ?? object;
    if (isForbidden(error)) context.consul.follow(formatKey(key), []);
    const revoked = await revoke(context, key, current);
    if (revoked || !isUndecided(error, current)) reportFailure(context, current, error, revoked);
    throw error;
  }
}

async function program(
  context: ControllerContext,
  kind: KongKind,
  key: ObjectKey,
  found: KongObject,
): Promise<ReconcileResult> {
  const spec = parseSpec(kind.definition, found);
  const { gatewayRef, adopt } = spec as CommonSpec;
  const gateway = context.gateways.resolve(
    key.namespace,
    gatewayCandidates(key.namespace, gatewayRef, context.operatorNamespace),
  );
  requireMirror(gateway);
  await makeRoom(context, key, gateway);
  if (hasUnansweredRequest(found)) await gateway.connection.refresh();
  const object = await ensureFinalizer(context.client, typeOf(key.kind), found, FINALIZER);
  context.caches.noteWritten(object);
  const references = kind.translation.references(key.namespace, spec);
  const madeSecrets = await generateSecrets(context, object, references.secrets);
  const { cluster, caches, consul } = context;
  // Before anybody is asked anything on the object's behalf.
  if (references.consuls) checkTenancy(context, object, gateway, { spec: spec as CommonSpec, desired: [] });
  const judged = { endpointProblem: endpointProblem(context, object, gateway) };
  const observed = observe({ owner: key, references, gateway, cluster, caches, consul, madeSecrets, ...judged });
  const translated = kind.translation.translate(spec, observed);
  const verification = kind.translation.verification?.(spec, observed);
  const { living, nextEndMs } = withoutExpired(translated, context.now().getTime());
  checkTenancy(context, object, gateway, { spec: spec as CommonSpec, desired: living });
  endLeave(context, key);
  const contested = contest(context, object, gateway, living);
  const { desired } = contested;
  const { conditions, lookAgainMs } = checkExpiry(context, object, desired);
  const { desired: claimed, takeOver, shared } = claim(context, key, gateway, desired);
  const hasFoundTargets = (references.services ?? []).length + (references.consuls ?? []).length > 0;
  const { keepTargets } = observed;
  const inSyncBefore = isProgrammed(object) && livesIn(object, gateway);
  const formerSelf = formerSelves(context, key, object, gateway);
  const sync = (): Promise<SyncOutcome> =>
    gateway.connection.sync(key, claimed, {
      createdAt: object.metadata.creationTimestamp,
      inSyncBefore,
      takeOver: [...takeOver, ...formerSelf.flatMap(({ connection }) => connection.entitiesOf(key))],
      hasFoundTargets,
      awaitBalancers: true,
      keepTargets,
      ...(adopt ? { adopt } : {}),
    });
  const tellUsers = (): void => context.caches.usersOf(key).forEach(context.enqueue);
  const standing = idsOf(key, gateway);
  const outcome = await sync().catch(async (error: unknown) => {
    if (!isHeldByFormerSelf(context, error, object, gateway)) {
      // What others wait for may have come to stand, although something else of the object was refused.
      if (idsOf(key, gateway) !== standing) tellUsers();
      throw error;
    }
    await leaveFormerGateways(context, key, object, gateway);
    return sync();
  });
  for (const { connection } of formerSelf) connection.forget(key);
  await leaveFormerGateways(context, key, object, gateway);
  refuseShadowed(contested, living);
  const serving = context.verification.programmed(object, key, { gateway, verification, writes: outcome.writes });
  const { backendProblems } = observed;
  const shown = shared ? desired.map((entity) => ({ ...entity, id: shared.id, owner: shared.owner })) : claimed;
  reportProgrammed(context, object, {
    gateway,
    desired: keepTargets ? [...shown, ...keptTargets(gateway.connection.entitiesOf(key), shown)] : shown,
    outcome,
    conditions,
    serving,
    backendProblems,
    against: contested.against,
  });
  if (outcome.identityChanged || (shared && shared.id !== standsAs(object))) tellUsers();
  return { wrote: outcome.writes > 0, ...requeueAfter(nextEndMs, lookAgainMs, outcome.againAfterMs) };
}

/** After the shortest of the times that there are. */
function requeueAfter(...times: readonly (number | undefined)[]): Pick<ReconcileResult, "requeueAfterMs"> {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? {} : { requeueAfterMs: Math.min(...known) };
}

/** Id in Kong that the status tells. */
function standsAs({ status }: KongObject): string | undefined {
  return (status as { kong?: { id?: string } } | undefined)?.kong?.id;
}

/** The ids of what the gateway holds of the object, as one text. */
function idsOf(key: ObjectKey, { connection }: Gateway): string {
  const ids = connection.entitiesOf(key).map(({ id }) => id);
  return ids.sort().join();
}

/**
 * Until the mirror is there nobody knows what Kong holds.
 * @throws NotReadyError; the gateway's own conditions say why.
 */
function requireMirror({ key, connection }: Gateway): void {
  if (connection.isMirrored) return;
  const where = `KongGateway ${key.namespace}/${key.name}`;
  throw new NotReadyError("GatewayNotReady", `${where} is not ready: ${connection.state.message}`);
}

/** True where the object was last programmed in this very gateway. */
function livesIn({ status }: KongObject, { key, instance }: Gateway): boolean {
  const lives = status?.gateway;
  return lives?.namespace === key.namespace && lives.name === key.name && lives.instance === instance;
}

/** Two KongGateways of one Kong: the name that the object wants is its own, under the marks of the former one. */
function isHeldByFormerSelf(context: ControllerContext, error: unknown, object: KongObject, now: Gateway): boolean {
  if (!(error instanceof KongRejectedError) || error.reason !== "Conflict") return false;
  const key = keyOf(object.kind, object);
  return formerPlaces(context, key, object, now).some((place) => {
    const former = context.gateways.get(place);
    return former !== undefined && isSameKong(former, now);
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

function isForbidden(error: unknown): boolean {
  return error instanceof TenantRestrictedError || error instanceof RefNotPermittedError;
}

const OUT_OF_SIGHT: ReadonlySet<string> = new Set(["GatewayNotReady", "WaitingForConsul"]);

/** Nothing can be said of an object that was programmed at this generation while what it needs is out of sight. */
function isUndecided(error: unknown, object: KongObject): boolean {
  const isOutOfSight = error instanceof NotReadyError && OUT_OF_SIGHT.has(error.reason);
  return isOutOfSight && object.metadata.deletionTimestamp === undefined && isProgrammed(object);
}
