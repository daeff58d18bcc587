import { API_VERSION } from "../../src/api/names.ts";
import type { Scene } from "./setup-scene.ts";
import { env } from "./setup.ts";

/** A Pod behind a Service as an EndpointSlice shows it. */
export interface Pod {
  /** `192.0.2.10:8080` */
  readonly address: string;
  readonly ready?: boolean;
  readonly terminating?: boolean;
}

export const KJO = API_VERSION;

/** A Service without a selector, so that its endpoints are what the test says. */
export async function applyService(scene: Scene, name: string, spec: object = {}): Promise<void> {
  await env().cluster.apply(serviceObject(scene.namespace, name, { ports: [{ name: "http", port: 80 }], ...spec }));
}

function serviceObject(namespace: string, name: string, spec: object) {
  return { ...{ apiVersion: "v1" }, kind: "Service", metadata: { name, namespace }, ...{ spec } };
}

/** Makes these Pods all that stand behind a Service: one slice for each port, as where a named port differs among Pods. */
export async function applyPods(scene: Scene, service: string, pods: readonly Pod[]): Promise<void> {
  const { cluster } = env();
  const { namespace } = scene;
  const byPort = Map.groupBy(pods, ({ address }) => address.slice(address.lastIndexOf(":") + 1));
  const there = await cluster.list("EndpointSlice", namespace);
  const names = new Set([...byPort.keys()].map((port) => `${service}-${port}`));
  for (const [port, ofPort] of byPort) {
    const metadata = { name: `${service}-${port}`, namespace, labels: { "kubernetes.io/service-name": service } };
    const endpoints = ofPort.map(({ address, ready = true, terminating = false }) => ({
      addresses: [address.slice(0, address.lastIndexOf(":"))],
      conditions: { ready: ready && !terminating, serving: ready, terminating },
    }));
    const slice = { addressType: "IPv4", ports: [{ name: "http", port: Number(port) }], endpoints };
    await cluster.apply({ ...{ apiVersion: "discovery.k8s.io/v1" }, kind: "EndpointSlice", metadata, ...slice });
  }
  for (const { metadata } of there) {
    const isOfService = metadata.name.startsWith(`${service}-`) && !names.has(metadata.name);
    if (isOfService) await cluster.delete("EndpointSlice", namespace, metadata.name);
  }
}
