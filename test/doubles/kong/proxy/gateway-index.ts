import type { JsonObject } from "../../../../src/model/json.ts";
import type { GatewaySnapshot } from "../snapshot.ts";
import { referenceOf, textOf } from "./json-fields.ts";
import { isHttpRoute, Router } from "./router.ts";

/** Tables of the snapshot that the proxy serves from. */
export const INDEXED_TABLES = [
  "upstreams",
  "targets",
  "services",
  "routes",
  "consumers",
  "consumer_group_consumers",
  "acls",
  "keyauth_credentials",
  "jwt_secrets",
  "basicauth_credentials",
  "hmacauth_credentials",
  "plugins",
  "certificates",
  "snis",
] as const;

export type IndexedTable = (typeof INDEXED_TABLES)[number];

/** By which field an entity is found in a request. */
const LOOKUP_FIELDS: Partial<Record<IndexedTable, string>> = {
  snis: "name",
  upstreams: "name",
  consumers: "username",
  keyauth_credentials: "key",
  jwt_secrets: "key",
  basicauth_credentials: "username",
  hmacauth_credentials: "username",
};

export interface IndexOptions {
  /** Called for each plugin that comes into the index, and for what the router cannot take. */
  readonly onPlugin?: (plugin: JsonObject) => void;
  readonly onRejected?: (what: string) => void;
}

/**
 * The entities as the proxy needs them: routes in a router, plugins by scope, credentials by what a request shows.
 *
 * Guarantees: a change of one entity costs no more than that entity; the index keeps its own references, so what it
 * serves does not move until the next {@link GatewayIndex.refresh}.
 */
export class GatewayIndex {
  readonly router = new Router();
  readonly #options: IndexOptions;
  readonly #tables = new Map<IndexedTable, Map<string, JsonObject>>();
  readonly #lookups = new Map<IndexedTable, Map<string, JsonObject>>();
  readonly #plugins = new Map<string, Map<string, JsonObject>>();
  readonly #targetsOf = new Map<string, Map<string, JsonObject>>();
  readonly #groupsOf = new Map<string, Map<string, JsonObject>>();
  readonly #consumerGroupsOf = new Map<string, Map<string, JsonObject>>();

  constructor(options: IndexOptions = {}) {
    this.#options = options;
    for (const table of INDEXED_TABLES) this.#tables.set(table, new Map());
    for (const table of Object.keys(LOOKUP_FIELDS)) this.#lookups.set(table as IndexedTable, new Map());
  }

  /** Takes over the named entities of one table, or the whole table, as they are in the snapshot now. */
  refresh(snapshot: GatewaySnapshot, table: IndexedTable, ids: Iterable<string> | "all"): void {
    this.router.flavor = snapshot.routerFlavor;
    const known = this.#tables.get(table) as Map<string, JsonObject>;
    const source = snapshot[table];
    for (const id of ids === "all" ? new Set([...known.keys(), ...source.keys()]) : ids) {
      const before = known.get(id);
      const after = source.get(id);
      if (before === after) continue;
      if (before !== undefined) this.#remove(table, id, before);
      if (after === undefined) known.delete(id);
      else {
        known.set(id, after);
        this.#add(table, id, after);
      }
    }
  }

  get(table: IndexedTable, id: string | undefined): JsonObject | undefined {
    return id === undefined ? undefined : this.#tables.get(table)?.get(id);
  }

  /** An upstream by name, a consumer by user name, or a credential by its key or user name. */
  find(table: IndexedTable, value: string): JsonObject | undefined {
    return this.#lookups.get(table)?.get(value);
  }

