import { DeletionBlockedError } from "../errors.ts";
import type { JsonObject } from "../model/json.ts";
import type { KongOperation } from "../model/kong-entity.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import { planKong } from "../plan/kong.ts";
import { AdminRejection } from "./admin-client.ts";
import { applyPlan, type Applied, type Failure } from "./apply.ts";
import { wordFor } from "./conflict.ts";
import { listBlocking, listCascading } from "./foreign-dependents.ts";
import type { MirrorEntry } from "./mirror-entry.ts";
import { isReferenced } from "./rejection.ts";
import type { GatewaySession } from "./session.ts";
import { releaseEntity, writeOperation } from "./writer.ts";

export interface DeletionOptions {
  /** `Orphan` leaves the entities in Kong, without our marks. */
  readonly policy: "Delete" | "Orphan";
  /** Lets what others attached go along, and leaves behind what others refer to. */
  readonly force: boolean;
  /** Lets plugins that other objects of ours have on it go along, as Kong has it, instead of waiting for those objects. */
  readonly cascade?: boolean;
}

export interface Deletion extends Applied {
  /** Entities that stay in Kong without our marks, in words, because others refer to them. */
  readonly leftBehind: readonly string[];
}

/** Most names in one message. */
const LISTED = 10;

/**
 * Removes entities of ours from Kong.
 * @throws DeletionBlockedError `InUse` where other objects of ours refer to them; `ForeignDependents` where what others
 * attached would go along or stands in the way. Nothing has been removed then.
 */
export async function deleteEntities(
  session: GatewaySession,
  entries: readonly MirrorEntry[],
  options: DeletionOptions,
): Promise<Deletion> {
  refuseWhileUsed(session, entries, options.cascade ?? false);
  if (!options.force && options.policy === "Delete") refuseWhileLeaving(session, entries);
  if (entries.length > 0) session.assertWritable();
  if (options.policy === "Orphan") return orphan(session, entries);
  const plan = planKong({ desired: [], actual: entries, compare: () => [] });
  if (!options.force) await refuseForeignCascade(session, plan);
  const leftBehind: string[] = [];
  const applied = await applyPlan(plan, async (operation) => {
    try {
      await writeOperation(session, operation);
    } catch (error) {
      if (!(error instanceof AdminRejection && isReferenced(error))) throw error;
      const { entity } = operation;
      const blocking = await listBlocking(session, entity);
      if (!options.force)
        throw foreignDependents(`${wordFor(entity.type)} ${nameOf(entity.fields, entity.id)} is`, blocking);
      await releaseEntity(session, entity);
      leftBehind.push(`${wordFor(entity.type)} ${nameOf(entity.fields, entity.id)}`);
    }
  });
  return { ...applied, leftBehind };
}

/**
 * Nothing that other objects of ours use goes. `cascade` makes an exception of plugins.
 * @throws DeletionBlockedError `InUse`
 */
export function refuseWhileUsed(session: GatewaySession, entries: readonly MirrorEntry[], cascade: boolean): void {
  const going = new Set(entries.map(({ id }) => id));
  const owners = new Map(entries.map(({ owner }) => [formatKey(owner), owner]));
  const users = new Map<string, ObjectKey>();
  for (const entry of entries) {
    const others = session.mirror
      .usersOf(entry)
      .filter((user) => !going.has(user.id) && !(cascade && user.type === "plugins"));
    for (const { owner } of others) users.set(formatKey(owner), owner);
    if (others.length > 0) for (const owner of owners.values()) session.waiting.add(releaseOf(entry.id), owner);
  }
  if (users.size === 0) return;
  throw new DeletionBlockedError(
    "InUse",
    `still used by ${someOf([...users.keys()])}; delete them or let them use something else`,
  );
}

/** A service went over to another host a moment ago: requests may still be on their way to this upstream. */
function refuseWhileLeaving({ balancers }: GatewaySession, entries: readonly MirrorEntry[]): void {
  for (const { type, fields } of entries) {
    const name = type === "upstreams" ? nameOf(fields, "") : "";
    const leavingMs = balancers.leavingMs(name);
    if (leavingMs === 0) continue;
    throw new DeletionBlockedError(
      "StillServing",
      `a service has just left upstream ${name}, and the gateway's workers may still send requests there; removed in ${Math.ceil(leavingMs / 1000)} s`,
      { retryAfterMs: leavingMs },
    );
  }
}

/** Name under which objects wait until nothing refers to the entity any more. */
export function releaseOf(entityId: string): string {
  return `users of ${entityId}`;
}

async function refuseForeignCascade(session: GatewaySession, plan: readonly KongOperation[]): Promise<void> {
  const lists = await Promise.all(plan.map(({ entity }) => listCascading(session, entity)));
  const foreign = lists.flat();
  if (foreign.length > 0) throw foreignDependents("what others attached to it would be removed along:", foreign);
}

function foreignDependents(what: string, dependents: readonly string[]): DeletionBlockedError {
  const list = what.endsWith(":")
    ? `${what} ${someOf(dependents)}`
    : `${what} still referred to by ${someOf(dependents)}`;
  return new DeletionBlockedError(
    "ForeignDependents",
    `${list}; the operator did not make them: remove them, or annotate the object with kjo.dev/force-delete=true`,
  );
}

async function orphan(session: GatewaySession, entries: readonly MirrorEntry[]): Promise<Deletion> {
  const failures: Failure[] = [];
  const done: KongOperation[] = [];
  await Promise.all(
    entries.map(async (entity) => {
      const operation: KongOperation = { action: "update", entity, changes: [{ path: "tags" }] };
      try {
        await releaseEntity(session, entity);
        done.push(operation);
      } catch (error) {
        failures.push({ operation, error });
      }
    }),
  );
  return { done, failures, leftBehind: [] };
}

function nameOf(fields: JsonObject, id: string): string {
  return typeof fields["name"] === "string" ? fields["name"] : id;
}

function someOf(names: readonly string[]): string {
  if (names.length === 0) return "others";
  const shown = names.slice(0, LISTED).join(", ");
  return names.length > LISTED ? `${shown} and ${names.length - LISTED} more` : shown;
}
