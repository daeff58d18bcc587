import type { JsonObject } from "../model/json.ts";
import { KONG_ENTITY_TYPES, type KongEntityType } from "../model/kong-entity.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import { CASCADES, referencesOf } from "../plan/entity-graph.ts";
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
  readonly #byType = new Map<KongEntityType, Map<string, MirrorEntry>>(
    KONG_ENTITY_TYPES.map((type) => [type, new Map()]),
  );
  readonly #byOwner = new Map<string, Set<MirrorEntry>>();
  readonly #byPart = new Map<string, MirrorEntry>();
  readonly #byReference = new Map<string, Set<MirrorEntry>>();
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
    return this.#byType.get(type)?.get(id);
  }

  ofType(type: KongEntityType): Iterable<MirrorEntry> {
    return this.#byType.get(type)?.values() ?? [];
  }

  *all(): Iterable<MirrorEntry> {
    for (const entries of this.#byType.values()) yield* entries.values();
  }

  ofOwner(owner: ObjectKey): readonly MirrorEntry[] {
    return [...(this.#byOwner.get(formatKey(owner)) ?? [])];
  }

  find(owner: ObjectKey, type: KongEntityType, part: string): MirrorEntry | undefined {
    return this.#byPart.get(partKey(owner, type, part));
  }

  /** The entities that refer to this one, an upstream's by the host of a service. */
  usersOf(entry: MirrorEntry): readonly MirrorEntry[] {
    const users = new Set(this.#byReference.get(entry.id));
    for (const user of this.#byReference.get(hostKey(entry.type === "upstreams" ? entry.fields["name"] : undefined)) ??
      [])
      users.add(user);
    return [...users];
  }

  counts(): Record<string, number> {
    return Object.fromEntries(
      [...this.#byType].filter(([, entries]) => entries.size > 0).map(([type, entries]) => [type, entries.size]),
    );
  }

  get size(): number {
    return [...this.#byType.values()].reduce((sum, entries) => sum + entries.size, 0);
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

  /** Kong's answer to a write of ours. */
  noteAnswer(entity: ReadEntity, desiredHash: string): void {
    this.#put({ ...entity, seenAt: this.tick(), uncertain: false, desiredHash, isAnswer: true });
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
    for (const user of [...(this.#byReference.get(known.id) ?? [])]) {
      const cascades = referencesOf(user.type, user.fields).some(
        ({ id, field }) => id === known.id && CASCADES.has(`${user.type}.${field}`),
      );
      if (cascades) this.noteRemoved(user);
    }
    this.#remove(known);
  }

  /** The entity no longer carries our marks; what refers to it stays. */
  noteReleased({ type, id }: { readonly type: KongEntityType; readonly id: string }): void {
    this.#removedAt.set(id, this.tick());
    const known = this.get(type, id);
    if (known) this.#remove(known);
  }

  /**
   * Takes over a finished list of one type that began at `startedAt`.
   * @param covers which known entries the list would have shown; all of the type unless said otherwise.
   * @returns the owners of what differs from what was known.
   */
  applyList(
    type: KongEntityType,
    listed: readonly ReadEntity[],
    startedAt: number,
    covers: (entry: MirrorEntry) => boolean = () => true,
  ): ObjectKey[] {
    const changed = new Map<string, ObjectKey>();
    const seen = new Set<string>();
    for (const entity of listed) {
      seen.add(entity.id);
      const known = this.get(type, entity.id);
      if (!this.#listIsNewer(entity.id, known, startedAt)) continue;
      const isSame = known !== undefined && !known.uncertain && sameAnswer(known.fields, entity.fields);
      if (isSame) continue;
      for (const { owner } of known ? [known, entity] : [entity]) changed.set(formatKey(owner), owner);
      this.#put({ ...entity, seenAt: startedAt, uncertain: false, desiredHash: known?.desiredHash, isAnswer: false });
    }
    for (const entry of [...this.ofType(type)]) {
      if (seen.has(entry.id) || !covers(entry) || !this.#listIsNewer(entry.id, entry, startedAt)) continue;
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

  #put(entry: MirrorEntry): void {
    const known = this.get(entry.type, entry.id);
    if (known) this.#replace(known, entry);
    else this.#index(entry);
    this.#listener.onEntity(entry.id, known ? "changed" : "appeared");
  }

  #replace(known: MirrorEntry, entry: MirrorEntry): void {
    this.#unindex(known);
    this.#index(entry);
    this.#tellReleased(known, entry);
  }

  #remove(entry: MirrorEntry): void {
    this.#unindex(entry);
    this.#tellReleased(entry, undefined);
    this.#listener.onEntity(entry.id, "gone");
  }

  #tellReleased(before: MirrorEntry, after: MirrorEntry | undefined): void {
    const kept = new Set(after ? referenceKeys(after.type, after.fields) : []);
    for (const key of referenceKeys(before.type, before.fields)) {
      if (kept.has(key)) continue;
      for (const entry of this.#referredBy(key)) this.#listener.onReleased(entry);
    }
  }

  #referredBy(key: string): MirrorEntry[] {
    if (!key.startsWith(HOST_PREFIX)) return [...this.#byType.values()].flatMap((entries) => entries.get(key) ?? []);
    return [...this.ofType("upstreams")].filter((entry) => hostKey(entry.fields["name"]) === key);
  }

  #index(entry: MirrorEntry): void {
    this.#byType.get(entry.type)?.set(entry.id, entry);
    addTo(this.#byOwner, formatKey(entry.owner), entry);
    this.#byPart.set(partKey(entry.owner, entry.type, entry.part), entry);
    for (const key of referenceKeys(entry.type, entry.fields)) addTo(this.#byReference, key, entry);
  }

  #unindex(entry: MirrorEntry): void {
    this.#byType.get(entry.type)?.delete(entry.id);
    removeFrom(this.#byOwner, formatKey(entry.owner), entry);
    for (const key of referenceKeys(entry.type, entry.fields)) removeFrom(this.#byReference, key, entry);
    const key = partKey(entry.owner, entry.type, entry.part);
    if (this.#byPart.get(key) !== entry) return;
    this.#byPart.delete(key);
    // Two entities of one part are possible for a while: an adopted one and the one that was there before.
    const other = this.ofOwner(entry.owner).find(({ type, part }) => type === entry.type && part === entry.part);
    if (other) this.#byPart.set(key, other);
  }
}

const HOST_PREFIX = "host ";

function hostKey(name: unknown): string {
  return HOST_PREFIX + (typeof name === "string" ? name : "");
}

function referenceKeys(type: KongEntityType, fields: JsonObject): string[] {
  const keys = referencesOf(type, fields).map(({ id }) => id);
  if (type === "services" && typeof fields["host"] === "string") keys.push(hostKey(fields["host"]));
  return keys;
}

function partKey(owner: ObjectKey, type: KongEntityType, part: string): string {
  return `${formatKey(owner)} ${type} ${part}`;
}

function addTo<T>(index: Map<string, Set<T>>, key: string, value: T): void {
  const values = index.get(key);
  if (values) values.add(value);
  else index.set(key, new Set([value]));
}

function removeFrom<T>(index: Map<string, Set<T>>, key: string, value: T): void {
  const values = index.get(key);
  values?.delete(value);
  if (values?.size === 0) index.delete(key);
}
