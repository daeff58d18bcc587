import { TAG_INSTANCE } from "../../model/identity.ts";
import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import { KONG_ENTITY_TYPES, type KongEntityType } from "../../model/kong-entity.ts";
import type { AdminClient } from "../admin-client.ts";
import { wordFor } from "../conflict.ts";
import { collectionPath } from "../entity-paths.ts";
import { GatewayRefusedError } from "../gateway-state.ts";
import { listAll } from "../lister.ts";
import { readEntity, withoutNulls, type ReadEntity } from "../mirror-entry.ts";
import { instanceInUse, isOurs } from "../mirror-refresh.ts";
import type { GatewaySession } from "../session.ts";

/** Marks what stays in a configuration though its object is gone: `kjo.left:<instance>`. */
export const TAG_LEFT = "kjo.left:";

/** An entity that belongs to no object and was left in place on purpose. */
export interface LeftEntity {
  readonly type: KongEntityType;
  readonly id: string;
  readonly fields: JsonObject;
}

/** All that one process without a database holds. */
export interface Inventory {
  readonly ours: readonly ReadEntity[];
  readonly left: readonly LeftEntity[];
  /** What nobody has marked, in words: `service shop (1a2b…)`. */
  readonly foreign: readonly string[];
}

/**
 * Lists everything, whoever it belongs to: there is no part of such a gateway that is not replaced along.
 * @throws GatewayRefusedError where another cluster uses our instance; KongUnavailableError, GatewayAuthError.
 */
export async function takeInventory(
  session: GatewaySession,
  client: AdminClient,
  takeOver: string | undefined,
): Promise<Inventory> {
  const ours: ReadEntity[] = [];
  const left: LeftEntity[] = [];
  const foreign: string[] = [];
  const clusters = new Map<string, number>();
  const upstreams: string[] = [];
  const certificates = new Set<string>();
  const read = (type: KongEntityType, raw: Json): void => {
    if (!isJsonObject(raw) || typeof raw["id"] !== "string") return;
    if (type === "upstreams") upstreams.push(raw["id"]);
    const entity = readEntity(type, raw, session.mirror.tags);
    if (entity && isMarked(raw, TAG_INSTANCE + session.instance)) {
      if (isOurs(session, entity.cluster, takeOver)) ours.push(entity);
      else clusters.set(entity.cluster, (clusters.get(entity.cluster) ?? 0) + 1);
      if (type === "certificates") certificates.add(raw["id"]);
    } else if (isMarked(raw, TAG_LEFT + session.instance)) {
      left.push({ type, id: raw["id"], fields: withoutNulls(raw) as JsonObject });
    } else if (type !== "snis" || !certificates.has(idIn(raw["certificate"]))) {
      // A certificate brings the SNIs in its own list, which carry no tags.
      foreign.push(`${wordFor(type)} ${labelOf(type, raw)}`);
    }
  };
  const list = (path: string, type: KongEntityType): Promise<void> =>
    listAll({ client, gate: session.gate, urgency: "soon" }, path, type, (raw) => read(type, raw));
  await list(collectionPath("certificates"), "certificates");
  const rest = KONG_ENTITY_TYPES.filter((type) => type !== "targets" && type !== "certificates");
  await Promise.all(rest.map((type) => list(collectionPath(type), type)));
  await Promise.all(upstreams.map((id) => list(collectionPath("targets", id), "targets")));
  if (clusters.size > 0) throw instanceInUse(session.instance, clusters);
  return { ours, left, foreign };
}

/** Most names in one message. */
const LISTED = 5;

/** Why a configuration of somebody else's is not replaced. */
export function foreignConfiguration(foreign: readonly string[]): GatewayRefusedError {
  const more = foreign.length > LISTED ? ` and ${foreign.length - LISTED} more` : "";
  return new GatewayRefusedError({
    reason: "ForeignConfiguration",
    message:
      `the gateway has no database and holds a configuration that the operator did not load (${foreign.slice(0, LISTED).join(", ")}${more}), ` +
      "and loading ours would remove it: set spec.dbless.replaceForeign to true if it may go",
  });
}

function isMarked(raw: JsonObject, tag: string): boolean {
  return Array.isArray(raw["tags"]) && raw["tags"].includes(tag);
}

function idIn(value: Json | undefined): string {
  return isJsonObject(value) ? String(value["id"]) : "";
}

/** Credentials are told by their id alone: their names may be keys. */
function labelOf(type: KongEntityType, raw: JsonObject): string {
  const isNamed = ["services", "routes", "upstreams", "plugins", "snis"].includes(type);
  const label = isNamed ? raw["name"] : raw["id"];
  return String(typeof label === "string" ? label : raw["id"]);
}
