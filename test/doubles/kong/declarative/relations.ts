import type { Catalog } from "../schema/catalog.ts";

/** One reference between kinds of entities: `routes.service` refers to `services`. */
export interface Relation {
  readonly child: string;
  readonly field: string;
  readonly parent: string;
}

/** All references of the catalog, in the order of its entities. */
export function relationsOf(catalog: Catalog): readonly Relation[] {
  return [...catalog.entities.values()].flatMap((schema) =>
    schema.record.fields.flatMap(([field, definition]) =>
      definition.reference === undefined ? [] : [{ child: schema.name, field, parent: definition.reference }],
    ),
  );
}

/** The kinds that may stand inside an entity of this type: `routes` and `plugins` in a service. */
export function childrenOf(relations: readonly Relation[], type: string): readonly Relation[] {
  return relations.filter((relation) => relation.parent === type);
}
