import type { Json, JsonObject } from "../../../../src/model/json.ts";

/** What a table is indexed by. */
export interface TableShape {
  readonly name: string;
  /** Fields whose value only one entity may have. */
  readonly unique: readonly string[];
  /** Fields whose values together only one entity may have, null counting as a value. */
  readonly compositeKey: readonly string[];
  /** Fields that refer to another table. */
  readonly references: readonly string[];
}

/**
 * One kind of entity with its indexes.
 *
 * Guarantees: look-ups by id, unique field, composite key, reference and tag read no more than they return; ids are
 * kept in order, because Kong lists by id.
 */
export class Table {
  readonly shape: TableShape;
  readonly rows = new Map<string, JsonObject>();
  readonly #ids: string[] = [];
  readonly #unique = new Map<string, Map<Json, string>>();
  readonly #composite = new Map<string, string>();
  readonly #children = new Map<string, Map<string, Set<string>>>();
  readonly #tags = new Map<string, Set<string>>();

  constructor(shape: TableShape) {
    this.shape = shape;
    for (const field of shape.unique) this.#unique.set(field, new Map());
    for (const field of shape.references) this.#children.set(field, new Map());
  }

  put(row: JsonObject): void {
    const id = row["id"] as string;
    const old = this.rows.get(id);
    if (old === undefined) this.#ids.splice(this.#position(id), 0, id);
    else this.#unindex(id, old);
    this.rows.set(id, row);
    this.#index(id, row);
  }

  remove(id: string): void {
    const row = this.rows.get(id);
    if (row === undefined) return;
    this.#unindex(id, row);
    this.rows.delete(id);
    this.#ids.splice(this.#position(id), 1);
  }

  clear(): void {
    for (const id of [...this.rows.keys()]) this.remove(id);
  }

  /** Id of the entity that has this value in a unique field. */
  idByUnique(field: string, value: Json): string | undefined {
    return this.#unique.get(field)?.get(indexKey(value));
  }

  /** Id of the entity that has the same values in the composite key. */
  idByComposite(row: JsonObject): string | undefined {
    return this.shape.compositeKey.length === 0 ? undefined : this.#composite.get(this.#compositeKey(row));
  }

  /** Ids of the entities whose reference points to the parent; unordered. */
  childIds(field: string, parentId: string): ReadonlySet<string> {
    return this.#children.get(field)?.get(parentId) ?? NONE;
  }

  /** Ids of the entities that carry the tag; unordered. */
  taggedIds(tag: string): ReadonlySet<string> {
    return this.#tags.get(tag) ?? NONE;
  }

  /** Up to `count` ids in order, beginning after `after`. */
  idsAfter(after: string | undefined, count: number): readonly string[] {
    let start = 0;
    if (after !== undefined) {
      start = this.#position(after);
      if (this.#ids[start] === after) start++;
    }
    return this.#ids.slice(start, start + count);
  }

  // Where the id stands, or would stand.
  #position(id: string): number {
    let low = 0;
    let high = this.#ids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ids[middle] as string) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #index(id: string, row: JsonObject): void {
    for (const [field, ids] of this.#unique) {
      const value = row[field];
      if (value !== undefined && value !== null) ids.set(indexKey(value), id);
    }
    if (this.shape.compositeKey.length > 0) this.#composite.set(this.#compositeKey(row), id);
    for (const [field, parents] of this.#children) {
      const parent = referenceId(row[field]);
      if (parent !== undefined) addTo(parents, parent, id);
    }
    for (const tag of tagsOf(row)) addTo(this.#tags, tag, id);
  }

  #unindex(id: string, row: JsonObject): void {
    for (const [field, ids] of this.#unique) {
      const value = row[field];
      if (value !== undefined && value !== null) ids.delete(indexKey(value));
    }
    if (this.shape.compositeKey.length > 0) this.#composite.delete(this.#compositeKey(row));
    for (const [field, parents] of this.#children) {
      const parent = referenceId(row[field]);
      if (parent !== undefined) removeFrom(parents, parent, id);
    }
    for (const tag of tagsOf(row)) removeFrom(this.#tags, tag, id);
  }

  #compositeKey(row: JsonObject): string {
    return JSON.stringify(this.shape.compositeKey.map((field) => indexKey(row[field] ?? null)));
  }
}

const NONE: ReadonlySet<string> = new Set();

/** Id in a reference field, `{"id": "…"}`. */
export function referenceId(value: Json | undefined): string | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value["id"] as string) : undefined;
}

/** The entity's tags; none where the field is null or missing. */
export function tagsOf(row: JsonObject): readonly string[] {
  const tags = row["tags"];
  return Array.isArray(tags) ? (tags as string[]) : [];
}

function indexKey(value: Json): Json {
  return referenceId(value) ?? value;
}

function addTo(index: Map<string, Set<string>>, key: string, id: string): void {
  const ids = index.get(key);
  if (ids === undefined) index.set(key, new Set([id]));
  else ids.add(id);
}

function removeFrom(index: Map<string, Set<string>>, key: string, id: string): void {
  const ids = index.get(key);
  ids?.delete(id);
  if (ids?.size === 0) index.delete(key);
}
