import assert from "node:assert/strict";
import type { Caches, KongObject } from "../../../src/controllers/caches.ts";
import type { ControllerContext } from "../../../src/controllers/context.ts";
import type { Gateway } from "../../../src/controllers/gateways.ts";
import { withoutForbidden } from "../../../src/controllers/observe-backends.ts";
import { endpointProblem, mayHave, tenancyOf } from "../../../src/controllers/tenant-context.ts";

/** All that is read of the cluster: Pods of the Admin API, and which namespaces there are. */
const context = {
  caches: {
    services: {
      has: (namespace: string, name: string) => namespace === "kong" && name === "postgres",
      endpointsOf: () => [{ address: "10.0.0.7", port: 8001, state: "ready" }],
    },
    namespaces: { get: (_: string, name: string) => (name === "kong" ? { metadata: {} } : undefined) },
  } as unknown as Caches,
} as ControllerContext;

function gatewayOf(adminApi: object, spec: object = {}, upstreams: object[] = []): Gateway {
  return {
    key: { kind: "KongGateway", namespace: "kong", name: "shared" },
    spec: { adminApi, ...spec },
    connection: { entitiesOf: () => upstreams, entitiesOfType: () => upstreams },
  } as unknown as Gateway;
}

const objectOf = (kind: string, spec: object, namespace = "team-a"): KongObject =>
  ({ kind, metadata: { name: "x", namespace }, spec }) as unknown as KongObject;

describe("controllers/tenant-context", () => {
  it("is nothing for the gateway's own namespace", () => {
    assert.equal(tenancyOf(context, objectOf("KongService", {}, "kong"), gatewayOf({ url: "http://a" })), undefined);
  });

  it("goes by the name that the upstream has in Kong, whatever its spec says", () => {
    const upstream = {
      type: "upstreams",
      owner: { kind: "KongUpstream", namespace: "team-a", name: "pool" },
      fields: { name: "pool.team-a.kjo.invalid" },
    };
    const service = objectOf("KongService", { upstreamRef: { name: "pool" } });
    const tenancy = tenancyOf(context, service, gatewayOf({ url: "http://a" }, {}, [upstream]));
    assert.equal(tenancy?.ownUpstream, "pool.team-a.kjo.invalid");
    assert.equal(tenancy?.upstreamNamespace?.("pool.team-a.kjo.invalid"), "team-a");
    assert.equal(tenancyOf(context, service, gatewayOf({ url: "http://a" }))?.ownUpstream, undefined);
  });

  it("takes the targets of a service's backend for found ones", () => {
    const gateway = gatewayOf({ url: "http://a" });
    const staticOf = (spec: object) => tenancyOf(context, objectOf("KongService", spec), gateway)?.staticTargets;
    assert.deepEqual(staticOf({ backend: { serviceRef: {} } }), new Set());
    assert.deepEqual(staticOf({ backends: [{}], targets: [{ target: "a" }] }), new Set(["a:8000"]));
    assert.equal(staticOf({ targets: [{ target: "a" }] }), undefined);
  });

  const NAMES = ["kong-admin.kong", "kong-admin.kong.svc", "kong-admin.kong.svc.cluster.local"];
  for (const url of ["http://kong-admin.kong:8001", "http://kong-admin.kong.svc:8001"]) {
    it(`knows the Admin API of ${url} by all its names`, () => {
      const { destinations } = tenancyOf(context, objectOf("KongService", {}), gatewayOf({ url }))!;
      for (const name of NAMES) assert.ok(destinations.adminHosts.includes(name), name);
    });
  }

  it("knows the Pods of an Admin API that is a Service, so that no slice written by hand leads there", () => {
    const gateway = gatewayOf({ serviceRef: { name: "kong-admin", port: 8001, scheme: "http" } });
    const problemOf = endpointProblem(context, objectOf("KongUpstream", {}), gateway)!;
    assert.match(problemOf("10.0.0.7") ?? "", /Admin API/);
    assert.equal(problemOf("10.0.0.8"), undefined);
    assert.match(problemOf("kong-0.postgres") ?? "", /Pod in Kong's namespace/);
    assert.match(problemOf("kong-admin.kong.svc") ?? "", /Admin API/);
  });

  it("leaves out of a backend what may not be there, and says so", () => {
    const endpoint = (address: string) => ({ address, port: 80, state: "ready" as const });
    const backend = { field: "spec.backends[0]", endpoints: [endpoint("10.0.0.1"), endpoint("127.0.0.1")] };
    const problemOf = (address: string) => (address === "127.0.0.1" ? "leads to Kong's own node" : undefined);
    const { endpoints, problem } = withoutForbidden(backend, problemOf);
    assert.deepEqual(endpoints, [endpoint("10.0.0.1")]);
    assert.equal(problem?.reason, "EndpointNotPermitted");
    assert.match(
      problem.message,
      /spec\.backends\[0\]: 1 of 2 endpoints left out: 127\.0\.0\.1 leads to Kong's own node/,
    );
    assert.equal(
      withoutForbidden(backend, () => undefined),
      backend,
    );
  });

  it("tells what a namespace may have whatever is wrong with its object, so that nobody waits for what will not come", () => {
    const gateway = gatewayOf(
      { url: "http://a" },
      { tenants: [{ namespaces: { names: ["team-a"] }, hosts: ["a.example"] }] },
    );
    const sni = (name: string) => [{ type: "snis" as const, fields: { name } }];
    assert.equal(mayHave(context, objectOf("KongCertificate", {}), gateway, sni("a.example")), true);
    assert.equal(mayHave(context, objectOf("KongCertificate", {}), gateway, sni("b.example")), false);
    assert.equal(mayHave(context, objectOf("KongCertificate", { adopt: {} }), gateway, []), false);
    assert.equal(mayHave(context, objectOf("KongCertificate", { adopt: {} }, "kong"), gateway, sni("b.example")), true);
  });
});
