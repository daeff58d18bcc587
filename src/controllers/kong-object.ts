import { FINALIZER } from "../api/names.ts";
import { parseSpec } from "../api/parse.ts";
import { NotReadyError, RefNotPermittedError, TenantRestrictedError } from "../errors.ts";
import { ensureFinalizer } from "../kube/finalizer.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import { keptTargets } from "../plan/kept-targets.ts";
import { hasUnansweredRequest, isProgrammed } from "../report/object-status.ts";
import type { ReconcileResult } from "../runtime/outcome.ts";
import { applyObject } from "./apply-object.ts";
import { typeOf, type KongObject } from "./caches.ts";
import type { CommonSpec } from "./common-spec.ts";
import type { ControllerContext } from "./context.ts";
import { checkExpiry } from "./certificate-expiry.ts";
import { cleanUp } from "./deletion.ts";
import { claim } from "./hand-over.ts";
import { gatewayCandidates } from "./gateway-ref.ts";
import type { Gateway } from "./gateways.ts";
import type { KongKind } from "./kong-kinds.ts";
import { contest, refuseShadowed } from "./plugin-contest.ts";
import { reportFailure, reportProgrammed } from "./report-object.ts";
import { translateObject } from "./translate-object.ts";
import { endLeave, makeRoom, revoke } from "./tenancy.ts";

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
    context.leaving.delete(formatKey(key));
    context.revoking.delete(formatKey(key));
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
  const spec = parseSpec(kind.definition, found) as CommonSpec;
  const { gatewayRef, adopt } = spec;
  const gateway = context.gateways.resolve(
    key.namespace,
    gatewayCandidates(key.namespace, gatewayRef, context.operatorNamespace),
  );
  requireMirror(gateway);
  await makeRoom(context, key, gateway);
  if (hasUnansweredRequest(found)) await gateway.connection.refresh();
  const object = await ensureFinalizer(context.client, typeOf(key.kind), found, FINALIZER);
  context.caches.noteWritten(object);
  const place = { key, object, gateway };
  const translated = await translateObject(context, kind, spec, place);
  endLeave(context, key);
  const contested = contest(context, object, gateway, translated.desired);
  const { desired } = contested;
  const { conditions, lookAgainMs } = checkExpiry(context, object, desired);
  const { desired: claimed, takeOver, shared } = claim(context, key, gateway, desired);
  const outcome = await applyObject(context, place, { ...translated, desired: claimed, takeOver, adopt });
  refuseShadowed(contested, translated.desired);
  const { verification, keepTargets, backendProblems, nextEndMs } = translated;
  const serving = context.verification.programmed(object, key, { gateway, verification, writes: outcome.writes });
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
  if (outcome.identityChanged || (shared && shared.id !== standsAs(object))) {
    context.caches.usersOf(key).forEach(context.enqueue);
  }
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

/**
 * Until the mirror is there nobody knows what Kong holds.
 * @throws NotReadyError; the gateway's own conditions say why.
 */
function requireMirror({ key, connection }: Gateway): void {
  if (connection.isMirrored) return;
  const where = `KongGateway ${key.namespace}/${key.name}`;
  throw new NotReadyError("GatewayNotReady", `${where} is not ready: ${connection.state.message}`);
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
