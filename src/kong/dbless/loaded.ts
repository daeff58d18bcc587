import { hash } from "node:crypto";
import type { Json, JsonObject } from "../../model/json.ts";
import { isJsonObject } from "../../model/json.ts";
import type { KongEntity, Lifetime } from "../../model/kong-entity.ts";
import { formatKey, type ObjectKey } from "../../model/object-key.ts";
import { secondsLeft } from "../../plan/lifetime.ts";
import type { ConnectionSession } from "../connection-session.ts";
import { readEntity, type MirrorEntry } from "../mirror-entry.ts";
import { candidatesOf, type Change, type Changes } from "./changes.ts";
import { makeConsistent, type Candidate, type Consistent } from "./consistency.ts";
import { loadedEntity, wantedEntity, writeDocument, type Document, type DocumentEntity } from "./document.ts";
import { TAG_LEFT, type LeftEntity } from "./inventory.ts";

/** A document that is about to be loaded, with what it was made of. */
export interface Draft extends Consistent {
  /** False where it asks for nothing that is not loaded, though its text may be another: seconds that are left change it. */
  readonly isNew: boolean;
  readonly document: Document;
  readonly changes: readonly Change[];
}

/** What a gateway without a database is to hold: what is loaded, in the mirror, and beside it what nobody owns. */
export class Loaded {
  readonly #session: ConnectionSession;
  readonly #changes: Changes;
  readonly #left = new Map<string, LeftEntity>();
  /** When credentials that end by themselves do so. */
  readonly #lifetimes = new Map<string, Lifetime>();
  readonly #asDocument = new WeakMap<MirrorEntry, DocumentEntity>();
  readonly #now: () => Date;

  constructor(session: ConnectionSession, changes: Changes, now: () => Date) {
    this.#session = session;
    this.#changes = changes;
    this.#now = now;
  }

