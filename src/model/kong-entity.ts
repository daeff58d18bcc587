import type { JsonObject } from "./json.ts";
import type { ObjectKey } from "./object-key.ts";

/**
 * Kong's entity types by the name of their table, in the order in which they are created: a type never refers to a
 * later one. Deletion goes the other way.
 * Source: `GET /schemas/{name}` and the `reference` fields in it.
 */
export const KONG_ENTITY_TYPES = [
  "vaults",
  "ca_certificates",
  "certificates",
  "snis",
  "upstreams",
  "targets",
  "services",
  "routes",
  "consumer_groups",
  "consumers",
  "consumer_group_consumers",
  "acls",
  "keyauth_credentials",
  "jwt_secrets",
  "basicauth_credentials",
  "hmacauth_credentials",
  "oauth2_credentials",
  "plugins",
] as const;

export type KongEntityType = (typeof KONG_ENTITY_TYPES)[number];

/** One entity as it should stand in Kong. */
export interface KongEntity {
  readonly type: KongEntityType;
  /** UUID. Deterministic for entities that we create; an adopted entity keeps its own. */
  readonly id: string;
  /** Kong's fields without `id`, tags included; what is absent takes the default of the live gateway's schema. */
  readonly fields: JsonObject;
  /** The object that asks for it. */
  readonly owner: ObjectKey;
  /** Tells apart several entities of one type and owner, such as the plugin of each target; "" where there is one. */
  readonly part: string;
  /** Dotted paths in `fields` whose values came from a Secret; a path stands for all under it. No message shows them. */
  readonly secretPaths?: readonly string[];
  /** Of a credential that ends by itself. */
  readonly lifetime?: Lifetime;
}

export interface Lifetime {
  readonly seconds: number;
  /** Milliseconds since the epoch from which it counts; from the write where absent. */
  readonly since?: number;
}

export type KongAction = "create" | "update" | "delete";

/** One field that differs, for logs, Events and conditions: the path only, because values may be secret. */
export interface FieldChange {
  /** Dotted path in Kong's entity, `config.minute`. */
  readonly path: string;
}

/** One write to be made, in plan order. */
export interface KongOperation {
  readonly action: KongAction;
  readonly entity: KongEntity;
  /** What differs, for `update`; empty otherwise. */
  readonly changes: readonly FieldChange[];
}
