import { KONG_ENTITY_TYPES, type KongEntityType } from "../model/kong-entity.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import { CASCADES, referencesOf } from "../plan/entity-graph.ts";
import { MirrorIndex } from "./mirror-index.ts";
import { sameAnswer, type MirrorEntry, type ReadEntity } from "./mirror-entry.ts";

/** What a change in the mirror means to others. */
export interface MirrorListener {
  /** The entity is new, changed or gone: who waits for it may look again. */
  onEntity(id: string, change: "appeared" | "changed" | "gone"): void;
  /** Something no longer refers to the entity. */
  onReleased(entry: MirrorEntry): void;
}

/**
 * What one gateway holds under our instance's mark, in memory: found by id, by owner, and by what it refers to.
 *
 * Guarantees: a list never undoes what was learnt after the list began, nor touches an entity with a write under way; an
 * entity that Kong removes with its parent leaves the mirror with it.
 * Assumption: nobody else writes under our instance and cluster; what differs in a list is drift.
 */
export class Mirror {
  readonly #index = new MirrorIndex();
  /** When an entity was removed, for lists that began before. */
  readonly #removedAt = new Map<string, number>();
  readonly #beingWritten = new Map<string, number>();
  readonly #listener: MirrorListener;
  /** Tags that many entities share, each kept once. */
  readonly tags = new Map<string, string>();
  #clock = 0;

  constructor(listener: MirrorListener) {
    this.#listener = listener;
  }

  /** The time for a list that begins now. */
  tick(): number {
    return ++this.#clock;
  }

  get(type: KongEntityType, id: string): MirrorEntry | undefined {
    return this.#index.get(type, id);
  }

  ofType(type: KongEntityType): Iterable<MirrorEntry> {
    return this.#index.ofType(type).values();
  }

  *all(): Iterable<MirrorEntry> {
    for (const type of KONG_ENTITY_TYPES) yield* this.ofType(type);
  }

  ofOwner(owner: ObjectKey): readonly MirrorEntry[] {
    return this.#index.ofOwner(owner);
  }

  find(owner: ObjectKey, type: KongEntityType, part: string): MirrorEntry | undefined {
    return this.#index.find(owner, type, part);
  }

  /** The entities that refer to this one, an upstream's by the host of a service. */
  usersOf(entry: MirrorEntry): readonly MirrorEntry[] {
    return this.#index.usersOf(entry);
  }

  /** Our targets of one upstream. */
  targetsOf(upstreamId: string): MirrorEntry[] {
    return this.#index.referringTo(upstreamId).filter(({ type }) => type === "targets");
  }

  /** Other objects whose entities refer to those of `owner`. */
  usersOfOwner(owner: ObjectKey): ObjectKey[] {
    const users = new Map<string, ObjectKey>();
    for (const entry of this.ofOwner(owner)) {
      for (const user of this.usersOf(entry)) users.set(formatKey(user.owner), user.owner);
    }
    users.delete(formatKey(owner));
    return [...users.values()];
  }

