/** What the API server calls a resource: where its objects are served and what they are called. */
export interface ResourceType {
  /** "" for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** Metadata as the API server sends it: times are RFC 3339 strings, never Date. */
export interface ObjectMeta {
  readonly name: string;
  /** Absent on cluster-scoped objects. */
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Counts changes of `spec`. Absent on kinds that do not count, such as Secret. */
  readonly generation?: number;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

/** Any object of the cluster as plain JSON. Objects from a cache are shared: nobody changes them in place. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** A custom resource with a status subresource. */
export interface CustomResource<Spec = unknown, Status = unknown> extends KubeObject {
  readonly spec: Spec;
  readonly status?: Status;
}

export interface Secret extends KubeObject {
  readonly type?: string;
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
}

export const SECRET: ResourceType = core("secrets", "Secret", true);
export const CONFIG_MAP: ResourceType = core("configmaps", "ConfigMap", true);
export const SERVICE: ResourceType = core("services", "Service", true);
export const NAMESPACE: ResourceType = core("namespaces", "Namespace", false);
export const LEASE: ResourceType = {
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  kind: "Lease",
  namespaced: true,
};
export const ENDPOINT_SLICE: ResourceType = {
  group: "discovery.k8s.io",
  version: "v1",
  plural: "endpointslices",
  kind: "EndpointSlice",
  namespaced: true,
};
export const EVENT: ResourceType = {
  group: "events.k8s.io",
  version: "v1",
  plural: "events",
  kind: "Event",
  namespaced: true,
};
export const CUSTOM_RESOURCE_DEFINITION: ResourceType = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
};

function core(plural: string, kind: string, namespaced: boolean): ResourceType {
  return { group: "", version: "v1", plural, kind, namespaced };
}

/** `v1`, `kjo.dev/v1alpha1`. */
export function apiVersionOf(type: ResourceType): string {
  return type.group === "" ? type.version : `${type.group}/${type.version}`;
}

/** Which object, for the verbs on one object. `namespace` is "" for a cluster-scoped one. */
export interface ObjectRef {
  readonly namespace: string;
  readonly name: string;
}

export function refOf(object: KubeObject): ObjectRef {
  return { namespace: object.metadata.namespace ?? "", name: object.metadata.name };
}

/** `/apis/kjo.dev/v1alpha1/namespaces/team-a/kongroutes/users/status`; without a namespace, across all of them. */
export function resourcePath(type: ResourceType, namespace?: string, name?: string, subresource?: string): string {
  let path = type.group === "" ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  if (namespace) path += `/namespaces/${encodeURIComponent(namespace)}`;
  path += `/${type.plural}`;
  if (name !== undefined) path += `/${encodeURIComponent(name)}`;
  if (subresource !== undefined) path += `/${subresource}`;
  return path;
}

/**
 * Orders two resourceVersions: negative where `a` is older, 0 where they are the same, positive where it is newer.
 * Undefined where they cannot be ordered, which is so only for API servers older than the guarantee.
 * Source: Kubernetes API concepts, "Resource versions" (decimal and comparable for one resource type).
 */
export function compareResourceVersions(a: string, b: string): number | undefined {
  if (a === b) return 0;
  if (!/^[1-9]\d*$/.test(a) || !/^[1-9]\d*$/.test(b)) return undefined;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : 1;
}
