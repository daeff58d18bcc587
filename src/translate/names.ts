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

/**
 * The name in Kong of a group of the acl plugin. Whoever has a group passes on every route that allows it, so the groups
 * of a namespace other than the gateway's own begin with `<namespace>.`, in its consumers and in its plugins alike.
 */
export function groupName(group: string, namespace: string, gatewayNamespace: string): string {
  return namespace === gatewayNamespace ? group : `${namespace}.${group}`;
}

/**
 * The name of the upstream that a KongService has for its backend: another one than that of a KongUpstream of the same
 * name, so that a service can go over from the one to the other.
 */
export function backendUpstreamName(service: ObjectKey): string {
  return `${service.name}.service.${service.namespace}.kjo.invalid`;
}
