import { KongRejectedError } from "../errors.ts";
import type { JsonObject } from "../model/json.ts";
import type { KongEntity, KongEntityType } from "../model/kong-entity.ts";
import type { ObjectKey } from "../model/object-key.ts";
import { uniqueKeysOf } from "../plan/entity-graph.ts";
import type { AdminRejection } from "./admin-client.ts";
import { findExisting } from "./find-existing.ts";
import { holderOf, type Holder } from "./holder.ts";
import { redactorFor } from "./redaction.ts";
import type { GatewaySession } from "./session.ts";

/** Kong's types in words. */
const WORDS: Readonly<Record<KongEntityType, string>> = {
  vaults: "vault",
  ca_certificates: "CA certificate",
  certificates: "certificate",
  snis: "SNI",
  upstreams: "upstream",
  targets: "target",
  services: "service",
  routes: "route",
  consumer_groups: "consumer group",
  consumers: "consumer",
  consumer_group_consumers: "member of a consumer group",
  acls: "group membership",
  keyauth_credentials: "key-auth credential",
  jwt_secrets: "jwt credential",
  basicauth_credentials: "basic-auth credential",
  hmacauth_credentials: "hmac-auth credential",
  oauth2_credentials: "oauth2 credential",
  plugins: "plugin",
};

export function wordFor(type: KongEntityType): string {
  return WORDS[type];
}

/**
 * Why a name, key or scope is not free: whose it is, and what to do. An object of ours that holds it releases `owner`
 * when it lets go.
 */
export async function conflictError(
  session: GatewaySession,
  owner: ObjectKey,
  entity: KongEntity,
  rejection: AdminRejection,
): Promise<KongRejectedError> {
  const { status, kong } = rejection;
  const redact = redactorFor(entity);
  const holder = ownHolder(session, owner, entity) ?? (await foreignHolder(session, entity));
  return new KongRejectedError("Conflict", conflictMessage(entity.type, holder, redact.text(kong.message)), {
    status,
    code: kong.code,
    fields: redact.fields(kong.fields),
    cause: rejection,
  });
}

export function conflictMessage(type: KongEntityType, holder: Holder | undefined, said: string): string {
  const what = `another ${wordFor(type)} of the gateway is in the way`;
  const quoted = said === "" ? "" : ` (Kong: ${said})`;
  if (!holder) return `${what}${quoted}`;
  if (holder.kind === "unmanaged")
    return `${what}, which is not managed by the operator: set spec.adopt to take it over${quoted}`;
  return `${what}: it belongs to ${holder.text}${quoted}`;
}

/** Looks in the mirror, which costs no request. */
function ownHolder(session: GatewaySession, owner: ObjectKey, entity: KongEntity): Holder | undefined {
  const wanted = new Set(uniqueKeysOf(entity.type, entity.fields));
  for (const entry of session.mirror.ofType(entity.type)) {
    if (entry.id === entity.id || !uniqueKeysOf(entity.type, entry.fields).some((key) => wanted.has(key))) continue;
    session.waiting.add(entry.id, owner);
    return holderOf(session, entry.fields);
  }
  return undefined;
}

/** A failed look-up is no reason to hide the conflict itself. */
async function foreignHolder(session: GatewaySession, entity: KongEntity): Promise<Holder | undefined> {
  const found: JsonObject | undefined = await findExisting(session, entity).catch(() => undefined);
  return found && found["id"] !== entity.id ? holderOf(session, found) : undefined;
}