  targetsOf(upstreamId: string): JsonObject[] {
    return [...(this.#targetsOf.get(upstreamId)?.values() ?? [])];
  }

  upstreams(): Iterable<JsonObject> {
    return this.#tables.get("upstreams")?.values() ?? [];
  }

  /** Names of a consumer's groups. */
  groupsOf(consumerId: string): string[] {
    const groups = this.#groupsOf.get(consumerId)?.values() ?? [];
    return [...groups].flatMap((entry) => textOf(entry["group"]) ?? []);
  }

  pluginNames(): Iterable<string> {
    return this.#plugins.keys();
  }

  /**
   * The enabled plugin of that name for a request: the most specific scope wins. Source: docs.konghq.com, Plugin Precedence.
   */
  pluginFor(name: string, route: string, service: string, consumer: string): JsonObject | undefined {
    const scopes = this.#plugins.get(name);
    if (scopes === undefined) return undefined;
    const groups = [...(this.#consumerGroupsOf.get(consumer)?.values() ?? [])];
    const groupIds = groups.flatMap((member) => referenceOf(member["consumer_group"]) ?? []);
    for (const [r, s, c, isOfGroup] of [
      [route, service, consumer],
      [route, service, "", true],
      [route, "", consumer],
      ["", service, consumer],
      [route, "", "", true],
      ["", service, "", true],
      [route, service, ""],
      ["", "", consumer],
      ["", "", "", true],
      [route, "", ""],
      ["", service, ""],
      ["", "", ""],
    ] as const) {
      const found = (isOfGroup === true ? groupIds : [""]).map((id) => scopes.get(`${r}:${s}:${c}:${id}`));
      const plugin = found.find((each) => each !== undefined && each["enabled"] !== false);
      if (plugin !== undefined) return plugin;
    }
    return undefined;
  }

  #add(table: IndexedTable, id: string, entity: JsonObject): void {
    const field = textOf(entity[LOOKUP_FIELDS[table] ?? ""]);
    if (field !== undefined) this.#lookups.get(table)?.set(field, entity);
    if (table === "routes" && isHttpRoute(entity)) this.#route(entity);
    else if (table === "targets") group(this.#targetsOf, referenceOf(entity["upstream"])).set(id, entity);
    else if (table === "acls") group(this.#groupsOf, referenceOf(entity["consumer"])).set(id, entity);
    else if (table === "consumer_group_consumers")
      group(this.#consumerGroupsOf, referenceOf(entity["consumer"])).set(id, entity);
    else if (table === "plugins") {
      group(this.#plugins, textOf(entity["name"])).set(scopeOf(entity), entity);
      this.#options.onPlugin?.(entity);
    }
    if (table === "routes" && textOf(entity["expression"]) !== undefined)
      this.#options.onRejected?.("expression routes");
  }

  #remove(table: IndexedTable, id: string, entity: JsonObject): void {
    const field = textOf(entity[LOOKUP_FIELDS[table] ?? ""]);
    const lookup = this.#lookups.get(table);
    if (field !== undefined && lookup?.get(field) === entity) lookup.delete(field);
    if (table === "routes") this.router.remove(id);
    else if (table === "targets") group(this.#targetsOf, referenceOf(entity["upstream"])).delete(id);
    else if (table === "acls") group(this.#groupsOf, referenceOf(entity["consumer"])).delete(id);
    else if (table === "consumer_group_consumers")
      group(this.#consumerGroupsOf, referenceOf(entity["consumer"])).delete(id);
    else if (table === "plugins") {
      const scopes = group(this.#plugins, textOf(entity["name"]));
      if (scopes.get(scopeOf(entity)) === entity) scopes.delete(scopeOf(entity));
    }
  }

  #route(route: JsonObject): void {
    try {
      this.router.put(route);
    } catch (error) {
      this.#options.onRejected?.(`route ${textOf(route["name"]) ?? textOf(route["id"]) ?? ""}: ${String(error)}`);
    }
  }
}

function scopeOf(plugin: JsonObject): string {
  const scopes = [plugin["route"], plugin["service"], plugin["consumer"], plugin["consumer_group"]];
  return scopes.map((scope) => referenceOf(scope) ?? "").join(":");
}

function group(groups: Map<string, Map<string, JsonObject>>, key = ""): Map<string, JsonObject> {
  let found = groups.get(key);
  if (found === undefined) groups.set(key, (found = new Map()));
  return found;
}
