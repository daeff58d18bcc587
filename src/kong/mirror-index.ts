import { isJsonObject, type JsonObject } from "../model/json.ts";
import { KONG_ENTITY_TYPES, type KongEntityType } from "../model/kong-entity.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import { referencesOf } from "../plan/entity-graph.ts";
import type { MirrorEntry } from "./mirror-entry.ts";

/** Entries found by id, by owner and part, and by what they refer to. Tells nobody anything: that is the mirror's work. */
export class MirrorIndex {
  readonly #byType = new Map<KongEntityType, Map<string, MirrorEntry>>(
    KONG_ENTITY_TYPES.map((type) => [type, new Map()]),
  );
  readonly #byOwner = new Map<string, Set<MirrorEntry>>();
  readonly #byPart = new Map<string, MirrorEntry>();
  /** Parts that two entities have for a while: an adopted one and the one that was there before. */
  readonly #doubled = new Set<string>();
  readonly #byReference = new Map<string, Set<MirrorEntry>>();

  get(type: KongEntityType, id: string): MirrorEntry | undefined {
    return this.#byType.get(type)?.get(id);
  }

  ofType(type: KongEntityType): ReadonlyMap<string, MirrorEntry> {
    return this.#byType.get(type) ?? new Map();
  }

  ofOwner(owner: ObjectKey): readonly MirrorEntry[] {
    return [...(this.#byOwner.get(formatKey(owner)) ?? [])];
  }

  find(owner: ObjectKey, type: KongEntityType, part: string): MirrorEntry | undefined {
    return this.#byPart.get(partKey(owner, type, part));
  }

  /** Entries that refer to this id, by a reference that Kong knows. */
  referringTo(id: string): readonly MirrorEntry[] {
    return [...(this.#byReference.get(id) ?? [])];
  }

  /** Entries that refer to this one, an upstream's by the host of a service. */
  usersOf(entry: MirrorEntry): readonly MirrorEntry[] {
    const users = new Set(this.#byReference.get(entry.id));
    const byHost = entry.type === "upstreams" ? this.#byReference.get(hostKey(entry.fields["name"])) : undefined;
    for (const user of byHost ?? []) users.add(user);
    return [...users];
  }

  /** Entries that `before` refers to and `after` does not. */
  releasedBy(before: MirrorEntry, after: MirrorEntry | undefined): MirrorEntry[] {
    const kept = new Set(after ? referenceKeys(after.type, after.fields) : []);
    const lost = referenceKeys(before.type, before.fields).filter((key) => !kept.has(key));
    return lost.flatMap((key) => this.#referredBy(key));
  }

  add(entry: MirrorEntry): void {
    this.#byType.get(entry.type)?.set(entry.id, entry);
    addTo(this.#byOwner, formatKey(entry.owner), entry);
    const key = partKey(entry.owner, entry.type, entry.part);
    if (this.#byPart.has(key)) this.#doubled.add(key);
    this.#byPart.set(key, entry);
    for (const reference of referenceKeys(entry.type, entry.fields)) addTo(this.#byReference, reference, entry);
  }

  remove(entry: MirrorEntry): void {
    this.#byType.get(entry.type)?.delete(entry.id);
    removeFrom(this.#byOwner, formatKey(entry.owner), entry);
    for (const key of referenceKeys(entry.type, entry.fields)) removeFrom(this.#byReference, key, entry);
    const key = partKey(entry.owner, entry.type, entry.part);
    if (this.#byPart.get(key) === entry) this.#byPart.delete(key);
    if (!this.#doubled.has(key)) return;
    const others = this.ofOwner(entry.owner).filter(({ type, part }) => type === entry.type && part === entry.part);
    if (others.length < 2) this.#doubled.delete(key);
    const [other] = others;
    if (other && !this.#byPart.has(key)) this.#byPart.set(key, other);
  }

  #referredBy(key: string): MirrorEntry[] {
    if (!key.startsWith(HOST_PREFIX)) return [...this.#byType.values()].flatMap((entries) => entries.get(key) ?? []);
    return [...this.ofType("upstreams").values()].filter((entry) => hostKey(entry.fields["name"]) === key);
  }
}

const HOST_PREFIX = "host ";

function hostKey(name: unknown): string {
  return HOST_PREFIX + (typeof name === "string" ? name : "");
}

function referenceKeys(type: KongEntityType, fields: JsonObject): string[] {
  const keys = referencesOf(type, fields).map(({ id }) => id);
  if (type === "services" && typeof fields["host"] === "string") keys.push(hostKey(fields["host"]));
  // Not a reference by Kong's schema, and yet it keeps the CA certificate from being deleted (code 19).
  const { ca_certificates: trusted } = type === "plugins" && isJsonObject(fields["config"]) ? fields["config"] : {};
  if (Array.isArray(trusted)) keys.push(...trusted.filter((id) => typeof id === "string"));
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
