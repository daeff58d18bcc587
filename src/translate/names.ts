import type { ObjectKey } from "../model/object-key.ts";

/** How a KongGateway names the entities of objects that do not choose a name. */
export type Naming = "Namespaced" | "Plain";

/**
 * The name in Kong of an object that does not choose one.
 * Upstreams get a name under `.invalid` (RFC 6761), so that a service whose upstream is missing resolves to nothing
 * rather than to somebody's public host.
 */
export function defaultKongName(owner: ObjectKey, naming: Naming): string {
  if (owner.kind === "KongUpstream") return `${owner.name}.${owner.namespace}.kjo.invalid`;
  return naming === "Plain" ? owner.name : `${owner.namespace}.${owner.name}`;
}