  counts(): Record<string, number> {
    const counts = KONG_ENTITY_TYPES.map((type) => [type, this.#index.ofType(type).size] as const);
    return Object.fromEntries(counts.filter(([, count]) => count > 0));
  }

  get size(): number {
    return KONG_ENTITY_TYPES.reduce((sum, type) => sum + this.#index.ofType(type).size, 0);
  }

  /** Marks a write as under way, so that lists leave the entity alone; call the result when it is over. */
  beginWrite(id: string): () => void {
    this.#beingWritten.set(id, (this.#beingWritten.get(id) ?? 0) + 1);
    return () => {
      const left = (this.#beingWritten.get(id) ?? 1) - 1;
      if (left === 0) this.#beingWritten.delete(id);
      else this.#beingWritten.set(id, left);
    };
  }

  /**
   * Kong's answer to a write of ours.
   * @returns whether the entity was not here, or nobody was sure of it.
   */
  noteAnswer(entity: ReadEntity, desiredHash: string): boolean {
    const known = this.get(entity.type, entity.id);
    this.#put({ ...entity, seenAt: this.tick(), uncertain: false, desiredHash, isAnswer: true });
    return known === undefined || known.uncertain;
  }

  /** A write whose answer was lost: Kong may hold this. */
  noteUncertain(entity: ReadEntity): void {
    this.#put({ ...entity, seenAt: this.tick(), uncertain: true, isAnswer: false });
  }

  /** The entity was found to be what these desired fields ask for. */
  noteInSync(entry: MirrorEntry, desiredHash: string): void {
    entry.desiredHash = desiredHash;
  }

  /** The entity is gone, and with it what Kong removes along. */
  noteRemoved(entry: { readonly type: KongEntityType; readonly id: string }): void {
    this.#removedAt.set(entry.id, this.tick());
    const known = this.get(entry.type, entry.id);
    if (!known) return;
    for (const user of this.#index.referringTo(known.id)) {
      const cascades = referencesOf(user.type, user.fields).some(
        ({ id, field }) => id === known.id && CASCADES.has(`${user.type}.${field}`),
      );
      if (cascades) this.noteRemoved(user);
    }
    this.#remove(known);
  }

  /**
   * The entity turned out to be gone: then nothing refers to it any more, whether Kong took that along or it had to go first.
   * @returns the owners of all that is gone or changed by that.
   */
  noteVanished(entry: MirrorEntry): ObjectKey[] {
    const owners = this.#index.referringTo(entry.id).flatMap((user) => this.noteVanished(user));
    this.noteRemoved(entry);
    return [entry.owner, ...owners];
  }

  /** The entity no longer carries our marks; what refers to it stays. */
  noteReleased({ type, id }: { readonly type: KongEntityType; readonly id: string }): void {
    this.#removedAt.set(id, this.tick());
    const known = this.get(type, id);
    if (known) this.#remove(known);
  }

  /**
   * Takes over a finished list of one type that began at `startedAt`.
   * @param known the entries that the list would have shown, asked for when it has been taken in; all of the type unless
   * said otherwise.
   * @returns the owners of what differs from what was known.
   */
  applyList(
    type: KongEntityType,
    listed: readonly ReadEntity[],
    startedAt: number,
    known: () => Iterable<MirrorEntry> = () => this.ofType(type),
  ): ObjectKey[] {
    const changed = new Map<string, ObjectKey>();
    const seen = new Set<string>();
    for (const entity of listed) {
      seen.add(entity.id);
      const before = this.get(type, entity.id);
      if (!this.#listIsNewer(entity.id, before, startedAt)) continue;
      const isSame = before !== undefined && !before.uncertain && sameAnswer(before.fields, entity.fields);
      if (isSame) continue;
      for (const { owner } of before ? [before, entity] : [entity]) changed.set(formatKey(owner), owner);
      this.#put(
        { ...entity, seenAt: startedAt, uncertain: false, desiredHash: before?.desiredHash, isAnswer: false },
        "list",
      );
    }
    for (const entry of [...known()]) {
      if (seen.has(entry.id) || !this.#listIsNewer(entry.id, entry, startedAt)) continue;
      changed.set(formatKey(entry.owner), entry.owner);
      this.#remove(entry);
    }
    return [...changed.values()];
  }

  /** No list that began before `startedAt` is under way: what was remembered for such lists may go. */
  forgetRemovalsBefore(startedAt: number): void {
    for (const [id, removedAt] of this.#removedAt) if (removedAt < startedAt) this.#removedAt.delete(id);
  }

  clear(): void {
    for (const entry of [...this.all()]) this.#remove(entry);
    this.#removedAt.clear();
  }

  #listIsNewer(id: string, known: MirrorEntry | undefined, startedAt: number): boolean {
    if (this.#beingWritten.has(id)) return false;
    return (known?.seenAt ?? 0) < startedAt && (this.#removedAt.get(id) ?? 0) < startedAt;
  }

  /** What a list finds changed, its owner puts right first: who waits for a name that drift has freed would be first. */
  #put(entry: MirrorEntry, learntFrom: "answer" | "list" = "answer"): void {
    const known = this.get(entry.type, entry.id);
    if (known) this.#index.remove(known);
    this.#index.add(entry);
    if (known) this.#tellReleased(known, entry);
    if (!known) this.#listener.onEntity(entry.id, "appeared");
    else if (learntFrom === "answer" || formatKey(known.owner) !== formatKey(entry.owner))
      this.#listener.onEntity(entry.id, "changed");
  }

  #remove(entry: MirrorEntry): void {
    this.#index.remove(entry);
    this.#tellReleased(entry, undefined);
    this.#listener.onEntity(entry.id, "gone");
  }

  #tellReleased(before: MirrorEntry, after: MirrorEntry | undefined): void {
    for (const entry of this.#index.releasedBy(before, after)) this.#listener.onReleased(entry);
  }
}
