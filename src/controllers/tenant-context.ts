import { storedTargetAddress } from "../plan/target-address.ts";
import { assertPermitted } from "../tenancy/check.ts";
import { destinationProblem } from "../tenancy/destinations.ts";
import { rightsOf } from "../tenancy/rights.ts";
import type { JudgedEntity, TenancyContext } from "../tenancy/violation.ts";
import type { KongObject } from "./caches.ts";
import type { ControllerContext } from "./context.ts";
import type { Gateway } from "./gateways.ts";

/** What the rules need to know of an object; undefined for objects of the gateway's own namespace, which may do all. */
export function tenancyOf(
  context: ControllerContext,
  object: KongObject,
  gateway: Gateway,
): TenancyContext | undefined {
  const { caches } = context;
  const namespace = object.metadata.namespace ?? "";
  if (namespace === gateway.key.namespace) return undefined;
  // Unknown labels match no selector, also not one that asks for the absence of a label.
  const known = caches.namespaces?.get("", namespace);
  const rights = rightsOf(gateway.spec, namespace, known && (known.metadata.labels ?? {}));
  return {
    owner: { kind: object.kind, namespace, name: object.metadata.name },
    gateway: gateway.key,
    naming: gateway.spec.naming ?? "Namespaced",
    rights,
    destinations: {
      namespace,
      opened: rights.destinations,
      adminHosts: adminHosts(caches, gateway),
      isNamespace: (name) => caches.namespaces?.get("", name) !== undefined,
      isNeighbour: (name) => caches.services.has(adminNamespace(gateway), name),
    },
    ownUpstream: ownUpstream(object, gateway),
    upstreamNamespace: (name) => {
      const upstreams = gateway.connection.entitiesOfType("upstreams");
      return upstreams.find(({ fields }) => fields["name"] === name)?.owner.namespace;
    },
    staticTargets: staticTargets(object),
  };
}

/**
 * What may not be found behind the Services of a tenant, nor be told by a Consul: people write EndpointSlices by hand, and
 * register what they like.
 * @returns undefined for objects of the gateway's own namespace.
 */
export function endpointProblem(
  context: ControllerContext,
  object: KongObject,
  gateway: Gateway,
): ((address: string) => string | undefined) | undefined {
  const tenancy = tenancyOf(context, object, gateway);
  return tenancy && ((address) => destinationProblem(address, tenancy.destinations, { isOwn: true }));
}

/** True where the namespace of an object may have the entities on the gateway, whatever else is wrong with the object. */
export function mayHave(
  context: ControllerContext,
  object: KongObject,
  gateway: Gateway,
  entities: readonly JudgedEntity[],
): boolean {
  const tenancy = tenancyOf(context, object, gateway);
  if (!tenancy) return true;
  try {
    assertPermitted(object.spec, entities, tenancy);
    return true;
  } catch {
    return false;
  }
}

/** The Service of the Admin API, as the KongGateway says it. */
function adminService({ key, spec }: Gateway): { name: string; namespace: string } | undefined {
  const { url, serviceRef } = spec.adminApi;
  if (serviceRef) return { name: serviceRef.name, namespace: serviceRef.namespace ?? key.namespace };
  const host = url === undefined ? "" : (URL.parse(url)?.hostname ?? "").replace(/\.$/, "");
  const [, name, namespace] = LONG_NAME.exec(host) ?? SHORT_NAME.exec(host) ?? [];
  return name === undefined || namespace === undefined ? undefined : { name, namespace };
}

/** `kong-admin.kong.svc`, `kong-admin.kong.svc.cluster.local`. */
const LONG_NAME = /^(?:.+\.)?([^.]+)\.([^.]+)\.svc(?:\..+)?$/;
/** `kong-admin.kong`. */
const SHORT_NAME = /^([^.]+)\.([^.]+)$/;

/** Where Kong runs, as far as anything says it. */
function adminNamespace(gateway: Gateway): string {
  return adminService(gateway)?.namespace ?? gateway.key.namespace;
}

/** Every name and address by which the Admin API may be called. */
function adminHosts({ services }: ControllerContext["caches"], gateway: Gateway): string[] {
  const { url, serviceRef } = gateway.spec.adminApi;
  const host = url === undefined ? undefined : URL.parse(url)?.hostname;
  const service = adminService(gateway);
  const name = service && `${service.name}.${service.namespace}`;
  const names = name === undefined ? [] : [name, `${name}.svc`, `${name}.svc.cluster.local`];
  return [...(host === undefined ? [] : [host]), ...names, ...(serviceRef ? addresses() : [])];

  function addresses(): string[] {
    try {
      const { name: of, namespace = gateway.key.namespace, port } = serviceRef!;
      const pods = services.endpointsOf(namespace, of, port, "spec.adminApi.serviceRef", { withUnready: true });
      return pods.map(({ address }) => address);
    } catch {
      // The gateway's own conditions tell that its Service is not there.
      return [];
    }
  }
}

/** The name in Kong of the upstream that a service's `upstreamRef` names. */
function ownUpstream({ spec, metadata }: KongObject, { connection }: Gateway): string | undefined {
  const ref = spec["upstreamRef"] as { readonly name?: string } | undefined;
  if (!ref?.name) return undefined;
  const key = { kind: "KongUpstream", namespace: metadata.namespace ?? "", name: ref.name };
  const upstream = connection.entitiesOf(key).find(({ type }) => type === "upstreams");
  return upstream?.fields["name"] as string | undefined;
}

/** Targets of what has backends are endpoints that were found, but for those that the spec lists itself. */
function staticTargets({ spec }: KongObject): ReadonlySet<string> | undefined {
  const backends = spec["backends"];
  const hasBackends = spec["backend"] !== undefined || (Array.isArray(backends) && backends.length > 0);
  if (!hasBackends) return undefined;
  const targets = (Array.isArray(spec["targets"]) ? spec["targets"] : []) as { readonly target?: unknown }[];
  return new Set(targets.map(({ target }) => storedTargetAddress(String(target))));
}
