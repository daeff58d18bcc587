import type { Json, JsonObject } from "../../../../src/model/json.ts";
import { isJsonObject } from "../../../../src/model/json.ts";
import type { Catalog } from "../schema/catalog.ts";
import type { Relation } from "./relations.ts";
import { childrenOf } from "./relations.ts";

/** An entity of the document with where it stands. */
export interface Place {
  readonly type: string;
  readonly item: JsonObject;
  /** Counts from 0 in its list. */
  readonly index: number;
  readonly parent: { readonly place: Place; readonly relation: Relation } | undefined;
}

/** Every entity of the document; an entity comes before those inside it. */
export function* walk(catalog: Catalog, relations: readonly Relation[], document: JsonObject): Generator<Place> {
  for (const type of catalog.entities.keys()) {
    yield* walkList(relations, type, document[type], undefined);
  }
}

function* walkList(
  relations: readonly Relation[],
  type: string,
  list: Json | undefined,
  parent: Place["parent"],
): Generator<Place> {
  if (!Array.isArray(list)) return;
  for (const [index, item] of list.entries()) {
    if (!isJsonObject(item)) continue;
    const place: Place = { type, item, index, parent };
    yield place;
    for (const relation of childrenOf(relations, type)) {
      yield* walkList(relations, relation.child, item[relation.child], { place, relation });
    }
  }
}
