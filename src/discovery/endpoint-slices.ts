import { RefNotFoundError } from "../errors.ts";
import { distinctEndpoints, type Endpoint } from "../model/endpoint.ts";

/** What is read of a Service. Source: Kubernetes API, core/v1 ServiceSpec. */
export interface ServiceFields {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: {
    readonly type?: string;
    readonly externalName?: string;
    readonly ipFamilies?: readonly string[];
    readonly ports?: readonly ServicePort[];
  };
}

export interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: string;
}

/** What is read of an EndpointSlice. Source: Kubernetes API, discovery.k8s.io/v1 EndpointSlice. */
export interface EndpointSliceFields {
  /** IPv4, IPv6 or FQDN. */
  readonly addressType: string;
  /** null or empty: the endpoints answer on every port. */
  readonly ports?: readonly SlicePort[] | null;
  readonly endpoints?: readonly SliceEndpoint[] | null;
}

export interface SlicePort {
  readonly name?: string;
  /** Absent: every port. */
  readonly port?: number;
}

export interface SliceEndpoint {
  /** Several are the same endpoint; the first is the one to use. */
  readonly addresses: readonly string[];
  readonly conditions?: SliceConditions;
}

export interface SliceConditions {
  /** Unknown counts as true. */
  readonly ready?: boolean;
  readonly terminating?: boolean;
}

export interface EndpointOptions {
  /** Those that are not ready count as ready: one that waits to be configured is not ready before it is. */
  readonly withUnready?: boolean;
}

/** A port of a Service by its name or its number. */
export type PortRef = string | number;

/**
 * The endpoints of one port of a Service, each Pod once, in a fixed order.
 *
 * - Ready endpoints and terminating ones; what is neither is not listed.
 * - Of several address families, the Service's first one counts.
 * - An ExternalName is one endpoint: its host name and the port.
 *
 * @throws RefNotFoundError where the Service has no such port, naming those that it has.
 */
export function endpointsOf(
  service: ServiceFields,
  slices: readonly EndpointSliceFields[],
  port: PortRef,
  field = "spec.serviceRef",
  { withUnready = false }: EndpointOptions = {},
): Endpoint[] {
  const wanted = servicePort(service, port, field);
  const { type, externalName = "", ipFamilies = [] } = service.spec ?? {};
  if (type === "ExternalName") {
    const address = externalName.replace(/\.$/, "");
    return address === "" ? [] : [{ address, port: wanted.port, state: "ready" }];
  }
  const family = familyOf(slices, ipFamilies);
  return distinctEndpoints(
    slices
      .filter(({ addressType }) => addressType === family)
      .flatMap((slice) => entriesOf(slice, wanted, withUnready)),
  );
}

/** Of a headless Service without ports, a number is the port itself. */
function servicePort(service: ServiceFields, port: PortRef, field: string): { name: string; port: number } {
  const ports = service.spec?.ports ?? [];
  const matching = ports.filter(({ name, port: number }) => (typeof port === "number" ? number : name) === port);
  const found = matching.find(({ protocol = "TCP" }) => protocol === "TCP") ?? matching[0];
  if (found) return { name: found.name ?? "", port: found.port };
  if (ports.length === 0 && typeof port === "number") return { name: "", port };
  const { name, namespace = "" } = service.metadata;
  const there = ports.map((each) => (each.name ? `${each.name} (${each.port})` : String(each.port)));
  throw new RefNotFoundError(
    "ServicePortNotFound",
    `${field}: Service ${namespace}/${name} has no port ${port}; it has ${there.join(", ") || "none: give the port's number"}`,
  );
}

function entriesOf(
  { ports, endpoints }: EndpointSliceFields,
  wanted: { name: string; port: number },
  withUnready: boolean,
): Endpoint[] {
  const port = slicePort(ports ?? [], wanted);
  if (port === undefined) return [];
  return (endpoints ?? []).flatMap(({ addresses: [address], conditions }) => {
    const state = stateOf(withUnready ? { ...conditions, ready: true } : conditions);
    return address && state ? [{ address, port, state }] : [];
  });
}

function slicePort(ports: readonly SlicePort[], wanted: { name: string; port: number }): number | undefined {
  if (ports.length === 0) return wanted.port;
  const found = ports.find(({ name = "" }) => name === wanted.name);
  return found && (found.port ?? wanted.port);
}

/** A Service with publishNotReadyAddresses says ready of terminating Pods too: they go all the same. */
function stateOf({ ready = true, terminating = false }: SliceConditions = {}): Endpoint["state"] | undefined {
  if (terminating) return "terminating";
  return ready ? "ready" : undefined;
}

/**
 * One family, so that no Pod is there twice: the first of the Service's own that has slices. Those of two families are
 * not written in one step, so an address of the second must not stand in where the first one's is about to come.
 */
function familyOf(slices: readonly EndpointSliceFields[], ipFamilies: readonly string[]): string | undefined {
  const there = slices.map(({ addressType }) => addressType);
  return ipFamilies.find((family) => there.includes(family)) ?? there.sort()[0];
}
