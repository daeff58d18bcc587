/*
 * Two things of which Kong takes each only once, and which objects may want one after the other or together: a CA
 * certificate (by its digest) and an SNI (by its name).
 *
 * - A CA certificate that several objects want is one entity. The first of them has its marks, the others use its id.
 *   Where the first lets go, another takes the entity over, with its id; it is removed with the last.
 * - An SNI that an object no longer wants goes over to the certificate that wants it by one write, so that no moment is
 *   without it.
 *
 * Who takes over writes; who lets go only waits for that.
 */
import { KongCACertificate } from "../api/v1alpha1/kong-ca-certificate.ts";
import { KongCertificate } from "../api/v1alpha1/kong-certificate.ts";
import { NotReadyError } from "../errors.ts";
import type { MirrorEntry } from "../kong/mirror-entry.ts";
import { entityId } from "../model/identity.ts";
import type { JsonObject } from "../model/json.ts";
import type { KongEntity, KongEntityType } from "../model/kong-entity.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import { caDigest } from "../translate/kong-ca-certificate.ts";
import type { Caches, KongObject } from "./caches.ts";
import type { ControllerContext } from "./context.ts";
import { gatewayCandidates, type GatewayRefFields } from "./gateway-ref.ts";
import type { Gateway } from "./gateways.ts";
import { mayHave } from "./tenant-context.ts";

/** What an object asks of Kong once it is settled who has what. */
export interface Claim {
  readonly desired: readonly KongEntity[];
  /** Entities under the marks of other objects that become this one's. */
  readonly takeOver: readonly MirrorEntry[];
  /** The entity of another object that stands for this one's own. */
  readonly shared: MirrorEntry | undefined;
}

interface Setting {
  readonly context: ControllerContext;
  readonly key: ObjectKey;
  readonly gateway: Gateway;
}

/**
 * Settles what an object may ask for beside the others of its gateway.
 * @throws NotReadyError while another object takes over what this one has.
 */
export function claim(
  context: ControllerContext,
  key: ObjectKey,
  gateway: Gateway,
  desired: readonly KongEntity[],
): Claim {
  const setting = { context, key, gateway };
  if (key.kind === KongCACertificate.kind) return claimCaCertificate(setting, desired);
  if (key.kind === KongCertificate.kind && !isDbless(gateway)) return claimSnis(setting, desired);
  return { desired, takeOver: [], shared: undefined };
}

/**
 * Called before an object leaves a gateway.
 * @throws NotReadyError while another object takes over what this one has.
 */
export function handOver(context: ControllerContext, key: ObjectKey, gateway: Gateway): void {
  if (key.kind !== KongCACertificate.kind && (key.kind !== KongCertificate.kind || isDbless(gateway))) return;
  const setting = { context, key, gateway };
  for (const entry of gateway.connection.entitiesOf(key)) {
    const next = entry.type === "ca_certificates" || entry.type === "snis" ? otherWho(setting, entry) : undefined;
    if (next) throw handingOver(setting, entry, next);
  }
}

/** There everything changes at once: an SNI that one lets go of and another takes is one load, and is not handed over. */
function isDbless({ connection }: Gateway): boolean {
  return connection.state.info?.database === "off";
}

/** Id in Kong of what a KongCACertificate stands for, be the entity another object's. */
export function caCertificateId(caches: Caches, { connection }: Gateway, to: ObjectKey): string | undefined {
  const object = caches.get(to);
  const digest = object && digestOf(caches, object);
  if (digest === undefined) return undefined;
  return connection.entitiesOfType("ca_certificates").find(({ fields }) => fields["cert_digest"] === digest)?.id;
}

