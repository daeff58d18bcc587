import type { JsonObject } from "../../../src/model/json.ts";
import type { KongEntity, KongEntityType } from "../../../src/model/kong-entity.ts";
import type { ActualEntity } from "../../../src/plan/kong.ts";

export const OWNER = { kind: "KongService", namespace: "team-a", name: "users" };

/** A desired entity; its id is its name, which reads better in an assertion than a UUID. */
export function desired(type: KongEntityType, id: string, fields: JsonObject = {}, part = id): KongEntity {
  return { type, id, fields, part, owner: OWNER };
}

export function actual(type: KongEntityType, id: string, fields: JsonObject = {}, part = id): ActualEntity {
  return { type, id, fields, part, owner: OWNER };
}
