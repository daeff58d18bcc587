import { hash } from "node:crypto";
import { GatewayAuthError, KongUnavailableError } from "../errors.ts";
import type { Json, JsonObject } from "../model/json.ts";
import type { KongEntity, KongOperation } from "../model/kong-entity.ts";
import { formatKey } from "../model/object-key.ts";
import type { ActualEntity } from "../plan/kong.ts";
import { secondsLeft } from "../plan/lifetime.ts";
import { AdminRejection, mayHaveHappened } from "./admin-client.ts";
import { collectionPath, entityPath, idAt, membersPath, upstreamIdOf } from "./entity-paths.ts";
import { readEntity } from "./mirror-entry.ts";
import type { GatewaySession } from "./session.ts";

/** Of all tags that are ours. */
const TAG_PREFIX = "kjo.";

/** A short name for what is desired, to tell whether it is still the same; fields come in the schema's order. */
export function desiredHash(send: JsonObject, { lifetime }: Pick<KongEntity, "lifetime"> = {}): string {
  return hash("sha1", JSON.stringify(lifetime === undefined ? send : [send, lifetime]));
}

/**
 * Makes one operation true in Kong and in the mirror: one request, no read.
 * @returns whether the entity came into the mirror by it.
 * @throws AdminRejection as it came, for the caller to explain; KongUnavailableError, GatewayAuthError.
 */
export async function writeOperation(session: GatewaySession, operation: KongOperation): Promise<boolean> {
  const { entity, action } = operation;
  const endWrite = session.mirror.beginWrite(entity.id);
  const startedAt = performance.now();
  try {
    const hasCome = await session.gate.run("write", async () => {
      session.assertWritable();
      if (action !== "delete") return upsert(session, operation);
      await remove(session, entity);
      return false;
    });
    log(session, operation, performance.now() - startedAt);
    return hasCome;
  } catch (error) {
    if (mayHaveHappened(error)) noteLostAnswer(session, entity);
    throw error;
  } finally {
    endWrite();
  }
}

async function upsert(session: GatewaySession, operation: KongOperation): Promise<boolean> {
  const { entity, action } = operation;
  if (entity.type === "consumer_group_consumers") return addMember(session, entity);
  const { send, full } = session.catalog.complete(entity);
  const answer = await (entity.type === "targets"
    ? upsertTarget(session, operation, send, full)
    : put(session, operation, { send: withTimeToLive(entity, send), full }));
  const answered = readEntity(entity.type, answer ?? null, session.mirror.tags);
  if (!answered)
    throw new KongUnavailableError(
      "NotAnAdminAPI",
      `the Admin API's answer to a write of ${entity.type} is no such entity`,
    );
  const hasCome = session.mirror.noteAnswer(answered, desiredHash(send, entity));
  if (entity.type === "upstreams" && action === "create") session.targets.noteEmpty(entity.id);
  return hasCome;
}

async function put(
  session: GatewaySession,
  { action, entity: { type, id } }: KongOperation,
  { send, full }: { readonly send: JsonObject; readonly full: JsonObject },
): Promise<Json | undefined> {
  const path = entityPath(type, id);
  const { snis = null, ...certificate } = full;
  const keepsNames = type === "certificates" && action === "update" && snis === null;
  if (!keepsNames) return session.client.request("PUT", path, type, send);
  try {
    // A PUT without them would take its SNIs away, others' among them, and a renewed certificate would be shown to nobody.
    return await session.client.request("PATCH", path, type, certificate);
  } catch (error) {
    if (!(error instanceof AdminRejection && error.status === 404)) throw error;
    // Its SNIs went with it.
    session.noteVanished(type, id);
    return session.client.request("PUT", path, type, send);
  }
}

/** Kong takes a time to live beside the fields of its schema, and counts it down from the request on. */
function withTimeToLive({ lifetime }: KongEntity, send: JsonObject): JsonObject {
  return lifetime === undefined ? send : { ...send, ttl: secondsLeft(lifetime, Date.now()) };
}

