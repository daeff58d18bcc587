import type { JsonObject } from "../../../src/model/json.ts";

/** The tables that the proxy reads; each maps an entity's id to the entity as the Admin API would return it. */
export interface GatewaySnapshot {
  /** Grows with every write; two equal versions are the same state. */
  readonly version: number;
  /** `traditional_compatible` unless the double was started with another one. */
  readonly routerFlavor: "traditional" | "traditional_compatible" | "expressions";
  readonly services: ReadonlyMap<string, JsonObject>;
  readonly routes: ReadonlyMap<string, JsonObject>;
  readonly plugins: ReadonlyMap<string, JsonObject>;
  readonly consumers: ReadonlyMap<string, JsonObject>;
  /** Who is in which consumer group; empty where the gateway has none. */
  readonly consumer_group_consumers: ReadonlyMap<string, JsonObject>;
  readonly upstreams: ReadonlyMap<string, JsonObject>;
  readonly targets: ReadonlyMap<string, JsonObject>;
  readonly certificates: ReadonlyMap<string, JsonObject>;
  readonly snis: ReadonlyMap<string, JsonObject>;
  readonly acls: ReadonlyMap<string, JsonObject>;
  readonly keyauth_credentials: ReadonlyMap<string, JsonObject>;
  readonly jwt_secrets: ReadonlyMap<string, JsonObject>;
  readonly basicauth_credentials: ReadonlyMap<string, JsonObject>;
  readonly hmacauth_credentials: ReadonlyMap<string, JsonObject>;
  readonly oauth2_credentials: ReadonlyMap<string, JsonObject>;
  /** Ids of the targets that are out of rotation, set over the Admin API or by {@link SnapshotSource.setTargetHealth}. */
  readonly unhealthyTargets: ReadonlySet<string>;
}

/** What changed: one entity, or everything at once (`type: "*"`, a load of a declarative configuration). */
export interface SnapshotChange {
  readonly version: number;
  /** Name of the table, `targets`; `*` when the whole configuration was replaced; `health` for a target's health. */
  readonly type: string;
  readonly action: "create" | "update" | "delete" | "replace";
  /** Id of the entity, or of the target for `health`; "" for `*`. */
  readonly id: string;
}

/**
 * The Admin API's side of the double as the proxy sees it.
 *
 * Guarantees: listeners are called synchronously after the write has been applied, once a changed entity, cascades
 * included. Entities are never mutated: a write puts a new object into the map.
 * Assumptions: the maps are live, so a reader that needs one consistent state copies what it needs before it awaits.
 */
export interface SnapshotSource {
  current(): GatewaySnapshot;
  /** Returns the function that ends the subscription. */
  onChange(listener: (change: SnapshotChange) => void): () => void;
  /** The proxy's own finding about a target (passive or active checks); shown by `/upstreams/{}/health`. */
  setTargetHealth(targetId: string, healthy: boolean): void;
}
