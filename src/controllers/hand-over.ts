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
import type { KongEntity } from "../model/kong-entity.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import type { ControllerContext } from "./context.ts";
import { handingOver, heldByOther, isDbless, otherWho, wants, type Setting } from "./entity-rivals.ts";
import type { Gateway } from "./gateways.ts";

/** What an object asks of Kong once it is settled who has what. */
export interface Claim {
  readonly desired: readonly KongEntity[];
  /** Entities under the marks of other objects that become this one's. */
  readonly takeOver: readonly MirrorEntry[];
  /** The entity of another object that stands for this one's own. */
  readonly shared: MirrorEntry | undefined;
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
    // Told when that has happened: asked to look before it has, the two would ask each other for as long as it fails.
    connection.awaitChange(other.id, other.owner);
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
  const { key, gateway } = setting;
  const takeOver: MirrorEntry[] = [];
  const claimed = desired.map((entity) => {
    const other = entity.type === "snis" ? heldByOther(setting, entity, "name") : undefined;
    if (!other || wants(setting, other.owner, other)) return entity;
    gateway.connection.awaitChange(other.id, other.owner);
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

/** An id of another object's is not ours to use, although it was made of our name: it has been taken over. */
function withOwnId({ key, gateway }: Setting, entity: KongEntity): KongEntity {
  const standing = gateway.connection.entitiesOfType(entity.type).find(({ id }) => id === entity.id);
  if (!standing || formatKey(standing.owner) === formatKey(key)) return entity;
  const { instance, workspace } = gateway;
  return { ...entity, id: entityId({ instance, workspace }, entity.type, key, String(entity.fields["cert_digest"])) };
}
