import { collectionPath, entityPath, membersPath } from "../kong/entity-paths.ts";
import { AdminClient } from "../kong/admin-client.ts";
import { listAll, type Listing } from "../kong/lister.ts";
import { withoutNulls } from "../kong/mirror-entry.ts";
import { RequestGate } from "../kong/request-gate.ts";
import { SchemaCatalog } from "../kong/schema-catalog.ts";
import { minimalFields } from "../kong/schema-minimal.ts";
import { isSecretField } from "../kong/secret-fields.ts";
import type { GatewaySettings } from "../kong/settings.ts";
import { httpTransport } from "../kong/transport.ts";
import type { FlatEntity, Lost } from "../convert/flat.ts";
import { parseOwnershipTags, TAG_PREFIX } from "../model/identity.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { KONG_ENTITY_TYPES, type KongEntity, type KongEntityType } from "../model/kong-entity.ts";
import { referencesOf } from "../plan/entity-graph.ts";
import type { GivenGateway } from "./gateways.ts";

/** Collections that gateways may have and that there is no kind for. */
const OTHER_COLLECTIONS = ["vaults", "consumer_groups", "keys", "key-sets", "filter-chains", "partials", "licenses"];
const CONCURRENCY = 16;
const TIMEOUT_MS = 30_000;
/** Change by themselves, or are derived. */
const LEFT_OUT: ReadonlySet<string> = new Set(["id", "created_at", "updated_at", "ttl"]);

export interface LiveEntities {
  readonly entities: readonly FlatEntity[];
  readonly lost: readonly Lost[];
  /** Whether a value is secret, by the gateway's own schemas. */
  readonly isSecret: (entity: Pick<FlatEntity, "type" | "fields">, path: string) => boolean;
}

/**
 * Everything that a gateway holds, whoever made it, without what its schemas fill in by themselves and without the
 * operator's marks.
 * @param tag takes only entities with this tag, and what hangs on them.
 * @throws KongUnavailableError, GatewayAuthError, AdminRejection
 */
export async function readGateway(
  given: GivenGateway,
  options: { readonly tag?: string | undefined; readonly onProgress?: (done: number, all: number) => void },
): Promise<LiveEntities> {
  const settings: GatewaySettings = {
    url: given.url,
    headers: given.headers,
    ...(given.tls ? { tls: given.tls } : {}),
    workspace: given.workspace ?? "",
    timeoutMs: TIMEOUT_MS,
    concurrency: CONCURRENCY,
    instance: "",
    driftIntervalMs: 0,
    driftPolicy: "Report",
  };
  const client = new AdminClient({ settings, transport: httpTransport(settings) });
  const listing: Listing = { client, gate: new RequestGate(CONCURRENCY), urgency: "soon" };
  try {
    await client.request("GET", "/", "node");
    const raw = await listEverything(listing, options.onProgress ?? (() => {}));
    const catalog = new SchemaCatalog((path) => listing.gate.run("soon", () => client.find(path, "schemas")));
    const kept = withTag(raw, options.tag);
    await catalog.load(kept.map(asKongEntity));
    const entities = kept.map((entity) => ({
      ...entity,
      fields: withoutMarks(minimalFields(catalog.schemaOf(asKongEntity(entity)), entity.fields)),
    }));
    return {
      entities,
      lost: [...owned(kept), ...(await countOthers(listing))],
      isSecret: (entity, path) => isSecretField(entity, path, catalog.schemaOf(asKongEntity(entity))),
    };
  } finally {
    await client.close();
  }
}

