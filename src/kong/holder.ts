import { parseOwnershipTags, TAG_INSTANCE } from "../model/identity.ts";
import type { JsonObject } from "../model/json.ts";
import type { GatewaySession } from "./session.ts";

/** Whom an entity of the gateway belongs to, by its tags. */
export type Holder =
  /** An object of our cluster and instance. */
  | { readonly kind: "ours"; readonly text: string }
  /** Another instance, or our instance from another cluster. */
  | { readonly kind: "other"; readonly text: string }
  /** Made by a person or another tool. */
  | { readonly kind: "unmanaged"; readonly text: string };

export function holderOf(session: Pick<GatewaySession, "instance" | "cluster">, fields: JsonObject): Holder {
  const tags = Array.isArray(fields["tags"]) ? fields["tags"].filter((tag) => typeof tag === "string") : [];
  const marks = parseOwnershipTags(tags);
  if (!marks) {
    // Half of our marks is nobody's to take: somebody's instance may be repairing them.
    const isMarked = tags.some((tag) => tag.startsWith(TAG_INSTANCE));
    return isMarked
      ? { kind: "other", text: "another instance of the operator" }
      : { kind: "unmanaged", text: "nobody that the operator knows" };
  }
  const { kind, namespace, name } = marks.owner;
  const object = `${kind} ${namespace}/${name}`;
  if (marks.instance !== session.instance) return { kind: "other", text: `${object} of instance ${marks.instance}` };
  if (marks.cluster !== session.cluster) return { kind: "other", text: `${object} of cluster ${marks.cluster}` };
  return { kind: "ours", text: object };
}
