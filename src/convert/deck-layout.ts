import type { JsonObject } from "../model/json.ts";
import type { KongEntityType } from "../model/kong-entity.ts";
import { REFERENCES } from "../plan/entity-graph.ts";

/*
 * Where an entity stands in a decK file. Source: decK's file format 3.0 (Kong/go-database-reconciler, pkg/file).
 *
 *   services: [{…, routes: [{…, plugins: […]}], plugins: […]}]     upstreams: [{…, targets: […]}]
 *   consumers: [{…, acls: […], keyauth_credentials: […], plugins: […]}]     certificates: [{…, snis: […]}]
 *   routes, plugins: those that belong to nothing; plugins: also those that belong to several things
 */

/** Types that stand under the entity that they refer to, where it is just one. */
const NESTED = [
  "snis",
  "targets",
  "routes",
  "acls",
  "keyauth_credentials",
  "jwt_secrets",
  "basicauth_credentials",
  "hmacauth_credentials",
  "oauth2_credentials",
  "plugins",
] as const;

/** Fields that lead to an entity under which this type stands, where just one of them is set. */
export const PARENT_FIELDS: Readonly<Partial<Record<KongEntityType, Readonly<Record<string, KongEntityType>>>>> =
  Object.fromEntries(NESTED.map((type) => [type, REFERENCES[type]]));

/** References that decK writes as a plain id or name; others as `{id}`. */
export const PLAIN_REFERENCES: ReadonlySet<string> = new Set([
  "services.client_certificate",
  "plugins.service",
  "plugins.route",
  "plugins.consumer",
  "plugins.consumer_group",
]);

/** Who is in which consumer group stands with the consumer: `groups: [{name: gold}]`. */
export const MEMBERSHIPS = { type: "consumer_group_consumers", list: "groups" } as const;

/** Types whose id is always written, because nothing else tells them apart. */
export const WITH_ID: ReadonlySet<KongEntityType> = new Set(["certificates", "ca_certificates"]);

/** Of the file itself, or of Kong products that are not a gateway. */
export const FILE_KEYS: ReadonlySet<string> = new Set([
  "_format_version",
  "_transform",
  "_info",
  "_workspace",
  "_konnect",
  "_plugin_configs",
  "_comment",
  "_ignore",
]);

/** The single field that leads to the entity's place; undefined where it stands at the top. */
export function parentField(type: KongEntityType, fields: JsonObject): string | undefined {
  const set = Object.keys(PARENT_FIELDS[type] ?? {}).filter(
    (field) => fields[field] !== undefined && fields[field] !== null,
  );
  return set.length === 1 ? set[0] : undefined;
}