async function listEverything(
  listing: Listing,
  onProgress: (done: number, all: number) => void,
): Promise<FlatEntity[]> {
  const found: FlatEntity[] = [];
  const read =
    (type: KongEntityType) =>
    (raw: Json): void => {
      if (isJsonObject(raw)) found.push(flatEntity(type, raw));
    };
  const types = KONG_ENTITY_TYPES.filter((type) => type !== "targets" && type !== "consumer_group_consumers");
  let done = 0;
  await Promise.all(
    types.map(async (type) => {
      await listAll(listing, collectionPath(type), type, read(type));
      onProgress(++done, types.length);
    }),
  );
  const upstreams = found.filter(({ type }) => type === "upstreams");
  done = 0;
  await Promise.all(
    upstreams.map(async ({ id }) => {
      await listAll(listing, `${entityPath("upstreams", id)}/targets`, "targets", read("targets"));
      onProgress(++done, upstreams.length);
    }),
  );
  const groups = found.filter(({ type }) => type === "consumer_groups");
  await Promise.all(
    groups.map(({ id }) =>
      listAll(listing, membersPath(id), "consumer_group_consumers", (raw) => {
        if (!isJsonObject(raw)) return;
        const fields = { consumer: { id: String(raw["id"]) }, consumer_group: { id } };
        found.push({ type: "consumer_group_consumers", id: `${id} ${fields.consumer.id}`, hasOwnId: false, fields });
      }),
    ),
  );
  return found;
}

function flatEntity(type: KongEntityType, raw: JsonObject): FlatEntity {
  const fields = withoutNulls(raw) as JsonObject;
  for (const name of LEFT_OUT) delete fields[name];
  return { type, id: String(raw["id"]), hasOwnId: true, fields };
}

/** What carries the tag, and what belongs to it. */
function withTag(entities: readonly FlatEntity[], tag: string | undefined): readonly FlatEntity[] {
  if (tag === undefined) return entities;
  const ids = new Set(entities.filter((entity) => tagsOf(entity).includes(tag)).map(({ id }) => id));
  return entities.filter((entity) => {
    if (ids.has(entity.id)) return true;
    return isPart(entity.type) && referencesOf(entity.type, entity.fields).some(({ id }) => ids.has(id));
  });
}

/** Types that are nothing without another one, whose tag counts for them. */
function isPart(type: KongEntityType): boolean {
  return ["snis", "targets", "acls", "consumer_group_consumers"].includes(type) || /_(credentials|secrets)$/.test(type);
}

function tagsOf({ fields }: Pick<FlatEntity, "fields">): string[] {
  return Array.isArray(fields["tags"]) ? fields["tags"].map(String) : [];
}

function withoutMarks(fields: JsonObject): JsonObject {
  const tags = tagsOf({ fields }).filter((tag) => !tag.startsWith(TAG_PREFIX));
  const { tags: _marked, ...rest } = fields;
  return tags.length > 0 ? { ...rest, tags } : rest;
}

/** Entities of an operator can be exported, but not taken over: it holds them. */
function owned(entities: readonly FlatEntity[]): Lost[] {
  const byInstance = new Map<string, number>();
  for (const entity of entities) {
    const marks = parseOwnershipTags(tagsOf(entity));
    if (marks) byInstance.set(marks.instance, (byInstance.get(marks.instance) ?? 0) + 1);
  }
  return [...byInstance].map(([instance, count]) => ({
    entity: `${count} entities of instance ${instance}`,
    field: "tags",
    why: "an operator, or kjo sync, owns them: the marks are left out, and another instance cannot adopt them while it does",
  }));
}

async function countOthers(listing: Listing): Promise<Lost[]> {
  const known = new Set<string>(KONG_ENTITY_TYPES);
  const lists = OTHER_COLLECTIONS.filter((name) => !known.has(name)).map(async (name) => {
    const lost: Lost[] = [];
    await listAll(listing, `/${name}`, "node", (raw) => {
      if (isJsonObject(raw))
        lost.push({ entity: `${name} ${String(raw["name"] ?? raw["id"])}`, why: "there is no kind for it" });
    }).catch(() => undefined);
    return lost;
  });
  return (await Promise.all(lists)).flat();
}

function asKongEntity({ type, fields }: Pick<FlatEntity, "type" | "fields">): KongEntity {
  return { type, id: "", fields, owner: { kind: "", namespace: "", name: "" }, part: "" };
}