  get left(): readonly LeftEntity[] {
    return [...this.#left.values()];
  }

  /** Entities that stay though they belong to no object. */
  setLeft(left: readonly LeftEntity[]): void {
    this.#left.clear();
    for (const entity of left) this.#left.set(entity.id, entity);
  }

  /** Lets an object's entities stay, without our marks but for one that tells whose gateway this is. */
  leave(entries: readonly MirrorEntry[]): void {
    for (const { type, id, fields } of entries) {
      const tags = Array.isArray(fields["tags"]) ? fields["tags"].filter((tag) => !String(tag).startsWith("kjo.")) : [];
      this.#left.set(id, { type, id, fields: { ...fields, tags: [...tags, TAG_LEFT + this.#session.instance] } });
    }
  }

  dropLeft(id: string): void {
    this.#left.delete(id);
  }

  replaceLeft(entity: LeftEntity): void {
    this.#left.set(entity.id, entity);
  }

  /** What an object asks for, as the document says it. Only after the catalog has its schema. */
  wanted(entity: KongEntity): DocumentEntity {
    const { catalog } = this.#session;
    this.#noteLifetime(entity);
    return wantedEntity(entity, catalog.complete(entity), catalog.schemaOf(entity));
  }

  /** The next document. @param isIncluded which changed entities go in; all unless said otherwise. */
  async draft(isIncluded: (entity: DocumentEntity) => boolean = () => true): Promise<Draft> {
    const { mirror } = this.#session;
    const changes = this.#changes.all();
    const left = await Promise.all(this.left.map((entity) => this.#loadedLeft(entity)));
    const loaded = [...mirror.all()];
    await Promise.all(
      distinctSchemas(loaded).map((entry) => this.#session.catalog.load([entry]).catch(() => undefined)),
    );
    const candidates = candidatesOf(loaded, changes, left, (entry) => this.#asLoaded(entry));
    const excluded = new Set(changes.flatMap(({ entities }) => entities.filter((entity) => !isIncluded(entity))));
    for (const entity of excluded) {
      const candidate = candidates.get(entity.id);
      if (candidate) candidates.set(entity.id, { ...candidate, wanted: candidate.loaded });
    }
    const consistent = makeConsistent(candidates, (entity) => this.#changes.refusalOf(entity));
    const document = writeDocument(consistent.entities, (id) => this.#secondsLeft(id));
    const isNew = [...candidates].some(([id, { loaded: known }]) => this.#differs(consistent.entities.get(id), known));
    return { ...consistent, document, changes, isNew };
  }

  /**
   * Takes over what has been loaded.
   * @param answer the entities as Kong completed them, by type and id, where it told.
   * @returns the objects of which an entity has come to stand, or has another name.
   */
  apply({ entities, changes }: Draft, answer: Json | undefined): ObjectKey[] {
    const { mirror, targets } = this.#session;
    const arrived = new Map<string, ObjectKey>();
    for (const { owner, entities: asked } of changes) {
      for (const entity of asked) {
        if (entities.get(entity.id) !== entity || entity.desiredHash === undefined) continue;
        const held = readEntity(entity.type, answeredFields(entity, answer), mirror.tags);
        const before = mirror.get(entity.type, entity.id);
        if (!held) continue;
        mirror.noteAnswer(held, entity.desiredHash);
        if (entity.type === "upstreams") targets.noteEmpty(entity.id);
        if (!before || nameOf(before.fields) !== nameOf(held.fields)) arrived.set(formatKey(owner), owner);
      }
    }
    for (const entry of [...mirror.all()]) {
      const entity = entities.get(entry.id);
      if (!entity) mirror.noteRemoved(entry);
      else if (!entity.owner) mirror.noteReleased(entry);
    }
    for (const { owner, entities: asked } of changes) {
      if (asked.length === 0 && mirror.ofOwner(owner).length === 0) this.#changes.drop(owner);
    }
    return [...arrived.values()];
  }

  /** Whether what is chosen for an id asks for something else than what is loaded under it. */
  #differs(chosen: DocumentEntity | undefined, loaded: Candidate["loaded"]): boolean {
    if (!chosen || !loaded) return chosen !== loaded;
    if (chosen.version === loaded.version) return false;
    const entry = this.#session.mirror.get(chosen.type, chosen.id);
    return chosen.desiredHash === undefined || chosen.desiredHash !== entry?.desiredHash;
  }

  #asLoaded(entry: MirrorEntry): DocumentEntity {
    const known = this.#asDocument.get(entry);
    if (known) return known;
    const entity = this.#describe(entry);
    this.#asDocument.set(entry, entity);
    return entity;
  }

  async #loadedLeft(entity: LeftEntity): Promise<DocumentEntity> {
    const whole = { ...entity, part: "", owner: NOBODY };
    await this.#session.catalog.load([whole]).catch(() => undefined);
    return { ...this.#describe(whole), owner: undefined };
  }

  /** What the gateway no longer has a schema for stays as it is: Kong says what becomes of it. */
  #describe(entry: KongEntity | MirrorEntry): DocumentEntity {
    const { catalog } = this.#session;
    if (catalog.knows(entry)) return loadedEntity(entry, catalog.schemaOf(entry));
    const { type, id, owner, part, fields } = entry;
    const version = hash("sha1", JSON.stringify(fields));
    return { type, id, owner, part, fields, version, desiredHash: undefined, secretPaths: [] };
  }

  /** Where it counts from the write it counts from the first one: a load is no reason for it to begin anew. */
  #noteLifetime({ id, lifetime }: KongEntity): void {
    const known = this.#lifetimes.get(id);
    if (!lifetime) this.#lifetimes.delete(id);
    else if (lifetime.since !== undefined) this.#lifetimes.set(id, lifetime);
    else if (known?.seconds !== lifetime.seconds) {
      this.#lifetimes.set(id, { seconds: lifetime.seconds, since: this.#now().getTime() });
    }
  }

  #secondsLeft(id: string): number | undefined {
    const lifetime = this.#lifetimes.get(id);
    return lifetime && secondsLeft(lifetime, this.#now().getTime());
  }
}

const NOBODY: ObjectKey = { kind: "", namespace: "", name: "" };

/** One entry for each schema that they need. */
function distinctSchemas(entries: readonly MirrorEntry[]): MirrorEntry[] {
  const byName = new Map<string, MirrorEntry>();
  for (const entry of entries) {
    byName.set(entry.type === "plugins" ? `plugins ${String(entry.fields["name"])}` : entry.type, entry);
  }
  return [...byName.values()];
}

function answeredFields({ type, id, fields }: DocumentEntity, answer: Json | undefined): JsonObject {
  const ofType = isJsonObject(answer) ? answer[type] : undefined;
  const raw = isJsonObject(ofType) && isJsonObject(ofType[id]) ? ofType[id] : { ...fields, id };
  // The SNIs of a certificate are entities of their own here, and the answer does not tell them with it.
  return type === "certificates" && fields["snis"] !== undefined ? { ...raw, snis: fields["snis"] } : raw;
}

function nameOf(fields: JsonObject): unknown {
  return fields["name"] ?? fields["username"];
}