function claimCaCertificate(setting: Setting, desired: readonly KongEntity[]): Claim {
  const { context, key, gateway } = setting;
  const [entity] = desired;
  if (!entity) return { desired, takeOver: [], shared: undefined };
  const { connection } = gateway;
  const [mine] = connection.entitiesOf(key);
  if (mine && mine.fields["cert_digest"] !== entity.fields["cert_digest"]) {
    const next = otherWho(setting, mine);
    if (next) throw handingOver(setting, mine, next);
  }
  const other = heldByOther(setting, entity, "cert_digest");
  if (!other) return { desired: [withOwnId(setting, entity)], takeOver: [], shared: undefined };
  connection.awaitChange(other.id, key);
  if (!wants(setting, other.owner, other)) {
    context.enqueue(other.owner);
    return { desired: [{ ...entity, id: other.id }], takeOver: [other], shared: undefined };
  }
  if (mine && connection.usersOf(key).length > 0) {
    connection.awaitRelease(mine.id, key);
    context.caches.usersOf(key).forEach(context.enqueue);
    throw new NotReadyError(
      "HandingOver",
      `its users go over to the same CA certificate of ${formatKey(other.owner)}; the former one goes when they have`,
    );
  }
  return { desired: [], takeOver: [], shared: other };
}

function claimSnis(setting: Setting, desired: readonly KongEntity[]): Claim {
  const { context, key, gateway } = setting;
  const takeOver: MirrorEntry[] = [];
  const claimed = desired.map((entity) => {
    const other = entity.type === "snis" ? heldByOther(setting, entity, "name") : undefined;
    if (!other || wants(setting, other.owner, other)) return entity;
    context.enqueue(other.owner);
    takeOver.push(other);
    return { ...entity, id: other.id };
  });
  const wanted = new Set(desired.flatMap(({ type, fields }) => (type === "snis" ? [fields["name"]] : [])));
  const given = gateway.connection
    .entitiesOf(key)
    .filter((entry) => entry.type === "snis" && !wanted.has(entry.fields["name"]) && isAwaited(setting, entry));
  return { desired: [...claimed, ...given], takeOver, shared: undefined };
}

/** True where another certificate wants this SNI; it stays until that has it. */
function isAwaited(setting: Setting, entry: MirrorEntry): boolean {
  const next = otherWho(setting, entry);
  if (!next) return false;
  setting.context.enqueue(next);
  setting.gateway.connection.awaitChange(entry.id, setting.key);
  return true;
}

function handingOver({ context, key, gateway }: Setting, entry: MirrorEntry, next: ObjectKey): NotReadyError {
  gateway.connection.awaitChange(entry.id, key);
  context.enqueue(next);
  return new NotReadyError("HandingOver", `what it has in Kong goes over to ${formatKey(next)}, which wants it too`);
}

/** An id of another object's is not ours to use, although it was made of our name: it has been taken over. */
function withOwnId({ key, gateway }: Setting, entity: KongEntity): KongEntity {
  const standing = gateway.connection.entitiesOfType(entity.type).find(({ id }) => id === entity.id);
  if (!standing || formatKey(standing.owner) === formatKey(key)) return entity;
  const { instance, workspace } = gateway;
  return { ...entity, id: entityId({ instance, workspace }, entity.type, key, String(entity.fields["cert_digest"])) };
}

function heldByOther({ key, gateway }: Setting, entity: KongEntity, field: string): MirrorEntry | undefined {
  return gateway.connection
    .entitiesOfType(entity.type)
    .find(({ owner, fields }) => fields[field] === entity.fields[field] && formatKey(owner) !== formatKey(key));
}

/** Another object that wants the entity and could have it now. */
function otherWho(setting: Setting, entry: MirrorEntry): ObjectKey | undefined {
  const { context, key, gateway } = setting;
  return [...(context.caches.kinds.get(key.kind)?.list() ?? [])]
    .map(({ metadata }) => ({ kind: key.kind, namespace: metadata.namespace ?? "", name: metadata.name }))
    .filter((other) => formatKey(other) !== formatKey(key) && wants(setting, other, entry))
    .find((other) => entry.type !== "snis" || gateway.connection.idOf(other, "certificates") !== undefined);
}

/** Whether an object is there, lives on this gateway and asks for what the entity is. */
function wants({ context, gateway }: Setting, owner: ObjectKey, { type, fields }: MirrorEntry): boolean {
  const object = context.caches.get(owner);
  if (!object || object.metadata.deletionTimestamp !== undefined || !mayUse(context, owner, object, gateway))
    return false;
  // What it wants and may not have is not waited for: else it would keep the other from ever letting go.
  const wanted = type === "snis" ? [{ type, fields: { name: fields["name"] ?? "" } }] : [];
  return (WANTED[type]?.(context.caches, object, fields) ?? false) && mayHave(context, object, gateway, wanted);
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
