import { DeletionBlockedError, KongRejectedError, PendingError, type OperatorError } from "../../errors.ts";
import type { KongEntity, KongOperation } from "../../model/kong-entity.ts";
import type { ObjectKey } from "../../model/object-key.ts";
import { redirectReferences, referencesOf, uniqueKeysOf } from "../../plan/entity-graph.ts";
import { keptTargets } from "../../plan/kept-targets.ts";
import type { AdoptOptions } from "../adopt.ts";
import { wordFor } from "../conflict.ts";
import type { ConnectionSession } from "../connection-session.ts";
import { refuseWhileUsed, type DeletionOptions } from "../deletion.ts";
import { driftPaths } from "../drift-paths.ts";
import type { MirrorEntry } from "../mirror-entry.ts";
import { planObject, prepare, type ObjectPlan } from "../planner.ts";
import type { SyncOptions, SyncOutcome } from "../sync-object.ts";
import type { Changes } from "./changes.ts";
import type { DocumentEntity } from "./document.ts";
import type { LeftEntity } from "./inventory.ts";
import type { Loaded } from "./loaded.ts";

export interface ObjectSyncOptions {
  readonly session: ConnectionSession;
  readonly loaded: Loaded;
  readonly changes: Changes;
  /** Asks for a load; of what is asked for already another load need not be waited for. */
  readonly load: (isNew: boolean) => void;
}

/** What one object's sync does at a gateway without a database: it compares, and records what is to be loaded. */
export class ObjectSync {
  readonly #options: ObjectSyncOptions;

  constructor(options: ObjectSyncOptions) {
    this.#options = options;
  }

  /**
   * @param options.drift what somebody else did to the object's entities in a Pod.
   * @throws PendingError where the object is to be loaded; KongRejectedError, NotReadyError where the last load could not
   * do with it; KongUnavailableError, GatewayAuthError.
   */
  async sync(
    owner: ObjectKey,
    desired: readonly KongEntity[],
    options: SyncOptions & { readonly drift: readonly KongOperation[] },
  ): Promise<SyncOutcome> {
    const { session, loaded, changes } = this.#options;
    const { inSyncBefore = false, hasFoundTargets = false, keepTargets = false } = options;
    const kept = keepTargets ? keptTargets(session.mirror.ofOwner(owner), desired) : [];
    const whole = [...desired, ...kept];
    await prepare(session, owner, whole);
    const plan = planObject(session, owner, desired, {
      inSyncBefore,
      hasFoundTargets,
      keepTargets,
      adopted: options.takeOver ?? [],
    });
    const isReport = session.settings.driftPolicy === "Report";
    const drifted = [...plan.drift, ...options.drift].flatMap((operation) => driftPaths(operation, desired));
    const isLeft = isReport && plan.drift.length > 0 && plan.drift.length === plan.operations.length;
    if (plan.operations.length === 0 || isLeft) {
      const before = changes.get(owner);
      changes.drop(owner);
      const found = [...(before?.drifted ?? []), ...drifted];
      return { ...NOTHING, drifted: found, leftDrifted: isReport ? found : [], unknownFields: plan.unknownFields };
    }
    const wanted = whole.map((entity) => loaded.wanted(entity));
    if (options.adopt) this.#adopt(plan, desired, options.adopt);
    const isNew = changes.record({ owner, entities: wanted, createdAt: options.createdAt ?? "", drifted });
    const setback = this.#setbackOf(plan, wanted);
    if (setback) throw setback;
    session.assertWritable();
    this.#options.load(isNew);
    throw new PendingError("handed over to the gateway together with other changes");
  }

  /** @throws PendingError until the gateway holds nothing of the object; DeletionBlockedError */
  remove(owner: ObjectKey, deletion: DeletionOptions): SyncOutcome {
    const { session, loaded, changes } = this.#options;
    const entries = session.mirror.ofOwner(owner);
    if (entries.length === 0 && !changes.get(owner)) return NOTHING;
    refuseWhileUsed(session, entries, deletion.cascade ?? false);
    this.#refuseWhileUsedByLeft(entries, deletion);
    session.assertWritable();
    if (deletion.policy === "Orphan") loaded.leave(entries);
    this.#options.load(changes.record({ owner, entities: [], createdAt: "", drifted: [] }));
    throw new PendingError("leaves the gateway together with other changes");
  }

