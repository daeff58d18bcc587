import { createHash } from "node:crypto";
import type { KongEntityType } from "./kong-entity.ts";
import type { ObjectKey } from "./object-key.ts";

/** The namespace of our version 5 UUIDs: a constant of this project, never to be changed. */
const ID_NAMESPACE = "8f0f3b0a-6a53-5c5e-9d0c-2b1f6d1f7c11";

/** What makes an entity ours: the gateway instance and the cluster whose objects describe it. */
export interface Ownership {
  /** `<namespace>.<name>` of the KongGateway unless its spec says otherwise. */
  readonly instance: string;
  /** uid of the namespace kube-system. */
  readonly cluster: string;
}

/** Of all tags that are ours. */
export const TAG_PREFIX = "kjo.";
export const TAG_INSTANCE = "kjo.instance:";
export const TAG_CLUSTER = "kjo.cluster:";
export const TAG_OBJECT = "kjo.object:";

/**
 * The three tags that mark an entity as ours. Kong's tags may hold neither `,` nor `/`; names of Kubernetes objects hold
 * no `:`, which therefore separates.
 */
export function ownershipTags(ownership: Ownership, owner: ObjectKey, part = ""): string[] {
  const object = [owner.kind, owner.namespace, owner.name, ...(part === "" ? [] : [part])].join(":");
  return [TAG_INSTANCE + ownership.instance, TAG_CLUSTER + ownership.cluster, TAG_OBJECT + object];
}

export interface OwnershipTags extends Ownership {
  readonly owner: ObjectKey;
  readonly part: string;
}

/** Reads {@link ownershipTags} back; undefined where any of the three is missing or malformed: then it is not ours. */
export function parseOwnershipTags(tags: readonly string[]): OwnershipTags | undefined {
  const valueOf = (prefix: string): string | undefined =>
    tags.find((tag) => tag.startsWith(prefix))?.slice(prefix.length);
  const instance = valueOf(TAG_INSTANCE);
  const cluster = valueOf(TAG_CLUSTER);
  const [kind, namespace, name, ...part] = valueOf(TAG_OBJECT)?.split(":") ?? [];
  if (!instance || !cluster || !kind || !namespace || !name) return undefined;
  return { instance, cluster, owner: { kind, namespace, name }, part: part.join(":") };
}

/**
 * The id of an entity that we create: the same object always gets the same id, so that a crash between the write and
 * our record of it cannot make a second one, and PUT by id is the upsert.
 */
export function entityId(
  scope: { instance: string; workspace: string },
  type: KongEntityType,
  owner: ObjectKey,
  part = "",
): string {
  return uuidV5([scope.instance, scope.workspace, type, owner.kind, owner.namespace, owner.name, part].join("|"));
}

/** UUID version 5 (RFC 9562, section 5.5) in the project's own namespace. */
function uuidV5(name: string): string {
  const hash = createHash("sha1")
    .update(Buffer.from(ID_NAMESPACE.replaceAll("-", ""), "hex"))
    .update(name)
    .digest();
  const bytes = hash.subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
