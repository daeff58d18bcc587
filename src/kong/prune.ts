import { DeletionBlockedError, type OperatorError } from "../errors.ts";
import type { KongOperation } from "../model/kong-entity.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import { AdminRejection } from "./admin-client.ts";
import { deleteEntities } from "./deletion.ts";
import type { MirrorEntry } from "./mirror-entry.ts";
import { rejectedError } from "./rejection.ts";
import type { GatewaySession } from "./session.ts";

export interface PruneOptions {
  /** True for objects that exist. Ask only when every informer has synced. */
  readonly known: (owner: ObjectKey) => boolean;
  /** True for namespaces whose objects we see: what we cannot see is not missing. */
  readonly watches: (namespace: string) => boolean;
  readonly policy: "Delete" | "Report";
  /** 1 to 100. */
  readonly maxPercent: number;
}

export interface PruneOutcome {
  /** Our entities that belong to no object. */
  readonly orphans: readonly MirrorEntry[];
  /** Of these, what is gone now, by its own request or along with another. */
  readonly deleted: readonly KongOperation[];
  /** The guard's bound: with more orphans than this nothing is deleted. */
  readonly limit: number;
  /** True where there are more. */
  readonly isOverLimit: boolean;
  /** Why some could not be deleted. */
  readonly blocked: readonly OperatorError[];
}

/**
 * Removes what carries our marks and belongs to no object: entities of our instance and our cluster, of namespaces that
 * we watch, whose object is unknown.
 *
 * The guard: `limit` is `maxPercent` of all our entities there, rounded down, and at least 1. A pass that would delete
 * more deletes nothing, because a mistake (a wrong kubeconfig, removed CRDs) looks just like it.
 */
export async function prune(session: GatewaySession, options: PruneOptions): Promise<PruneOutcome> {
  const { mayDelete, ...found } = guardedOrphans(session, options);
  const { orphans } = found;
  if (!mayDelete) return { ...found, deleted: [], blocked: [] };
  const blocked: OperatorError[] = [];
  for (const group of groupsOf(session, orphans)) {
    // Its object may have been made anew while others were removed, and have found the entity in place.
    if (group.some(({ owner }) => options.known(owner))) continue;
    blocked.push(...(await deleteGroup(session, group)));
  }
  const gone = orphans.filter(({ type, id }) => !session.mirror.get(type, id));
  const deleted = gone.map((entity): KongOperation => ({ action: "delete", entity, changes: [] }));
  return { ...found, deleted, blocked };
}

/** The orphans, and whether policy and guard let them go. */
export function guardedOrphans(
  session: GatewaySession,
  options: PruneOptions,
): Pick<PruneOutcome, "orphans" | "limit" | "isOverLimit"> & { readonly mayDelete: boolean } {
  const orphans = orphansOf(session, options);
  const limit = Math.max(1, Math.floor((session.mirror.size * options.maxPercent) / 100));
  const isOverLimit = orphans.length > limit;
  return { orphans, limit, isOverLimit, mayDelete: options.policy === "Delete" && !isOverLimit && orphans.length > 0 };
}

/**
 * @returns what kept parts of the group from being deleted.
 * @throws KongUnavailableError, GatewayAuthError, NotReadyError
 */
async function deleteGroup(session: GatewaySession, group: readonly MirrorEntry[]): Promise<OperatorError[]> {
  try {
    const { failures } = await deleteEntities(session, group, { policy: "Delete", force: false });
    return failures.map(({ operation, error }) => {
      if (error instanceof AdminRejection) return rejectedError(operation.entity, error);
      if (error instanceof DeletionBlockedError) return error;
      throw error;
    });
  } catch (error) {
    if (error instanceof DeletionBlockedError) return [error];
    throw error;
  }
}

export function orphansOf(
  session: GatewaySession,
  { known, watches }: Pick<PruneOptions, "known" | "watches">,
): MirrorEntry[] {
  const verdicts = new Map<string, boolean>();
  const isOrphan = ({ owner, cluster }: MirrorEntry): boolean => {
    if (cluster !== session.cluster || !watches(owner.namespace)) return false;
    const key = formatKey(owner);
    const verdict = verdicts.get(key) ?? !known(owner);
    verdicts.set(key, verdict);
    return verdict;
  };
  return [...session.mirror.all()].filter(isOrphan);
}

/** Orphans that refer to each other go together, so that a service does not wait for its own orphaned route. */
export function groupsOf(session: GatewaySession, orphans: readonly MirrorEntry[]): MirrorEntry[][] {
  const rest = new Map(orphans.map((entry) => [entry.id, entry]));
  const groups: MirrorEntry[][] = [];
  for (const first of orphans) {
    if (!rest.delete(first.id)) continue;
    const group = [first];
    for (const entry of group) {
      group.push(...session.mirror.usersOf(entry).filter(({ id }) => rest.delete(id)));
    }
    groups.push(group);
  }
  return groups;
}
