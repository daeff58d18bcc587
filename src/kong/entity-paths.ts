import type { JsonObject } from "../model/json.ts";
import { isJsonObject } from "../model/json.ts";
import type { KongEntityType } from "../model/kong-entity.ts";

/** Path segment of a type's collection. Source: `GET /endpoints`. Targets live under their upstream. */
const COLLECTIONS: Readonly<Record<KongEntityType, string>> = {
  vaults: "vaults",
  ca_certificates: "ca_certificates",
  certificates: "certificates",
  snis: "snis",
  upstreams: "upstreams",
  targets: "targets",
  services: "services",
  routes: "routes",
  consumer_groups: "consumer_groups",
  consumers: "consumers",
  // Only under a group; see membershipPath.
  consumer_group_consumers: "consumer_group_consumers",
  acls: "acls",
  keyauth_credentials: "key-auths",
  jwt_secrets: "jwts",
  basicauth_credentials: "basic-auths",
  hmacauth_credentials: "hmac-auths",
  oauth2_credentials: "oauth2",
  plugins: "plugins",
};

/** `/services`, `/key-auths`, `/upstreams/{id}/targets`. */
export function collectionPath(type: KongEntityType, upstreamId?: string): string {
  return type === "targets" ? `/upstreams/${upstreamId ?? ""}/targets` : `/${COLLECTIONS[type]}`;
}

/** `/services/{id}`; a target's fields tell its upstream, a membership's the group and the consumer. */
export function entityPath(type: KongEntityType, id: string, fields: JsonObject = {}): string {
  if (type === "consumer_group_consumers")
    return `${membersPath(idAt(fields, "consumer_group"))}/${idAt(fields, "consumer")}`;
  return `${collectionPath(type, upstreamIdOf(fields))}/${encodeURIComponent(id)}`;
}

/** The members of a consumer group. */
export function membersPath(groupId = ""): string {
  return `/consumer_groups/${groupId}/consumers`;
}

/** The upstream that a target belongs to. */
export function upstreamIdOf(fields: JsonObject): string | undefined {
  return idAt(fields, "upstream");
}

/** The id that a field refers to. */
export function idAt(fields: JsonObject, field: string): string | undefined {
  const value = fields[field];
  return isJsonObject(value) && typeof value["id"] === "string" ? value["id"] : undefined;
}

/** Collections under a consumer, by type. Source: `GET /endpoints`. */
export const CONSUMER_COLLECTIONS: Readonly<Partial<Record<KongEntityType, string>>> = {
  acls: "acls",
  keyauth_credentials: "key-auth",
  jwt_secrets: "jwt",
  basicauth_credentials: "basic-auth",
  hmacauth_credentials: "hmac-auth",
  oauth2_credentials: "oauth2",
};
