import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { KONG_ENTITY_TYPES, type KongEntityType } from "../model/kong-entity.ts";
import { storedTargetAddress } from "./target-address.ts";

/*
 * Who refers to whom in Kong. Creations go down, deletions go up.
 *
 *      vaults: any text may hold {vault://PREFIX/…}, which Kong does not follow as a reference
 *
 *      ca_certificates     certificates              consumers
 *            |              |   |   |                  |   |
 *            |        snis -+   |   +- upstreams       |   +- acls, keyauth_credentials, jwt_secrets,
 *            |                  |       |    :         |      basicauth_credentials, hmacauth_credentials,
 *            |                  |  targets   : by      |      oauth2_credentials
 *            |                  |            : name    |
 *            +--------------- services ......:         |
 *                               |    |                 |
 *                             routes |                 |
 *                               |    |                 |
 *                               +-- plugins -----------+
 *
 * The dotted edge, a service whose `host` is an upstream's name, is one that Kong does not hold and we do.
 * Gateways with consumer groups have consumer_groups beside the consumers, consumer_group_consumers (who is in which)
 * below both, and plugins below the groups.
 * Plugins stand below routes not only for their own `route`: Kong takes the `protocols` of a service's plugin only
 * where they match one of the service's routes.
 */

/** Field -> type that it refers to. Source: the `reference` fields of `GET /schemas/{entity}`. */
export const REFERENCES: Readonly<Record<KongEntityType, Readonly<Record<string, KongEntityType>>>> = {
  vaults: {},
  ca_certificates: {},
  certificates: {},
  snis: { certificate: "certificates" },
  upstreams: { client_certificate: "certificates" },
  targets: { upstream: "upstreams" },
  services: { client_certificate: "certificates", ca_certificates: "ca_certificates" },
  routes: { service: "services" },
  consumer_groups: {},
  consumers: {},
  consumer_group_consumers: { consumer: "consumers", consumer_group: "consumer_groups" },
  acls: { consumer: "consumers" },
  keyauth_credentials: { consumer: "consumers" },
  jwt_secrets: { consumer: "consumers" },
  basicauth_credentials: { consumer: "consumers" },
  hmacauth_credentials: { consumer: "consumers" },
  oauth2_credentials: { consumer: "consumers" },
  plugins: { service: "services", route: "routes", consumer: "consumers", consumer_group: "consumer_groups" },
};

const REFERENCE_LIST: ReadonlyMap<KongEntityType, readonly [string, KongEntityType][]> = new Map(
  KONG_ENTITY_TYPES.map((type) => [type, Object.entries(REFERENCES[type])]),
);

/**
 * `type.field` of references by which Kong removes an entity together with the one it refers to. The others forbid the
 * deletion while they last. Source: `on_delete` in `GET /schemas/{entity}`; SNIs and ACLs as recorded from Kong 3.9.
 */
export const CASCADES: ReadonlySet<string> = new Set([
  "snis.certificate",
  "targets.upstream",
  "plugins.service",
  "plugins.route",
  "plugins.consumer",
  "plugins.consumer_group",
  "consumer_group_consumers.consumer",
  "consumer_group_consumers.consumer_group",
  "acls.consumer",
  "keyauth_credentials.consumer",
  "jwt_secrets.consumer",
  "basicauth_credentials.consumer",
  "hmacauth_credentials.consumer",
  "oauth2_credentials.consumer",
]);

const POSITION: ReadonlyMap<KongEntityType, number> = new Map(KONG_ENTITY_TYPES.map((type, index) => [type, index]));

/** The type's place in the order of creation. */
export function positionOf(type: KongEntityType): number {
  return POSITION.get(type) ?? KONG_ENTITY_TYPES.length;
}

export interface Reference {
  /** Field of the referring entity. */
  readonly field: string;
  readonly type: KongEntityType;
  readonly id: string;
}

/** The ids that an entity's fields refer to. */
export function referencesOf(type: KongEntityType, fields: JsonObject): Reference[] {
  const found: Reference[] = [];
  for (const [field, target] of REFERENCE_LIST.get(type) ?? []) {
    for (const id of idsIn(fields[field])) found.push({ field, type: target, id });
  }
  return found;
}

function idsIn(value: Json | undefined): string[] {
  if (Array.isArray(value)) return value.filter((id) => typeof id === "string");
  return isJsonObject(value) && typeof value["id"] === "string" ? [value["id"]] : [];
}

/** The fields with references to other ids put in the place of those in `ids`; the same object where there are none. */
export function redirectReferences(
  type: KongEntityType,
  fields: JsonObject,
  ids: ReadonlyMap<string, string>,
): JsonObject {
  const changed: JsonObject = {};
  for (const { field, id } of ids.size === 0 ? [] : referencesOf(type, fields)) {
    const other = ids.get(id);
    const value = changed[field] ?? fields[field];
    if (other === undefined) continue;
    changed[field] = Array.isArray(value) ? value.map((item) => (item === id ? other : item)) : { id: other };
  }
  return Object.keys(changed).length === 0 ? fields : { ...fields, ...changed };
}

/** Fields that no two entities of a type may share; a list is one key made of several fields. */
const UNIQUE: Readonly<Partial<Record<KongEntityType, readonly (readonly string[])[]>>> = {
  vaults: [["prefix"]],
  ca_certificates: [["cert_digest"], ["cert"]],
  snis: [["name"]],
  upstreams: [["name"]],
  targets: [["upstream", "target"]],
  services: [["name"]],
  routes: [["name"]],
  consumer_groups: [["name"]],
  consumers: [["username"], ["custom_id"]],
  consumer_group_consumers: [["consumer", "consumer_group"]],
  acls: [["consumer", "group"]],
  keyauth_credentials: [["key"]],
  jwt_secrets: [["key"]],
  basicauth_credentials: [["username"]],
  hmacauth_credentials: [["username"]],
  oauth2_credentials: [["client_id"]],
  plugins: [["instance_name"], ["name", "service", "route", "consumer", "consumer_group"]],
};

/** What must be unique in Kong of this entity, as comparable strings; equal strings of one type exclude each other. */
export function uniqueKeysOf(type: KongEntityType, fields: JsonObject): string[] {
  const keys: string[] = [];
  for (const names of UNIQUE[type] ?? []) {
    const values = names.map((name) => uniqueValue(type, name, fields[name]));
    // A single absent field is no value; an absent part of a composite one (a plugin without route) is.
    if (names.length === 1 && values[0] === null) continue;
    keys.push(`${names.join("+")}=${JSON.stringify(values)}`);
  }
  return keys;
}

function uniqueValue(type: KongEntityType, name: string, value: Json | undefined): Json {
  if (value === undefined || value === null) return null;
  if (isJsonObject(value)) return value["id"] ?? null;
  return type === "targets" && name === "target" && typeof value === "string" ? storedTargetAddress(value) : value;
}
