import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../../../src/model/json.ts";
import type { GatewaySnapshot, SnapshotChange, SnapshotSource } from "../../../doubles/kong/snapshot.ts";

/** Tables that a test can fill. */
export type TableName = Exclude<keyof GatewaySnapshot, "version" | "routerFlavor" | "unhealthyTargets">;

/** What an Admin API would hold, without one: entities go in as they are and every change is told to the listeners. */
export class MemoryGateway implements SnapshotSource {
  readonly unhealthy = new Set<string>();
  readonly #listeners = new Set<(change: SnapshotChange) => void>();
  readonly #tables: Record<TableName, Map<string, JsonObject>> = {
    services: new Map(),
    routes: new Map(),
    plugins: new Map(),
    consumers: new Map(),
    consumer_group_consumers: new Map(),
    upstreams: new Map(),
    targets: new Map(),
    certificates: new Map(),
    snis: new Map(),
    acls: new Map(),
    keyauth_credentials: new Map(),
    jwt_secrets: new Map(),
    basicauth_credentials: new Map(),
    hmacauth_credentials: new Map(),
    oauth2_credentials: new Map(),
  };
  #version = 0;
  routerFlavor: GatewaySnapshot["routerFlavor"] = "traditional_compatible";

  current(): GatewaySnapshot {
    return {
      ...this.#tables,
      version: this.#version,
      routerFlavor: this.routerFlavor,
      unhealthyTargets: this.unhealthy,
    };
  }

  onChange(listener: (change: SnapshotChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  setTargetHealth(targetId: string, healthy: boolean): void {
    if (healthy) this.unhealthy.delete(targetId);
    else this.unhealthy.add(targetId);
    this.#tell("health", "update", targetId);
  }

  /** Creates or replaces; returns the id. */
  put(type: TableName, fields: JsonObject): string {
    const id = typeof fields["id"] === "string" ? fields["id"] : randomUUID();
    const action = this.#tables[type].has(id) ? "update" : "create";
    this.#tables[type].set(id, { ...fields, id });
    this.#tell(type, action, id);
    return id;
  }

  remove(type: TableName, id: string): void {
    this.#tables[type].delete(id);
    this.#tell(type, "delete", id);
  }

  /** A load of a whole configuration: listeners hear of one change. */
  replaceAll(type: TableName, entities: readonly JsonObject[]): void {
    this.#tables[type].clear();
    for (const entity of entities) this.#tables[type].set(String(entity["id"]), entity);
    this.#tell("*", "replace", "");
  }

  /** Lets a test watch how often the proxy reads a table. */
  useTable(type: TableName, table: Map<string, JsonObject>): void {
    this.#tables[type] = table;
  }

  #tell(type: string, action: SnapshotChange["action"], id: string): void {
    this.#version += 1;
    for (const listener of this.#listeners) listener({ version: this.#version, type, action, id });
  }
}
