import { KongUnavailableError } from "../errors.ts";
import { TAG_INSTANCE } from "../model/identity.ts";
import { isJsonObject, type Json } from "../model/json.ts";
import type { KongEntityType } from "../model/kong-entity.ts";
import { AdminRejection, type AdminClient } from "./admin-client.ts";
import { collectionPath } from "./entity-paths.ts";
import { GatewayRefusedError } from "./gateway-state.ts";
import type { RequestGate, Urgency } from "./request-gate.ts";

const PAGE_SIZE = 1000;

/** Types that a gateway has only with the plugin that they belong to, or with an Enterprise license. */
const NOT_EVERYWHERE: ReadonlySet<KongEntityType> = new Set([
  "consumer_groups",
  "acls",
  "keyauth_credentials",
  "jwt_secrets",
  "basicauth_credentials",
  "hmacauth_credentials",
  "oauth2_credentials",
]);

export interface Listing {
  readonly client: AdminClient;
  readonly gate: RequestGate;
  readonly urgency: Urgency;
}

/**
 * All entities of a type that carry our instance's tag, page by page; none where the gateway lacks the type
 * (credentials exist only with their plugin).
 * @param read is called with each entity, so that a page need not be kept.
 */
export async function listTagged(
  listing: Listing,
  type: KongEntityType,
  instance: string,
  read: (raw: Json) => void,
): Promise<void> {
  const tag = encodeURIComponent(TAG_INSTANCE + instance);
  try {
    await listPages(listing, collectionPath(type), `&tags=${tag}`, type, read);
  } catch (error) {
    if (!(error instanceof AdminRejection)) throw error;
    if (error.status === 404 && NOT_EVERYWHERE.has(type)) return;
    if (error.status === 404 && listing.client.workspace !== "") throw workspaceNotFound(listing.client.workspace);
    // An empty mirror in its place would make everything look as if it were gone.
    throw new KongUnavailableError(
      "NotAnAdminAPI",
      `the Admin API answered ${error.status} to a list of ${type}: check the path in spec.adminApi.url`,
    );
  }
}

function workspaceNotFound(workspace: string): GatewayRefusedError {
  return new GatewayRefusedError({
    reason: "WorkspaceNotFound",
    message:
      `the gateway has no workspace ${JSON.stringify(workspace)}; Kong's open source gateway has none at all: ` +
      "make it there, or create a KongGateway without spec.adminApi.workspace",
  });
}

/** Everything in a collection, whoever it belongs to. Nothing where the collection, or what it belongs to, is not there. */
export async function listAll(
  listing: Listing,
  path: string,
  entity: string,
  read: (raw: Json) => void,
): Promise<void> {
  try {
    await listPages(listing, path, "", entity, read);
  } catch (error) {
    if (error instanceof AdminRejection && error.status === 404) return;
    throw error;
  }
}

/** Follows `offset`; Kong's `next` drops parameters on some collections. A page may be empty and not the last. */
async function listPages(
  listing: Listing,
  path: string,
  filter: string,
  entity: string,
  read: (raw: Json) => void,
): Promise<void> {
  let offset: string | undefined;
  do {
    const separator = path.includes("?") ? "&" : "?";
    const query = `${separator}size=${PAGE_SIZE}${filter}${offset === undefined ? "" : `&offset=${encodeURIComponent(offset)}`}`;
    const page = await listing.gate.run(listing.urgency, () => listing.client.request("GET", path + query, entity));
    if (!isJsonObject(page))
      throw new KongUnavailableError("NotAnAdminAPI", `the Admin API's list of ${entity} is no object`);
    // An empty list sometimes comes as `{}`.
    // Before Kong 3.5 the members of a consumer group came as `consumers`.
    const items = page["data"] ?? page["consumers"];
    if (Array.isArray(items)) items.forEach(read);
    const next = page["next"] === null || page["next"] === undefined ? undefined : page["offset"];
    if (next !== undefined && next === offset)
      throw new KongUnavailableError("NotAnAdminAPI", `the Admin API's list of ${entity} does not end`);
    offset = typeof next === "string" ? next : undefined;
  } while (offset !== undefined);
}
