/** What Kong knows about a kind of entity beyond its fields. */
export interface EntityDefinition {
  readonly name: string;
  /** Path of its collection, where that is not its name: `key-auths`. */
  readonly adminName?: string;
  /** Name of its collection under a parent: `key-auth` in `/consumers/{}/key-auth`. */
  readonly nestedName?: string;
  /** The field that may stand in the path instead of the id. */
  readonly endpointKey?: string;
  /** Fields that are unique together. */
  readonly compositeKey?: readonly string[];
  /** Fields that its id is derived from in a declarative configuration, where that is not the name. */
  readonly cacheKey?: readonly string[];
  /** Has a `ttl` that is shown but not in its schema. */
  readonly ttl?: boolean;
  /** Not an entity to the Admin API: it has paths of its own. */
  readonly isInternal?: boolean;
  /** References whose end takes the entity with it, though its schema does not say so. */
  readonly goesWith?: readonly string[];
}

/**
 * Kong's entities; parents before what refers to them.
 * Source: `GET /endpoints` and the answers to writes that break a unique key, of Kong 3.9.
 */
export const ENTITIES: readonly EntityDefinition[] = [
  { name: "ca_certificates" },
  { name: "certificates" },
  { name: "snis", endpointKey: "name", goesWith: ["certificate"] },
  { name: "upstreams", endpointKey: "name" },
  { name: "targets", endpointKey: "target", compositeKey: ["upstream", "target"], cacheKey: ["upstream", "target"] },
  { name: "services", endpointKey: "name" },
  { name: "routes", endpointKey: "name" },
  { name: "consumers", endpointKey: "username" },
  { name: "vaults", endpointKey: "prefix" },
  { name: "key_sets", adminName: "key-sets", endpointKey: "name" },
  { name: "keys", endpointKey: "name", compositeKey: ["kid", "set"], cacheKey: ["kid", "set"] },
  { name: "filter_chains", adminName: "filter-chains", endpointKey: "name" },
  { name: "acls", endpointKey: "group", compositeKey: ["consumer", "group"], cacheKey: ["consumer", "group"] },
  {
    name: "keyauth_credentials",
    adminName: "key-auths",
    nestedName: "key-auth",
    endpointKey: "key",
    cacheKey: ["key"],
    ttl: true,
  },
  { name: "jwt_secrets", adminName: "jwts", nestedName: "jwt", endpointKey: "key", cacheKey: ["key"] },
  {
    name: "basicauth_credentials",
    adminName: "basic-auths",
    nestedName: "basic-auth",
    endpointKey: "username",
    cacheKey: ["username"],
  },
  {
    name: "hmacauth_credentials",
    adminName: "hmac-auths",
    nestedName: "hmac-auth",
    endpointKey: "username",
    cacheKey: ["username"],
  },
  { name: "oauth2_credentials", adminName: "oauth2", endpointKey: "client_id", cacheKey: ["client_id"] },
  { name: "oauth2_tokens", endpointKey: "access_token", cacheKey: ["access_token"], ttl: true },
  {
    name: "plugins",
    endpointKey: "instance_name",
    compositeKey: ["name", "route", "service", "consumer"],
    cacheKey: ["name", "route", "service", "consumer"],
  },
];

/** The definition by table name. */
export const ENTITY_BY_NAME: ReadonlyMap<string, EntityDefinition> = new Map(
  ENTITIES.map((entity) => [entity.name, entity]),
);
