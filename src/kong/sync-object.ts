import type { NotReadyError } from "../errors.ts";
import type { FieldChange, KongEntity, KongOperation } from "../model/kong-entity.ts";
import type { ObjectKey } from "../model/object-key.ts";
import type { ActualEntity } from "../plan/kong.ts";
import { selectOperations } from "../plan/plan-order.ts";
import { AdminRejection } from "./admin-client.ts";
import { findAdoptions, type AdoptOptions } from "./adopt.ts";
import { applyPlan, type Applied } from "./apply.ts";
import { deleteEntities, type DeletionOptions } from "./deletion.ts";
import { driftPaths } from "./drift-paths.ts";
import { upstreamIdOf } from "./entity-paths.ts";
import { explainFailures } from "./failures.ts";
import { holdBack, movedHost } from "./held-back.ts";
import { planObject, prepare, type ObjectPlan } from "./planner.ts";
import { isTaken } from "./rejection.ts";
import type { GatewaySession } from "./session.ts";
import { writeOperation } from "./writer.ts";

export interface SyncOptions {
  /**
   * The object was programmed in this very gateway at this generation: a difference is then drift, unless its desired
   * fields have changed by way of a Secret or a reference.
   */
  readonly inSyncBefore?: boolean;
  /** The object's targets are found behind its backends: their coming and going is no drift. */
  readonly hasFoundTargets?: boolean;
  /** Entities under the marks of other objects of ours that become this one's: they count as its own from now on. */
  readonly takeOver?: readonly ActualEntity[];
  /** A service goes over to a new upstream only when the gateway is ready to serve from there; see {@link holdBack}. */
  readonly awaitBalancers?: boolean;
  /** Entities that stand in Kong without our marks may be taken over. */
  readonly adopt?: AdoptOptions;
  /** Not all targets are known, so that one which `desired` lacks may be wanted: none is deleted. */
  readonly keepTargets?: boolean;
  /** When the object was created, RFC 3339: where two want one name at a gateway without a database, the older has it. */
  readonly createdAt?: string | undefined;
  /** The object is being deleted: `desired` is empty. */
  readonly deletion?: DeletionOptions;
}

export interface SyncOutcome {
  /** Requests that changed something. */
  readonly writes: number;
  readonly operations: readonly KongOperation[];
  /** An entity came, or its id or name changed: whoever refers to the object may have to look again. */
  readonly identityChanged: boolean;
  /** Differences that nobody asked for: repaired with drift policy Repair, left with Report. */
  readonly drifted: readonly FieldChange[];
  /** Of {@link drifted}, what still differs. */
  readonly leftDrifted: readonly FieldChange[];
  /** Paths of fields that the gateway's schema lacks and that were not sent. */
  readonly unknownFields: readonly string[];
  /** Something is left to be removed then. */
  readonly againAfterMs?: number | undefined;
  /** Entities of a forced deletion that stay in Kong without our marks, in words. */
  readonly leftBehind: readonly string[];
}

/**
 * Makes Kong hold what one object asks for.
 * @throws OperatorError of the first operation that failed, after all others that do not need it have been tried:
 * KongRejectedError (`Rejected`, `Conflict`, `AdoptMismatch`, `AdoptNotFound`, `NotSupportedByGateway`), NotReadyError
 * where a reference is not in Kong, DeletionBlockedError, KongUnavailableError, GatewayAuthError.
 */
export async function syncObject(
  session: GatewaySession,
  owner: ObjectKey,
  desired: readonly KongEntity[],
  options: SyncOptions & { readonly driftPolicy: "Repair" | "Report" },
): Promise<SyncOutcome> {
  if (options.deletion) return deleteObject(session, owner, options.deletion);
  const first = await attempt(session, owner, desired, options);
  if (!hasOldTargets(session, first)) return conclude(session, owner, first);
  // Targets were listed before somebody added the same: with a new list it is an update, or a conflict with a name.
  const second = await attempt(session, owner, desired, options);
  const arrived = new Set([...first.arrived, ...second.arrived]);
  return conclude(session, owner, { ...second, arrived, done: [...first.done, ...second.done] });
}

interface Attempt extends Applied {
  readonly found: Pick<SyncOutcome, "drifted" | "leftDrifted" | "unknownFields">;
  readonly namesBefore: ReadonlyMap<string, unknown>;
  /** Ids of what came into the mirror, be it by an update: it was gone meanwhile, or nobody was sure of it. */
  readonly arrived: ReadonlySet<string>;
  /** A service waits for its new upstream. */
  readonly waiting?: NotReadyError | undefined;
  readonly removeAfterMs?: number | undefined;
}

