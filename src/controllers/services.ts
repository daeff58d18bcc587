import { RefNotFoundError } from "../errors.ts";
import {
  endpointsOf,
  type EndpointOptions,
  type EndpointSliceFields,
  type PortRef,
  type ServiceFields,
} from "../discovery/endpoint-slices.ts";
import type { Endpoint } from "../discovery/endpoint.ts";
import type { Informer } from "../kube/informer.ts";
import { ENDPOINT_SLICE, SERVICE, type KubeObject } from "../kube/resource.ts";
import { LABEL_SERVICE_NAME, trimEndpointSlice, trimService } from "../kube/trimming.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import type { Watch } from "./caches.ts";

type Service = KubeObject & ServiceFields;
type EndpointSlice = KubeObject & EndpointSliceFields;

/** The cluster's Services and their endpoints, as far as the operator reads them. */
export class Services {
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;

  constructor(watch: Watch) {
    this.#services = watch<Service>({ type: SERVICE, transform: trimService });
    this.#slices = watch<EndpointSlice>({
      type: ENDPOINT_SLICE,
      // What has no Service is nobody's backend.
      labelSelector: LABEL_SERVICE_NAME,
      transform: trimEndpointSlice,
      indexes: { service: (slice) => [serviceOf(slice)] },
    });
  }

  /**
   * The endpoints of one port of a Service; none where it has none now.
   * @param field path of the reference in the spec, for messages.
   * @throws RefNotFoundError where there is no such Service or port.
   */
  endpointsOf(namespace: string, name: string, port: PortRef, field: string, options?: EndpointOptions): Endpoint[] {
    const service = this.#services.get(namespace, name);
    if (!service) {
      throw new RefNotFoundError("ServiceNotFound", `${field}: Service ${namespace}/${name} does not exist`);
    }
    return endpointsOf(service, this.#slices.byIndex("service", `${namespace}/${name}`), port, field, options);
  }

  has(namespace: string, name: string): boolean {
    return this.#services.get(namespace, name) !== undefined;
  }

  /** Calls back with the key of each Service whose ports or endpoints have changed. */
  onChange(handler: (service: ObjectKey) => void): void {
    this.#services.addHandler((event) => {
      if (event.type === "added" && !this.#services.hasSynced) return;
      if (event.type === "updated" && isSame(event.old.spec, event.object.spec)) return;
      handler(serviceKey(event.object.metadata.namespace ?? "", event.object.metadata.name));
    });
    this.#slices.addHandler((event) => {
      if (event.type === "added" && !this.#slices.hasSynced) return;
      if (event.type === "updated" && isSameSlice(event.old, event.object)) return;
      const services =
        event.type === "updated" ? [serviceOf(event.old), serviceOf(event.object)] : [serviceOf(event.object)];
      for (const service of new Set(services)) {
        const [namespace = "", name = ""] = service.split("/");
        handler(serviceKey(namespace, name));
      }
    });
  }
}

/** Under which the uses of a Service are found. */
export function serviceKey(namespace: string, name: string): ObjectKey {
  return { kind: SERVICE.kind, namespace, name };
}

/** {@link serviceKey} as the index of uses has it. */
export function formatServiceKey(namespace: string, name: string): string {
  return formatKey(serviceKey(namespace, name));
}

/** `namespace/name` of the slice's Service. */
function serviceOf({ metadata }: EndpointSlice): string {
  return `${metadata.namespace ?? ""}/${metadata.labels?.[LABEL_SERVICE_NAME] ?? ""}`;
}

/** Most updates of a slice, such as those of its annotations, change nothing that is kept. */
function isSameSlice(old: EndpointSlice, slice: EndpointSlice): boolean {
  return (
    serviceOf(old) === serviceOf(slice) && isSame(old.ports, slice.ports) && isSame(old.endpoints, slice.endpoints)
  );
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
