import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { KongEntityType } from "../model/kong-entity.ts";
import type { ActualEntity } from "../plan/kong.ts";
import { wordFor } from "./conflict.ts";
import { CONSUMER_COLLECTIONS, entityPath } from "./entity-paths.ts";
import { holderOf } from "./holder.ts";
import { listAll } from "./lister.ts";
import type { GatewaySession } from "./session.ts";

interface Dependents {
  readonly collection: string;
  readonly type: KongEntityType;
  /** Where Kong has no collection under the entity: whether one of all refers to it. */
  readonly refersTo?: (raw: JsonObject, id: string) => boolean;
}

const PLUGINS: Dependents = { collection: "plugins", type: "plugins" };

/** What Kong would remove together with an entity, by the collections under it. */
const CASCADING: Readonly<Partial<Record<KongEntityType, readonly Dependents[]>>> = {
  certificates: [{ collection: "snis", type: "snis" }],
  upstreams: [{ collection: "targets", type: "targets" }],
  services: [PLUGINS],
  routes: [PLUGINS],
  consumer_groups: [PLUGINS, { collection: "consumers", type: "consumers" }],
  consumers: [
    PLUGINS,
    ...Object.entries(CONSUMER_COLLECTIONS).map(([type, collection]) => ({ collection, type: type as KongEntityType })),
  ],
};

/** What keeps Kong from removing an entity. */
const BLOCKING: Readonly<Partial<Record<KongEntityType, readonly Dependents[]>>> = {
  services: [{ collection: "routes", type: "routes" }],
  certificates: [
    { collection: "services", type: "services" },
    { collection: "upstreams", type: "upstreams" },
  ],
  ca_certificates: [
    { collection: "services", type: "services", refersTo: (raw, id) => holds(raw["ca_certificates"], id) },
    {
      collection: "plugins",
      type: "plugins",
      refersTo: ({ config }, id) => isJsonObject(config) && holds(config["ca_certificates"], id),
    },
  ],
};

function holds(list: Json | undefined, id: string): boolean {
  return Array.isArray(list) && list.includes(id);
}

/** Entities of others that would go with this one, in words: `plugin cors (1a2b…)`. One read a collection. */
export function listCascading(session: GatewaySession, entity: ActualEntity): Promise<string[]> {
  return listForeign(session, entity, CASCADING[entity.type] ?? []);
}

/** Entities of others that refer to this one, so that Kong does not let it go. */
export function listBlocking(session: GatewaySession, entity: ActualEntity): Promise<string[]> {
  return listForeign(session, entity, BLOCKING[entity.type] ?? []);
}

async function listForeign(
  session: GatewaySession,
  entity: ActualEntity,
  kinds: readonly Dependents[],
): Promise<string[]> {
  const { client, gate } = session;
  const lists = await Promise.all(
    kinds.map(async ({ collection, type, refersTo }) => {
      const found: string[] = [];
      const path = refersTo ? `/${collection}` : `${entityPath(entity.type, entity.id)}/${collection}`;
      await listAll({ client, gate, urgency: "soon" }, path, type, (raw) => {
        if (!isJsonObject(raw) || refersTo?.(raw, entity.id) === false) return;
        if (holderOf(session, raw).kind !== "ours") found.push(describe(type, raw));
      });
      return found;
    }),
  );
  return lists.flat();
}

/** Credentials are told by their id alone: their names may be keys. */
function describe(type: KongEntityType, raw: JsonObject): string {
  const shown = ["routes", "plugins", "snis", "services", "upstreams"].includes(type)
    ? raw["name"]
    : type === "targets"
      ? raw["target"]
      : undefined;
  return `${wordFor(type)} ${typeof shown === "string" ? `${shown} (${String(raw["id"])})` : String(raw["id"])}`;
}
