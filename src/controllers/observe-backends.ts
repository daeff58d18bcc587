import { RefNotFoundError } from "../errors.ts";
import type { Endpoint } from "../model/endpoint.ts";
import type { BackendProblem } from "../model/outcome.ts";
import type { References, ServiceReference } from "../translate/translation.ts";
import type { Caches } from "./caches.ts";

/** What was found behind one reference to where servers are. */
export interface ObservedBackend {
  /** Path of the reference: `spec.backends[0]`. */
  readonly field: string;
  readonly endpoints: readonly Endpoint[];
  /** Nobody knows what stands there: targets that are in Kong may be its own. */
  readonly isUnknown?: boolean;
  readonly problem?: BackendProblem;
}

/** What stands behind the references now. One that leads nowhere does not keep the others from being followed. */
export function observeBackends(
  namespace: string,
  references: References,
  { services }: Pick<Caches, "services">,
): ObservedBackend[] {
  return (references.services ?? []).map((reference) => observeService(namespace, reference, services));
}

function observeService(
  namespace: string,
  { field, name, port }: ServiceReference,
  services: Caches["services"],
): ObservedBackend {
  try {
    const endpoints = services.endpointsOf(namespace, name, port, `${field}.serviceRef`);
    if (endpoints.some(({ state }) => state === "ready")) return { field, endpoints };
    const message = `${field}: Service ${namespace}/${name} has no ready endpoint, so no request goes there`;
    return { field, endpoints, problem: { reason: "NoEndpoints", message, isMissing: false } };
  } catch (error) {
    if (!(error instanceof RefNotFoundError)) throw error;
    return { field, endpoints: [], problem: { reason: error.reason, message: error.message, isMissing: true } };
  }
}

/**
 * The backend without the endpoints that its namespace may not send requests to: whoever writes a slice or registers an
 * instance must not take the others out of Kong by it.
 */
export function withoutForbidden(
  backend: ObservedBackend,
  problemOf: (address: string) => string | undefined,
): ObservedBackend {
  const endpoints = backend.endpoints.filter(({ address }) => problemOf(address) === undefined);
  const first = backend.endpoints.find(({ address }) => problemOf(address) !== undefined);
  if (!first) return backend;
  const left = backend.endpoints.length - endpoints.length;
  const message =
    `${backend.field}: ${left} of ${backend.endpoints.length} endpoints left out: ${first.address} ${problemOf(first.address)}; ` +
    "the gateway's owner can open it by spec.tenants[].destinations";
  return { ...backend, endpoints, problem: { reason: "EndpointNotPermitted", message, isMissing: false } };
}