async function attempt(
  session: GatewaySession,
  owner: ObjectKey,
  desired: readonly KongEntity[],
  options: SyncOptions & { readonly driftPolicy: "Repair" | "Report" },
): Promise<Attempt> {
  await prepare(session, owner, desired);
  const { operations, unknownFields, ...planned } = await planWithAdoptions(session, owner, desired, options);
  const drift = planned.drift.filter((operation) => !isPutOff(session, operation));
  const drifted = drift.flatMap((operation) => driftPaths(operation, desired));
  const isLeft = options.driftPolicy === "Report" && drift.length > 0;
  const wanted = isLeft ? selectOperations(operations, (operation) => !drift.includes(operation)) : operations;
  const found = { drifted, leftDrifted: isLeft ? drifted : [], unknownFields };
  if (wanted.length === 0) return { found, done: [], failures: [], namesBefore: new Map(), arrived: new Set() };
  session.assertWritable();
  const { plan, ...heldBack } = options.awaitBalancers ? await holdBack(session, wanted) : { plan: wanted };
  const namesBefore = new Map(session.mirror.ofOwner(owner).map(({ id, fields }) => [id, nameOf(fields)]));
  const arrived = new Set<string>();
  const applied = await applyPlan(plan, async (operation) => {
    const moved = options.awaitBalancers ? movedHost(session, operation) : undefined;
    if (await writeOperation(session, operation)) arrived.add(operation.entity.id);
    if (moved) session.balancers.noteLeft(moved.before);
    if (operation.action === "create" && operation.entity.type === "upstreams") {
      session.balancers.noteCreated(operation.entity.id);
    }
  });
  return { found, namesBefore, arrived, ...heldBack, ...applied };
}

/** The removal of an upstream that has waited until no worker used it any more. */
function isPutOff({ balancers }: GatewaySession, { action, entity }: KongOperation): boolean {
  return action === "delete" && entity.type === "upstreams" && balancers.wasLeft(String(nameOf(entity.fields)));
}

/** The plan, and what it takes over: that is not in the mirror yet. Only after {@link prepare}. */
export async function planWithAdoptions(
  session: GatewaySession,
  owner: ObjectKey,
  desired: readonly KongEntity[],
  { inSyncBefore = false, hasFoundTargets = false, keepTargets = false, adopt, takeOver = [] }: SyncOptions,
): Promise<ObjectPlan & { readonly adopted: readonly ActualEntity[] }> {
  const plan = planObject(session, owner, desired, { inSyncBefore, hasFoundTargets, keepTargets, adopted: takeOver });
  const missing = new Set(plan.operations.flatMap(({ action, entity }) => (action === "create" ? [entity.id] : [])));
  if (!adopt || missing.size === 0) return { ...plan, adopted: [] };
  session.assertWritable();
  const adoption = await findAdoptions(session, desired, missing, adopt);
  const adopted = [...takeOver, ...adoption.adopted];
  return { ...planObject(session, owner, adoption.desired, { inSyncBefore: false, keepTargets, adopted }), adopted };
}

/** True where a target was refused as taken and its upstream's list is an earlier one, which is then forgotten. */
function hasOldTargets(session: GatewaySession, { failures }: Applied): boolean {
  const upstreams = failures.flatMap(({ operation: { action, entity }, error }) => {
    const id = upstreamIdOf(entity.fields);
    const isTakenTarget =
      entity.type === "targets" && action === "create" && error instanceof AdminRejection && isTaken(error);
    return isTakenTarget && id !== undefined ? [id] : [];
  });
  for (const id of upstreams) session.targets.forget(id);
  return upstreams.length > 0;
}

async function conclude(session: GatewaySession, owner: ObjectKey, result: Attempt): Promise<SyncOutcome> {
  const { found, done, failures, namesBefore, arrived, waiting, removeAfterMs } = result;
  if (failures.length > 0) throw await explainFailures(session, owner, failures);
  if (waiting) throw waiting;
  const isIdentity = ({ action, entity }: KongOperation): boolean =>
    action === "create" || arrived.has(entity.id) || nameOf(entity.fields) !== namesBefore.get(entity.id);
  const outcome = { writes: done.length, operations: done, identityChanged: done.some(isIdentity) };
  return { ...outcome, ...found, againAfterMs: removeAfterMs, leftBehind: [] };
}

async function deleteObject(session: GatewaySession, owner: ObjectKey, options: DeletionOptions): Promise<SyncOutcome> {
  await prepare(session, owner, []);
  const { done, failures, leftBehind } = await deleteEntities(session, session.mirror.ofOwner(owner), options);
  if (failures.length > 0) throw await explainFailures(session, owner, failures);
  return {
    writes: done.length,
    operations: done,
    identityChanged: done.length > 0,
    drifted: [],
    leftDrifted: [],
    unknownFields: [],
    leftBehind,
  };
}

function nameOf(fields: KongEntity["fields"]): unknown {
  return fields["name"] ?? fields["username"];
}