  /** Records that a group of orphans goes. @returns what keeps it. */
  removeOrphans(group: readonly MirrorEntry[]): OperatorError[] {
    const { session, changes } = this.#options;
    try {
      refuseWhileUsed(session, group, false);
    } catch (error) {
      if (error instanceof DeletionBlockedError) return [error];
      throw error;
    }
    for (const { owner } of group) changes.record({ owner, entities: [], createdAt: "", drifted: [] });
    return [];
  }

  /** Why nothing of what is missing can be loaded; undefined where something can be tried. */
  #setbackOf({ operations }: ObjectPlan, wanted: readonly DocumentEntity[]): OperatorError | undefined {
    const { changes } = this.#options;
    const versions = new Map(wanted.map((entity) => [entity.id, entity]));
    let first: OperatorError | undefined;
    for (const { entity } of operations) {
      const version = versions.get(entity.id);
      const error = version && (changes.refusalOf(version) ?? changes.setbackOf(version));
      if (!error) return undefined;
      // A refusal says more than that something waits for what was refused.
      if (!first || (error instanceof KongRejectedError && !(first instanceof KongRejectedError))) first = error;
    }
    return first;
  }

  /** An object may take the place of what stands in the configuration without an owner. */
  #adopt({ operations }: ObjectPlan, desired: readonly KongEntity[], { mode, id }: AdoptOptions): void {
    const { loaded } = this.#options;
    const missing = new Set(operations.flatMap(({ action, entity }) => (action === "create" ? [entity.id] : [])));
    for (const [index, entity] of desired.entries()) {
      if (!missing.has(entity.id)) continue;
      const keys = new Set(uniqueKeysOf(entity.type, entity.fields));
      const found = loaded.left.find(
        (each) =>
          each.type === entity.type &&
          (index === 0 && id !== undefined
            ? each.id === id
            : uniqueKeysOf(each.type, each.fields).some((key) => keys.has(key))),
      );
      if (index === 0 && id !== undefined && !found) throw notFound(entity, id);
      if (found) this.#takeOver(found, entity, mode);
    }
  }

  #takeOver(found: LeftEntity, entity: KongEntity, mode: AdoptOptions["mode"]): void {
    const { session, loaded } = this.#options;
    const changes = session.catalog
      .compare(entity, session.catalog.complete(entity), found)
      .filter(({ path }) => path !== "tags");
    if (mode === "match" && changes.length > 0) throw mismatch(entity, changes.map(({ path }) => path).join(", "));
    loaded.dropLeft(found.id);
    const ids = new Map([[found.id, entity.id]]);
    for (const each of loaded.left)
      loaded.replaceLeft({ ...each, fields: redirectReferences(each.type, each.fields, ids) });
  }

  /** What was left in place and refers to the object's entities would be nobody's loss to notice. */
  #refuseWhileUsedByLeft(entries: readonly MirrorEntry[], { force, policy }: DeletionOptions): void {
    const { loaded } = this.#options;
    const ids = new Set(entries.map(({ id }) => id));
    const users = loaded.left.filter(({ type, fields }) => referencesOf(type, fields).some(({ id }) => ids.has(id)));
    if (users.length === 0 || force || policy === "Orphan") return;
    const names = users.slice(0, 5).map(({ type, id }) => `${wordFor(type)} ${id}`);
    throw new DeletionBlockedError(
      "ForeignDependents",
      `still referred to by ${names.join(", ")}, which deletionPolicy Orphan has left in place; ` +
        "adopt them, or annotate the object with kjo.dev/force-delete=true to let them go along",
    );
  }
}

const NOTHING: SyncOutcome = {
  writes: 0,
  operations: [],
  identityChanged: false,
  drifted: [],
  leftDrifted: [],
  unknownFields: [],
  leftBehind: [],
};

function notFound({ type }: KongEntity, id: string): KongRejectedError {
  const message = `spec.adopt.id: the gateway has no ${wordFor(type)} ${id}`;
  return new KongRejectedError("AdoptNotFound", message, { status: 404 });
}

function mismatch({ type }: KongEntity, paths: string): KongRejectedError {
  const message = `the ${wordFor(type)} to be adopted differs in ${paths}: change the spec to match it, or set spec.adopt.mode to override`;
  return new KongRejectedError("AdoptMismatch", message, { status: 409 });
}
