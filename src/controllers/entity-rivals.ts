import { NotReadyError } from "../errors.ts";
import type { MirrorEntry } from "../kong/mirror-entry.ts";
import type { JsonObject } from "../model/json.ts";
import type { KongEntity, KongEntityType } from "../model/kong-entity.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import { caDigest } from "../translate/kong-ca-certificate.ts";
import type { Caches, KongObject } from "./caches.ts";
import type { ControllerContext } from "./context.ts";
import { gatewayCandidates, type GatewayRefFields } from "./gateway-ref.ts";
import type { Gateway } from "./gateways.ts";
import { mayHave } from "./tenant-context.ts";

/** One object and the gateway that it lives on. */
export interface Setting {
  readonly context: ControllerContext;
  readonly key: ObjectKey;
  readonly gateway: Gateway;
}

/** There everything changes at once: an SNI that one lets go of and another takes is one load, and is not handed over. */
export function isDbless({ connection }: Gateway): boolean {
  return connection.state.info?.database === "off";
}

/** Id in Kong of what a KongCACertificate stands for, be the entity another object's. */
export function caCertificateId(caches: Caches, { connection }: Gateway, to: ObjectKey): string | undefined {
  const object = caches.get(to);
  const digest = object && digestOf(caches, object);
  if (digest === undefined) return undefined;
  return connection.entitiesOfType("ca_certificates").find(({ fields }) => fields["cert_digest"] === digest)?.id;
}

/** What has the same value in this field under the marks of another object. */
export function heldByOther({ key, gateway }: Setting, entity: KongEntity, field: string): MirrorEntry | undefined {
  return gateway.connection
    .entitiesOfType(entity.type)
    .find(({ owner, fields }) => fields[field] === entity.fields[field] && formatKey(owner) !== formatKey(key));
}

/** Another object that wants the entity and could have it now. */
export function otherWho(setting: Setting, entry: MirrorEntry): ObjectKey | undefined {
  const { context, key, gateway } = setting;
  const informer = context.caches.kinds.get(key.kind);
  const candidates =
    entry.type === "snis" ? informer?.byIndex("claims", String(entry.fields["name"])) : informer?.list();
  return (candidates ?? [])
    .map(({ metadata }) => ({ kind: key.kind, namespace: metadata.namespace ?? "", name: metadata.name }))
    .filter((other) => formatKey(other) !== formatKey(key) && wants(setting, other, entry))
    .find((other) => entry.type !== "snis" || gateway.connection.idOf(other, "certificates") !== undefined);
}

/** Whether an object is there, lives on this gateway and asks for what the entity is. */
export function wants({ context, gateway }: Setting, owner: ObjectKey, { type, fields }: MirrorEntry): boolean {
  const object = context.caches.get(owner);
  if (!object || object.metadata.deletionTimestamp !== undefined) return false;
  if (!WANTED[type]?.(context.caches, object, fields) || !mayUse(context, owner, object, gateway)) return false;
  // What it wants and may not have is not waited for: else it would keep the other from ever letting go.
  const wanted = type === "snis" ? [{ type, fields: { name: fields["name"] ?? "" } }] : [];
  return mayHave(context, object, gateway, wanted);
}

const WANTED: Readonly<
  Partial<Record<KongEntityType, (caches: Caches, object: KongObject, fields: JsonObject) => boolean>>
> = {
  ca_certificates: (caches, object, fields) => digestOf(caches, object) === fields["cert_digest"],
  snis: (_caches, { spec }, fields) => Array.isArray(spec["snis"]) && spec["snis"].includes(fields["name"]),
};

function digestOf(caches: Caches, { spec, metadata }: KongObject): string | undefined {
  return caDigest(spec, (name) => caches.secretData(metadata.namespace ?? "", name));
}

function mayUse(context: ControllerContext, owner: ObjectKey, { spec }: KongObject, gateway: Gateway): boolean {
  const ref = spec["gatewayRef"] as GatewayRefFields | undefined;
  try {
    const used = context.gateways.resolve(
      owner.namespace,
      gatewayCandidates(owner.namespace, ref, context.operatorNamespace),
    );
    return formatKey(used.key) === formatKey(gateway.key);
  } catch {
    return false;
  }
}

/** The object waits until `next` has the entity. */
export function handingOver({ context, key, gateway }: Setting, entry: MirrorEntry, next: ObjectKey): NotReadyError {
  gateway.connection.awaitChange(entry.id, key);
  context.enqueue(next);
  return new NotReadyError("HandingOver", `what it has in Kong goes over to ${formatKey(next)}, which wants it too`);
}
