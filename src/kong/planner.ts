import type { FieldChange, KongEntity, KongOperation } from "../model/kong-entity.ts";
import type { ObjectKey } from "../model/object-key.ts";
import { planKong, type ActualEntity, type PlannedOperation } from "../plan/kong.ts";
import { selectOperations } from "../plan/plan-order.ts";
import type { MirrorEntry } from "./mirror-entry.ts";
import type { GatewaySession } from "./session.ts";
import { upstreamIdOf } from "./entity-paths.ts";
import { desiredHash } from "./writer.ts";

export interface ObjectPlan {
  readonly operations: readonly PlannedOperation[];
  /** Of the operations, those that undo what somebody did behind our back. */
  readonly drift: readonly KongOperation[];
  /** Paths of fields that the gateway's schema lacks. */
  readonly unknownFields: readonly string[];
}

/**
 * Makes sure that planning needs no request: the schemas of what is desired, and the targets of the upstreams concerned.
 * @throws KongRejectedError where the gateway lacks a type or a plugin; KongUnavailableError, GatewayAuthError.
 */
export async function prepare(
  session: GatewaySession,
  owner: ObjectKey,
  desired: readonly KongEntity[],
): Promise<void> {
  await session.catalog.load(desired);
  const upstreams = new Set<string>();
  for (const { type, id } of session.mirror.ofOwner(owner)) if (type === "upstreams") upstreams.add(id);
  for (const { type, fields } of desired) {
    const id = type === "targets" ? upstreamIdOf(fields) : undefined;
    if (id !== undefined && session.mirror.get("upstreams", id)) upstreams.add(id);
  }
  const unknown = [...upstreams].filter((id) => !session.targets.isKnown(id));
  if (unknown.length > 0) await Promise.all(unknown.map((id) => session.targets.ensure(id)));
}

export interface PlanOptions {
  /**
   * The object was programmed at this generation: where its desired fields are the same as then, a difference is drift.
   */
  readonly inSyncBefore: boolean;
  /** The object's targets come and go with what is found behind its backends: those that do are no drift. */
  readonly hasFoundTargets?: boolean;
  /** Not all targets are known, so that one which `desired` lacks may be wanted: none is deleted. */
  readonly keepTargets?: boolean;
  /** What the object takes over, though it does not carry our marks yet. */
  readonly adopted?: readonly ActualEntity[];
}

/**
 * The plan for one object, in memory. Only after {@link prepare}.
 */
export function planObject(
  session: GatewaySession,
  owner: ObjectKey,
  desired: readonly KongEntity[],
  { inSyncBefore, hasFoundTargets = false, keepTargets = false, adopted = [] }: PlanOptions,
): ObjectPlan {
  const { mirror, catalog } = session;
  const unchanged = new Set<string>();
  const unknownFields = new Set<string>();
  const isFound = ({ type }: KongEntity): boolean => hasFoundTargets && type === "targets";
  const compare = (entity: KongEntity, actual: ActualEntity): readonly FieldChange[] => {
    const completed = catalog.complete(entity);
    for (const path of completed.unknown) unknownFields.add(path);
    const changes = catalog.compare(entity, completed, actual);
    const entry = mirror.get(actual.type, actual.id);
    if (!entry) return changes;
    const hash = desiredHash(completed.send, entity);
    if (isUnchanged(entry, hash, session.cluster) && !(isFound(entity) && entry.desiredHash === undefined)) {
      unchanged.add(entity.id);
    }
    const differing = differences(entry, hash, completed.isOpaque, changes);
    if (differing.length === 0) mirror.noteInSync(entry, hash);
    return differing;
  };
  const plan = planKong({ desired, actual: [...mirror.ofOwner(owner), ...adopted], compare });
  const operations = keepTargets ? selectOperations(plan, isNoLostTarget) : plan;
  const isDrift = ({ action, entity }: KongOperation): boolean =>
    inSyncBefore && (action === "update" ? unchanged.has(entity.id) : !isFound(entity));
  for (const { action, entity } of operations) {
    if (action === "create") for (const path of catalog.complete(entity).unknown) unknownFields.add(path);
  }
  return { operations, drift: operations.filter(isDrift), unknownFields: [...unknownFields] };
}

function isNoLostTarget({ action, entity }: KongOperation): boolean {
  return action !== "delete" || entity.type !== "targets";
}

/** Something has to be written, but nobody can say which field. */
const ANY_CHANGE: readonly FieldChange[] = [{ path: "*" }];

function differences(
  entry: MirrorEntry,
  hash: string,
  isOpaque: boolean,
  changes: readonly FieldChange[],
): readonly FieldChange[] {
  if (entry.uncertain) return ANY_CHANGE;
  const isSameRequest = entry.desiredHash === hash;
  // Kong was given exactly this and answered exactly that: what differs is a transformation that we do not know.
  if (changes.length > 0) return entry.isAnswer && isSameRequest ? [] : changes;
  return isOpaque && entry.desiredHash !== undefined && !isSameRequest ? ANY_CHANGE : [];
}

function isUnchanged(entry: MirrorEntry, hash: string, cluster: string): boolean {
  return entry.cluster === cluster && (entry.desiredHash === undefined || entry.desiredHash === hash);
}
