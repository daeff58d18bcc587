import type { JsonObject } from "../../../../src/model/json.ts";
import type { GatewaySnapshot, SnapshotChange, SnapshotSource } from "../snapshot.ts";
import type { Catalog, EntitySchema } from "../schema/catalog.ts";
import { Table } from "./table.ts";

type ChangeListener = (change: SnapshotChange) => void;

/**
 * All entities of the gateway.
 *
 * Guarantees: a write is applied with its index entries before listeners hear of it; rows are replaced, not changed.
 */
export class Store implements SnapshotSource {
  readonly catalog: Catalog;
  readonly #tables = new Map<string, Table>();
  readonly #listeners = new Set<ChangeListener>();
  readonly #unhealthy = new Set<string>();
  #version = 0;

  constructor(catalog: Catalog) {
    this.catalog = catalog;
    for (const schema of catalog.entities.values()) this.#tables.set(schema.name, new Table(tableShape(schema)));
  }

  /** @throws Error for a type that Kong does not have. */
  table(type: string): Table {
    const table = this.#tables.get(type);
    if (table === undefined) throw new Error(`no such entity: ${type}`);
    return table;
  }

  tables(): IterableIterator<Table> {
    return this.#tables.values();
  }

  put(type: string, row: JsonObject): void {
    const table = this.table(type);
    const id = row["id"] as string;
    const action = table.rows.has(id) ? "update" : "create";
    table.put(row);
    this.#changed(type, action, id);
  }

  remove(type: string, id: string): void {
    this.table(type).remove(id);
    if (type === "targets") this.#unhealthy.delete(id);
    this.#changed(type, "delete", id);
  }

  /** Puts a whole configuration in the place of the present one; listeners hear of it once. */
  replaceAll(rows: Iterable<readonly [type: string, row: JsonObject]>): void {
    for (const table of this.#tables.values()) table.clear();
    this.#unhealthy.clear();
    for (const [type, row] of rows) this.table(type).put(row);
    this.#changed("*", "replace", "");
  }

  setTargetHealth(targetId: string, healthy: boolean): void {
    const changed = healthy ? this.#unhealthy.delete(targetId) : !this.#unhealthy.has(targetId);
    if (!healthy) this.#unhealthy.add(targetId);
    if (changed) this.#changed("health", "update", targetId);
  }

  isHealthy(targetId: string): boolean {
    return !this.#unhealthy.has(targetId);
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  current(): GatewaySnapshot {
    const rows = (type: string): ReadonlyMap<string, JsonObject> => this.table(type).rows;
    return {
      version: this.#version,
      routerFlavor: this.catalog.routerFlavor,
      services: rows("services"),
      routes: rows("routes"),
      plugins: rows("plugins"),
      consumers: rows("consumers"),
      consumer_group_consumers: this.#tables.get("consumer_group_consumers")?.rows ?? new Map(),
      upstreams: rows("upstreams"),
      targets: rows("targets"),
      certificates: rows("certificates"),
      snis: rows("snis"),
      acls: rows("acls"),
      keyauth_credentials: rows("keyauth_credentials"),
      jwt_secrets: rows("jwt_secrets"),
      basicauth_credentials: rows("basicauth_credentials"),
      hmacauth_credentials: rows("hmacauth_credentials"),
      oauth2_credentials: rows("oauth2_credentials"),
      unhealthyTargets: this.#unhealthy,
    };
  }

  #changed(type: string, action: SnapshotChange["action"], id: string): void {
    this.#version++;
    for (const listener of this.#listeners) listener({ version: this.#version, type, action, id });
  }
}

function tableShape(schema: EntitySchema): ConstructorParameters<typeof Table>[0] {
  return {
    name: schema.name,
    unique: schema.record.fields.filter(([, field]) => field.unique).map(([name]) => name),
    compositeKey: schema.definition.compositeKey ?? [],
    references: schema.record.fields.filter(([, field]) => field.type === "foreign").map(([name]) => name),
  };
}
