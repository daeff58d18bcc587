import type { JsonObject } from "../../../../src/model/json.ts";
import { ENTITIES, type EntityDefinition } from "../store/entities.ts";

/*
 * What Kong Gateway Enterprise has beside the entities of the open-source gateway: consumer groups, and plugins on them.
 * Source: docs.konghq.com, Consumer Groups and Admin API of Kong Gateway Enterprise; not recorded from a gateway.
 */

export type Edition = "community" | "enterprise";

const ID: JsonObject = { type: "string", uuid: true, auto: true };
const STAMP: JsonObject = { type: "integer", timestamp: true, auto: true };
const TAGS: JsonObject = { type: "set", elements: { type: "string", required: true } };

function parent(reference: string): JsonObject {
  return { type: "foreign", reference, required: true, on_delete: "cascade" };
}

const GROUPS: JsonObject = {
  entity_checks: [],
  fields: {
    id: ID,
    created_at: STAMP,
    updated_at: STAMP,
    name: { type: "string", required: true, unique: true },
    tags: TAGS,
  },
};
const MEMBERS: JsonObject = {
  entity_checks: [],
  fields: { id: ID, created_at: STAMP, consumer_group: parent("consumer_groups"), consumer: parent("consumers") },
};
const GROUP_OF_A_PLUGIN: JsonObject = {
  type: "foreign",
  reference: "consumer_groups",
  default: null,
  on_delete: "cascade",
};

/** The entities of an edition; parents before what refers to them. */
export function entitiesOf(edition: Edition): readonly EntityDefinition[] {
  if (edition === "community") return ENTITIES;
  const scope = ["name", "route", "service", "consumer", "consumer_group"];
  const others = ENTITIES.filter(({ name }) => name !== "plugins");
  const plugins = ENTITIES.filter(({ name }) => name === "plugins");
  return [
    ...others,
    { name: "consumer_groups", endpointKey: "name" },
    { name: "consumer_group_consumers", compositeKey: ["consumer_group", "consumer"], isInternal: true },
    ...plugins.map((definition) => ({ ...definition, compositeKey: scope, cacheKey: scope })),
  ];
}

/** An edition's schemas out of those of the open-source gateway. */
export function schemasOf(
  edition: Edition,
  entities: ReadonlyMap<string, JsonObject>,
): ReadonlyMap<string, JsonObject> {
  if (edition === "community") return entities;
  const plugins = entities.get("plugins") as JsonObject;
  const fields = { ...(plugins["fields"] as JsonObject), consumer_group: GROUP_OF_A_PLUGIN };
  return new Map([
    ...entities,
    ["consumer_groups", GROUPS],
    ["consumer_group_consumers", MEMBERS],
    ["plugins", { ...plugins, fields }],
  ]);
}
