import assert from "node:assert/strict";
import { endpointsOf, type EndpointSliceFields, type ServiceFields } from "../../../src/discovery/endpoint-slices.ts";
import { targetOf } from "../../../src/discovery/endpoint.ts";
import { RefNotFoundError } from "../../../src/errors.ts";

type Spec = NonNullable<ServiceFields["spec"]>;

const service = (spec: Spec = {}): ServiceFields => ({
  metadata: { name: "orders", namespace: "shop" },
  spec: { ipFamilies: ["IPv4"], ports: [{ name: "http", port: 80 }], ...spec },
});
const slice = (over: Partial<EndpointSliceFields> = {}): EndpointSliceFields => ({
  addressType: "IPv4",
  ports: [{ name: "http", port: 8080 }],
  endpoints: [{ addresses: ["10.0.0.1"], conditions: { ready: true } }],
  ...over,
});
const told = (found: ReturnType<typeof endpointsOf>): string[] =>
  found.map((endpoint) => `${targetOf(endpoint)} ${endpoint.state}`);

describe("discovery: the endpoints of a Service", () => {
  it("are those of its slices at the port that the Pods listen on", () => {
    assert.deepEqual(told(endpointsOf(service(), [slice()], 80)), ["10.0.0.1:8080 ready"]);
    assert.deepEqual(told(endpointsOf(service(), [slice()], "http")), ["10.0.0.1:8080 ready"]);
  });

  it("are ready or terminating; what is neither is left out", () => {
    const endpoints = [
      { addresses: ["10.0.0.3"], conditions: { ready: false, terminating: true } },
      { addresses: ["10.0.0.2"], conditions: { ready: false } },
      { addresses: ["10.0.0.1"] },
      // publishNotReadyAddresses
      { addresses: ["10.0.0.4"], conditions: { ready: true, terminating: true } },
    ];
    assert.deepEqual(told(endpointsOf(service(), [slice({ endpoints })], 80)), [
      "10.0.0.1:8080 ready",
      "10.0.0.3:8080 terminating",
      "10.0.0.4:8080 terminating",
    ]);
  });

  it("that two slices show, as while they are rebalanced, are one, and ready where one says so", () => {
    const going = slice({ endpoints: [{ addresses: ["10.0.0.1"], conditions: { terminating: true } }] });
    for (const slices of [
      [slice(), going],
      [going, slice()],
    ]) {
      assert.deepEqual(told(endpointsOf(service(), slices, 80)), ["10.0.0.1:8080 ready"]);
    }
  });

  it("of a dual-stack Service are those of its first family", () => {
    const slices = [slice({ addressType: "IPv6", endpoints: [{ addresses: ["2001:db8::1"] }] }), slice()];
    const dual = (ipFamilies: string[]): string[] => told(endpointsOf(service({ ipFamilies }), slices, 80));
    assert.deepEqual(dual(["IPv4", "IPv6"]), ["10.0.0.1:8080 ready"]);
    assert.deepEqual(dual(["IPv6", "IPv4"]), ["[2001:db8::1]:8080 ready"]);
  });

  it("are none while the first family has none yet, though the second has", () => {
    const slices = [slice({ endpoints: null }), slice({ addressType: "IPv6" })];
    assert.deepEqual(endpointsOf(service({ ipFamilies: ["IPv4", "IPv6"] }), slices, 80), []);
  });

  it("are of the family that is there, where that is not the Service's", () => {
    const slices = [slice({ addressType: "IPv6", endpoints: [{ addresses: ["2001:db8::1"] }] })];
    assert.deepEqual(told(endpointsOf(service(), slices, 80)), ["[2001:db8::1]:8080 ready"]);
  });

  it("are found by each slice's own port number, where a named port differs from Pod to Pod", () => {
    const slices = [
      slice(),
      slice({ ports: [{ name: "http", port: 9090 }], endpoints: [{ addresses: ["10.0.0.2"] }] }),
    ];
    assert.deepEqual(told(endpointsOf(service(), slices, 80)), ["10.0.0.1:8080 ready", "10.0.0.2:9090 ready"]);
  });

  it("of a slice without ports, or with a port without a number, answer on the Service's port", () => {
    assert.deepEqual(told(endpointsOf(service(), [slice({ ports: null })], 80)), ["10.0.0.1:80 ready"]);
    assert.deepEqual(told(endpointsOf(service(), [slice({ ports: [{ name: "http" }] })], 80)), ["10.0.0.1:80 ready"]);
  });

  it("of a slice that lacks the port are none", () => {
    assert.deepEqual(endpointsOf(service(), [slice({ ports: [{ name: "metrics", port: 9100 }] })], 80), []);
  });

  it("of an unnamed port are found by its number", () => {
    const slices = [slice({ ports: [{ port: 8080 }] })];
    assert.deepEqual(told(endpointsOf(service({ ports: [{ port: 80 }] }), slices, 80)), ["10.0.0.1:8080 ready"]);
  });

  it("of a headless Service without ports are found by any number", () => {
    assert.deepEqual(told(endpointsOf(service({ ports: [] }), [slice({ ports: [] })], 5432)), ["10.0.0.1:5432 ready"]);
  });

  it("of an ExternalName are its host name", () => {
    const external = service({ type: "ExternalName", externalName: "api.example.com.", ports: [] });
    assert.deepEqual(told(endpointsOf(external, [], 443)), ["api.example.com:443 ready"]);
  });

  it("are of TCP where TCP and UDP share a number", () => {
    const ports = [
      { name: "dns", port: 53, protocol: "UDP" },
      { name: "dns-tcp", port: 53, protocol: "TCP" },
    ];
    const slices = [
      slice({
        ports: [
          { name: "dns", port: 5353 },
          { name: "dns-tcp", port: 5354 },
        ],
      }),
    ];
    assert.deepEqual(told(endpointsOf(service({ ports }), slices, 53)), ["10.0.0.1:5354 ready"]);
  });

  it("of a port that the Service lacks are an error that names its ports", () => {
    assert.throws(
      () => endpointsOf(service(), [slice()], 81, "spec.backends[0].serviceRef"),
      (error: unknown) =>
        error instanceof RefNotFoundError &&
        error.reason === "ServicePortNotFound" &&
        error.message === "spec.backends[0].serviceRef: Service shop/orders has no port 81; it has http (80)",
    );
  });
});
