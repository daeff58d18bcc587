import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { KongEntity, KongEntityType } from "../model/kong-entity.ts";
import { uniqueKeysOf } from "../plan/entity-graph.ts";
import { collectionPath, CONSUMER_COLLECTIONS, entityPath, upstreamIdOf } from "./entity-paths.ts";
import { listAll } from "./lister.ts";
import type { GatewaySession } from "./session.ts";

/** Types that Kong finds by a name in the path. */
const NAME_FIELDS: Readonly<Partial<Record<KongEntityType, string>>> = {
  services: "name",
  routes: "name",
  upstreams: "name",
  snis: "name",
  vaults: "prefix",
  consumers: "username",
  consumer_groups: "name",
};

/**
 * The entity of the gateway that stands in the way of this one, or that it may take over: the one with the same name,
 * key or scope. Reads; only for adoption and after a refusal.
 * Credentials are looked for among their consumer's only, because Kong's other way has the key in the URL, which ends in
 * access logs.
 * @throws KongUnavailableError, GatewayAuthError, AdminRejection
 */
export async function findExisting(session: GatewaySession, entity: KongEntity): Promise<JsonObject | undefined> {
  const { type, fields } = entity;
  const wanted = new Set(uniqueKeysOf(type, fields));
  const matches = (raw: Json): raw is JsonObject =>
    isJsonObject(raw) && uniqueKeysOf(type, raw).some((key) => wanted.has(key));
  const nameField = NAME_FIELDS[type];
  const name = nameField === undefined ? undefined : fields[nameField];
  if (typeof name === "string") {
    const found = await session.client.find(entityPath(type, name), type);
    if (found && matches(found)) return found;
  }
  for (const path of listsWith(entity)) {
    let found: JsonObject | undefined;
    await listAll({ client: session.client, gate: session.gate, urgency: "soon" }, path, type, (raw) => {
      if (matches(raw)) found ??= raw;
    });
    if (found) return found;
  }
  return undefined;
}

/** The entity with this id. */
export function findById(
  session: GatewaySession,
  { type, fields }: KongEntity,
  id: string,
): Promise<JsonObject | undefined> {
  return session.client.find(entityPath(type, id, fields), type);
}

/** The shortest lists in which an equal entity would stand. */
function listsWith({ type, fields }: KongEntity): string[] {
  const consumerId = idIn(fields["consumer"]);
  const consumerCollection = CONSUMER_COLLECTIONS[type];
  if (consumerCollection !== undefined)
    return consumerId === undefined ? [] : [`/consumers/${consumerId}/${consumerCollection}`];
  switch (type) {
    case "consumers":
      return typeof fields["custom_id"] === "string"
        ? [`/consumers?custom_id=${encodeURIComponent(fields["custom_id"])}`]
        : [];
    case "targets":
      return [collectionPath("targets", upstreamIdOf(fields))];
    case "plugins":
      return pluginLists(fields);
    case "ca_certificates":
      return ["/ca_certificates"];
    default:
      return [];
  }
}

function pluginLists(fields: JsonObject): string[] {
  const [routeId, serviceId, consumerId] = [idIn(fields["route"]), idIn(fields["service"]), idIn(fields["consumer"])];
  const groupId = idIn(fields["consumer_group"]);
  const byName = typeof fields["instance_name"] === "string" ? ["/plugins"] : [];
  if (routeId !== undefined) return [`/routes/${routeId}/plugins`, ...byName];
  if (serviceId !== undefined) return [`/services/${serviceId}/plugins`, ...byName];
  if (consumerId !== undefined) return [`/consumers/${consumerId}/plugins`, ...byName];
  return groupId === undefined ? ["/plugins"] : [`/consumer_groups/${groupId}/plugins`, ...byName];
}

function idIn(value: Json | undefined): string | undefined {
  return isJsonObject(value) && typeof value["id"] === "string" ? value["id"] : undefined;
}
