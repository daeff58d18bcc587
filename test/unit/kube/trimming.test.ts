import assert from "node:assert/strict";
import type { KubeObject } from "../../../src/kube/resource.ts";
import { trimEndpointSlice, trimService } from "../../../src/kube/trimming.ts";

const metadata = {
  name: "orders",
  namespace: "shop",
  uid: "u-1",
  resourceVersion: "7",
  creationTimestamp: "2026-01-01T00:00:00Z",
};
const bulky = {
  ...metadata,
  generation: 3,
  annotations: { "example.com/much": "x".repeat(1000) },
  ownerReferences: [{ apiVersion: "v1", kind: "Service", name: "orders", uid: "u-0" }],
};

describe("trimming", () => {
  it("keeps of a Service what leads to its endpoints", () => {
    const service = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { ...bulky, labels: { app: "orders" } },
      spec: {
        type: "ClusterIP",
        clusterIP: "10.96.0.1",
        ipFamilies: ["IPv4"],
        selector: { app: "orders" },
        ports: [{ name: "http", port: 80, protocol: "TCP", targetPort: 8080, nodePort: 30080 }],
      },
      status: { loadBalancer: {} },
    };
    assert.deepEqual(trimService(service as KubeObject), {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { type: "ClusterIP", ipFamilies: ["IPv4"], ports: [{ name: "http", port: 80, protocol: "TCP" }] },
    });
  });

  it("keeps of an EndpointSlice its Service, ports, addresses and conditions, the same ones once", () => {
    const endpoint = (address: string): object => ({
      addresses: [address],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: "node-1",
      targetRef: { kind: "Pod", name: "orders-1", uid: "p-1" },
      zone: "a",
    });
    const slice = {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { ...bulky, labels: { "kubernetes.io/service-name": "orders", app: "orders" } },
      addressType: "IPv4",
      ports: [{ name: "http", port: 8080, protocol: "TCP" }],
      endpoints: [endpoint("10.0.0.1"), endpoint("10.0.0.2")],
    };
    const trimmed = trimEndpointSlice(slice as KubeObject) as unknown as typeof slice;
    const conditions = { ready: true, terminating: false };
    assert.deepEqual(trimmed, {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { ...metadata, labels: { "kubernetes.io/service-name": "orders" } },
      addressType: "IPv4",
      ports: [{ name: "http", port: 8080 }],
      endpoints: [
        { addresses: ["10.0.0.1"], conditions },
        { addresses: ["10.0.0.2"], conditions },
      ],
    });
    const [first, second] = trimmed.endpoints as unknown as { conditions: object }[];
    assert.equal(first?.conditions, second?.conditions);
  });

  it("takes what an EndpointSlice does not say of an endpoint as ready", () => {
    const slice = { apiVersion: "", kind: "", metadata, addressType: "IPv4", endpoints: [{ addresses: ["10.0.0.1"] }] };
    const { endpoints } = trimEndpointSlice(slice as KubeObject) as unknown as { endpoints: unknown };
    assert.deepEqual(endpoints, [{ addresses: ["10.0.0.1"], conditions: { ready: true, terminating: false } }]);
  });
});
