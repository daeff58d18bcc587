import type { Json, JsonObject } from "../../../../src/model/json.ts";
import { isJsonObject } from "../../../../src/model/json.ts";
import { schemaViolation } from "../errors.ts";
import type { Dao } from "./dao.ts";

/**
 * A plugin that names its protocols must share one with its route, or with a route of its service.
 * Kong looks before it resolves references, so a service given by name has no routes that it could find, and never fits.
 * @throws KongError
 */
export function checkPluginProtocols(dao: Dao, plugin: JsonObject): void {
  const protocols = plugin["protocols"];
  if (!Array.isArray(protocols)) return;
  if (isJsonObject(plugin["route"])) {
    const id = plugin["route"]["id"];
    const route = typeof id === "string" ? dao.store.table("routes").rows.get(id) : undefined;
    if (route === undefined || shares(protocols, route)) return;
    throw schemaViolation({ protocols: "must match the associated route's protocols" });
  }
  if (!isJsonObject(plugin["service"]) || fitsService(dao, protocols, plugin["service"]["id"])) return;
  throw schemaViolation({
    protocols: "must match the protocols of at least one route pointing to this Plugin's service",
  });
}

function fitsService(dao: Dao, protocols: Json[], serviceId: Json | undefined): boolean {
  if (typeof serviceId !== "string") return false;
  const table = dao.store.table("routes");
  const routeIds = table.childIds("service", serviceId);
  if (routeIds.size === 0) return true;
  return [...routeIds].some((id) => shares(protocols, table.rows.get(id) ?? {}));
}

function shares(protocols: Json[], route: JsonObject): boolean {
  const own = route["protocols"];
  return Array.isArray(own) && protocols.some((protocol) => own.includes(protocol));
}