/** PUT never creates a target, and changes it as PATCH does: so defaults go along, or a removed weight would stay. */
function upsertTarget(
  session: GatewaySession,
  { entity, action }: KongOperation,
  send: JsonObject,
  full: JsonObject,
): Promise<Json | undefined> {
  if (action === "create") {
    const { upstream: _path, ...body } = send;
    return session.client.request("POST", collectionPath("targets", upstreamIdOf(send)), "targets", {
      id: entity.id,
      ...body,
    });
  }
  const { upstream: _path, ...body } = full;
  return session.client.request("PATCH", entityPath("targets", entity.id, entity.fields), "targets", body);
}

/** A membership has neither tags nor fields of its own; Kong refuses one that is there already, which is as good. */
async function addMember(session: GatewaySession, entity: KongEntity): Promise<boolean> {
  const { type, id, part, owner, fields } = entity;
  const consumer = idAt(fields, "consumer") ?? "";
  try {
    await session.client.request("POST", membersPath(idAt(fields, "consumer_group")), type, { consumer });
  } catch (error) {
    if (!(error instanceof AdminRejection && error.status === 409)) throw error;
  }
  const { send } = session.catalog.complete(entity);
  const answered = { type, id, part, owner, fields, cluster: session.cluster };
  return session.mirror.noteAnswer(answered, desiredHash(send, entity));
}

async function remove(session: GatewaySession, entity: KongEntity): Promise<void> {
  try {
    await session.client.request("DELETE", entityPath(entity.type, entity.id, entity.fields), entity.type);
  } catch (error) {
    // Gone already: targets say so, the others answer 204.
    if (!(error instanceof AdminRejection && error.status === 404)) throw error;
  }
  session.mirror.noteRemoved(entity);
  if (entity.type === "upstreams") session.targets.forget(entity.id);
}

/**
 * Takes our marks off an entity, which stays in Kong as it is.
 * @throws AdminRejection, KongUnavailableError, GatewayAuthError
 */
export async function releaseEntity(session: GatewaySession, entity: ActualEntity): Promise<void> {
  const tags = Array.isArray(entity.fields["tags"]) ? entity.fields["tags"] : [];
  if (entity.type === "consumer_group_consumers") return session.mirror.noteReleased(entity);
  const others = tags.filter((tag) => !String(tag).startsWith(TAG_PREFIX));
  const endWrite = session.mirror.beginWrite(entity.id);
  try {
    await session.gate.run("write", async () => {
      session.assertWritable();
      const path = entityPath(entity.type, entity.id, entity.fields);
      await session.client.request("PATCH", path, entity.type, { tags: others.length > 0 ? others : null });
    });
  } catch (error) {
    if (!(error instanceof AdminRejection && error.status === 404)) throw error;
  } finally {
    endWrite();
  }
  session.mirror.noteReleased(entity);
}

function noteLostAnswer(session: GatewaySession, entity: KongEntity): void {
  const upstreamId = upstreamIdOf(entity.fields);
  if (entity.type === "targets" && upstreamId !== undefined) {
    session.targets.forget(upstreamId);
    return;
  }
  const marked = readEntity(entity.type, { ...entity.fields, id: entity.id }, session.mirror.tags);
  if (marked) session.mirror.noteUncertain(marked);
}

function log(session: GatewaySession, { action, entity, changes }: KongOperation, durationMs: number): void {
  session.logger.info("entity written", {
    stage: "apply",
    key: formatKey(entity.owner),
    action,
    entity: entity.type,
    id: entity.id,
    ...(changes.length > 0 ? { changed: changes.map(({ path }) => path) } : {}),
    durationMs: Math.round(durationMs),
  });
}

/** True for errors after which nothing else needs to be tried. */
export function concernsGateway(error: unknown): error is KongUnavailableError | GatewayAuthError {
  return error instanceof KongUnavailableError || error instanceof GatewayAuthError;
}
