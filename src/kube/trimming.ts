import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { KubeObject, ObjectMeta } from "./resource.ts";

/** The label by which an EndpointSlice names its Service. Source: Kubernetes, well-known labels. */
export const LABEL_SERVICE_NAME = "kubernetes.io/service-name";

/**
 * A Service with what the operator reads of it, and no more: a cluster has thousands.
 * Source of the fields: Kubernetes API, core/v1 ServiceSpec.
 */
export function trimService<T extends KubeObject>(object: T): T {
  const spec = memberOf(object, "spec");
  const ports = listOf(spec["ports"]).map((port) => pick(port, ["name", "port", "protocol"]));
  return trimmed(object, {
    spec: { ...pick(spec, ["type", "externalName", "ipFamilies"]), ...(ports.length > 0 ? { ports } : {}) },
  });
}

/**
 * An EndpointSlice with what the operator reads of it: of each endpoint the address and the conditions, one object for
 * all that have the same.
 */
export function trimEndpointSlice<T extends KubeObject>(object: T): T {
  const slice = object as unknown as JsonObject;
  const endpoints = listOf(slice["endpoints"]).map((endpoint): JsonObject => {
    const [address = ""] = (endpoint["addresses"] as string[] | undefined) ?? [];
    const { ready, terminating } = memberOf(endpoint, "conditions");
    return { addresses: [address], conditions: conditionsOf(ready !== false, terminating === true) };
  });
  const ports = listOf(slice["ports"]).map((port) => pick(port, ["name", "port"]));
  return trimmed(object, { addressType: slice["addressType"] ?? "IPv4", ports, endpoints });
}

const CONDITIONS = [false, true].map((terminating) =>
  [false, true].map((ready): JsonObject => Object.freeze({ ready, terminating })),
);

function conditionsOf(ready: boolean, terminating: boolean): JsonObject {
  return CONDITIONS[Number(terminating)]![Number(ready)]!;
}

function trimmed<T extends KubeObject>({ apiVersion, kind, metadata }: T, rest: JsonObject): T {
  const { name, namespace, uid, resourceVersion, creationTimestamp, labels } = metadata;
  const service = labels?.[LABEL_SERVICE_NAME];
  const kept: ObjectMeta = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid,
    resourceVersion,
    creationTimestamp,
    ...(service === undefined ? {} : { labels: { [LABEL_SERVICE_NAME]: service } }),
  };
  return { apiVersion, kind, metadata: kept, ...rest } as unknown as T;
}

function memberOf(object: object, name: string): JsonObject {
  const value = (object as JsonObject)[name];
  return isJsonObject(value) ? value : {};
}

function listOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function pick(object: JsonObject, names: readonly string[]): JsonObject {
  const picked: JsonObject = {};
  for (const name of names) if (object[name] !== undefined && object[name] !== null) picked[name] = object[name];
  return picked;
}
