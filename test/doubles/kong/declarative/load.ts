import { randomUUID } from "node:crypto";
import type { Json, JsonObject } from "../../../../src/model/json.ts";
import { isJsonObject } from "../../../../src/model/json.ts";
import type { Catalog, EntitySchema } from "../schema/catalog.ts";
import { completeRecord } from "../schema/complete.ts";
import type { Stamp } from "../schema/complete.ts";
import type { ErrorTable, RecordSchema } from "../schema/field.ts";
import { ShorthandError, withShorthands } from "../schema/shorthands.ts";
import { stableId } from "./ids.ts";
import { References } from "./references.ts";
import type { Relation } from "./relations.ts";
import { childrenOf } from "./relations.ts";
import { validateDocument } from "./validate.ts";
import { walk } from "./walk.ts";
import type { Place } from "./walk.ts";

/** The entities of a document by type and id, complete and without nesting. */
export type Entities = Record<string, Record<string, JsonObject>>;

export type LoadResult = { readonly entities: Entities } | { readonly errors: ErrorTable };

/**
 * Reads a declarative configuration. `document` gets the ids that follow from names, as far as Kong had put them in
 * when it found an error, because the answer shows the entities as they were then.
 */
export function readDocument(catalog: Catalog, relations: readonly Relation[], document: JsonObject): LoadResult {
  const errors = checkDocument(catalog, relations, document);
  if (errors !== undefined) return { errors };
  addStableIds(catalog, relations, document);
  const flat = flatten(catalog, relations, document);
  const references = new References(catalog);
  for (const entry of flat) references.add(entry);
  const broken = references.errors();
  if (broken !== undefined) return { errors: broken };
  return { entities: references.entities() };
}

// A document that does not fit with names may fit with ids, which is how configurations that were exported look.
function checkDocument(catalog: Catalog, relations: readonly Relation[], document: JsonObject): ErrorTable | undefined {
  try {
    if (validateDocument(catalog, relations, document, "names") === undefined) return undefined;
    const copy = structuredClone(document);
    addStableIds(catalog, relations, copy);
    addParents(catalog, relations, copy);
    return validateDocument(catalog, relations, copy, "ids");
  } catch (error) {
    if (error instanceof ShorthandError) return error.errors;
    throw error;
  }
}

function addStableIds(catalog: Catalog, relations: readonly Relation[], document: JsonObject): void {
  for (const { type, item, parent } of walk(catalog, relations, document)) {
    if (item["id"] !== undefined) continue;
    const schema = catalog.entities.get(type) as EntitySchema;
    const parentId = parent?.place.item["id"] as string | undefined;
    const id = stableId(schema, item, parent === undefined ? undefined : { field: parent.relation.field, parentId });
    if (id !== undefined) item["id"] = id;
  }
}

// Puts references into the form of the Admin API, as far as the document tells.
function addParents(catalog: Catalog, relations: readonly Relation[], document: JsonObject): void {
  const places = [...walk(catalog, relations, document)];
  const ids = new Map<string, string>();
  for (const { type, item } of places) {
    const id = ((item["id"] as string | undefined) ?? (item["id"] = randomUUID())) as string;
    ids.set(`${type}|${id}`, id);
    const key = catalog.entities.get(type)?.definition.endpointKey;
    if (key !== undefined && typeof item[key] === "string") ids.set(`${type}|${item[key]}`, id);
  }
  for (const { type, item, parent } of places) {
    if (parent !== undefined && item[parent.relation.field] === undefined) {
      item[parent.relation.field] = { id: parent.place.item["id"] as string };
    }
    for (const relation of relations) {
      const value = relation.child === type ? item[relation.field] : undefined;
      const id = typeof value === "string" ? ids.get(`${relation.parent}|${value}`) : undefined;
      if (id !== undefined) item[relation.field] = { id };
    }
  }
}

/** One entity taken out of its nesting. */
export interface FlatEntity {
  readonly type: string;
  readonly row: JsonObject;
  readonly index: number;
  readonly parent: { readonly type: string; readonly index: number } | undefined;
  readonly ttl: Json | undefined;
}

function flatten(catalog: Catalog, relations: readonly Relation[], document: JsonObject): FlatEntity[] {
  const milliseconds = Date.now();
  const stamp: Stamp = { seconds: Math.floor(milliseconds / 1000), fractional: milliseconds / 1000 };
  const rows = new Map<JsonObject, JsonObject>();
  return [...walk(catalog, relations, document)].map((place) => {
    const row = completed(catalog, relations, place, stamp);
    rows.set(place.item, row);
    const { parent } = place;
    if (parent !== undefined) row[parent.relation.field] = { id: rows.get(parent.place.item)?.["id"] as string };
    return {
      type: place.type,
      row,
      index: place.index,
      parent: parent === undefined ? undefined : { type: parent.place.type, index: parent.place.index },
      ttl: place.item["ttl"],
    };
  });
}

function completed(catalog: Catalog, relations: readonly Relation[], place: Place, stamp: Stamp): JsonObject {
  const schema = catalog.entities.get(place.type) as EntitySchema;
  const { _comment, _ignore, ttl: _ttl, ...item } = place.item;
  for (const { child } of childrenOf(relations, place.type)) delete item[child];
  const record: RecordSchema = schema.variants?.pick(item) ?? schema.record;
  const row = completeRecord(record, item, "insert", stamp);
  for (const [name, field] of record.fields) {
    const value = row[name];
    if (field.type === "foreign" && isJsonObject(value)) row[name] = { id: value["id"] ?? null };
  }
  return withShorthands(schema.variants?.pick(row) ?? record, row);
}
