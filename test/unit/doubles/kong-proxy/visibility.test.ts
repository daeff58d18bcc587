import assert from "node:assert/strict";
import type { JsonObject } from "../../../../src/model/json.ts";
import { Backend, Gateway, messageOf } from "./gateway-fixture.ts";
import { MemoryGateway } from "./memory-gateway.ts";

describe("kong double/visibility", () => {
  it("serves every change with the next request", async () => {
    await using backend = await Backend.start();
    await using gateway = await Gateway.start();
    const { routeId, serviceId } = gateway.serve({ port: backend.port }, { paths: ["/a"] });
    assert.equal((await gateway.call("/a")).status, 200);
    gateway.store.put("routes", { id: routeId, paths: ["/b"], protocols: ["http"], service: { id: serviceId } });
    assert.equal((await gateway.call("/a")).status, 404);
    assert.equal((await gateway.call("/b")).status, 200);
    const plugin = gateway.plugin("request-termination", { status_code: 410 });
    assert.equal((await gateway.call("/b")).status, 410);
    gateway.store.remove("plugins", plugin);
    assert.equal((await gateway.call("/b")).status, 200);
  });

  it("serves a configuration that replaces the whole", async () => {
    await using gateway = await Gateway.start();
    gateway.plugin("request-termination", { status_code: 200 });
    gateway.serve({ port: 9 }, { paths: ["/old"] });
    assert.equal((await gateway.call("/old")).status, 200);
    const service = { id: [...gateway.store.current().services.keys()][0] as string };
    gateway.store.replaceAll("routes", [{ id: "new", paths: ["/new"], protocols: ["http"], service }]);
    assert.equal((await gateway.call("/old")).status, 404);
    assert.equal((await gateway.call("/new")).status, 200);
  });

  it("takes over one route for one change among 10,000, and none for a request without a change", async () => {
    const table = new CountingMap();
    const store = new MemoryGateway();
    store.useTable("routes", table);
    for (let i = 0; i < 10_000; i++) store.put("routes", { id: `r${i}`, paths: [`/p${i}`], protocols: ["http"] });
    await using gateway = await Gateway.start({}, store);
    await gateway.call("/p1");
    table.reads = 0;
    await gateway.call("/p1");
    assert.equal(table.reads, 0);
    store.put("routes", { id: "r1", paths: ["/changed"], protocols: ["http"] });
    store.put("routes", { id: "r1", paths: ["/again"], protocols: ["http"] });
    assert.equal(table.reads, 0);
    assert.equal((await gateway.call("/again")).status, 503);
    assert.equal((await gateway.call("/changed")).status, 404);
    assert.equal(table.reads, 1);
  });
});

describe("kong double/lag", () => {
  const LAG = { lag: true, lagIntervalMs: 200 } as const;

  it("serves what is there at the start, and changes only from a tick on", async () => {
    const store = new MemoryGateway();
    store.put("services", { id: "s", host: "127.0.0.1", port: 9 });
    store.put("routes", { id: "r1", paths: ["/first"], protocols: ["http"], service: { id: "s" } });
    store.put("plugins", { name: "request-termination", config: { status_code: 200 } });
    await using gateway = await Gateway.start(LAG, store);
    assert.equal((await gateway.call("/first")).status, 200);
    store.put("routes", { id: "r2", paths: ["/second"], protocols: ["http"], service: { id: "s" } });
    store.remove("routes", "r1");
    assert.equal((await gateway.call("/second")).status, 404);
    assert.equal((await gateway.call("/first")).status, 200);
    const delay = await delayUntil(gateway, "/second", 200);
    assert.ok(delay <= LAG.lagIntervalMs + 100, `served after ${delay} ms`);
    assert.equal((await gateway.call("/first")).status, 404);
  });

  it("answers 503 after a service is pointed at a new upstream, until its balancer is there", async () => {
    await using backend = await Backend.start();
    await using gateway = await Gateway.start(LAG, serviceOn(backend));
    assert.equal((await gateway.call()).status, 200);
    addUpstream(gateway.store, backend);
    gateway.store.put("services", { id: "s", host: "pool.invalid" });
    assert.equal(gateway.proxy.hasBalancer("u"), false);
    const statuses = new Map<number, number>();
    let last: unknown;
    while (!gateway.proxy.hasBalancer("u")) {
      const reply = await gateway.call();
      statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1);
      if (reply.status === 503) last = messageOf(reply);
    }
    assert.ok((statuses.get(503) ?? 0) > 0);
    assert.deepEqual([...statuses.keys()].toSorted(), [200, 503]);
    assert.equal(last, "failure to get a peer from the ring-balancer");
    assert.equal((await gateway.call()).status, 200);
  });

  it("answers no 503 for an upstream whose balancer was built before the service is pointed at it", async () => {
    await using backend = await Backend.start();
    await using gateway = await Gateway.start(LAG, serviceOn(backend));
    addUpstream(gateway.store, backend);
    while (!gateway.proxy.hasBalancer("u")) await new Promise((resolve) => setTimeout(resolve, 20));
    gateway.store.put("services", { id: "s", host: "pool.invalid" });
    const end = performance.now() + 1.5 * LAG.lagIntervalMs;
    while (performance.now() < end) assert.equal((await gateway.call()).status, 200);
    assert.equal(backend.last.headers.host, "from-the-upstream.test");
  });

  it("obeys a target's health at once", async () => {
    await using backend = await Backend.start();
    const store = serviceOn(backend);
    addUpstream(store, backend);
    store.put("services", { id: "s", host: "pool.invalid" });
    await using gateway = await Gateway.start(LAG, store);
    assert.equal((await gateway.call()).status, 200);
    store.setTargetHealth("t", false);
    assert.equal((await gateway.call()).status, 503);
  });
});

/** Counts how many entities are looked at. */
class CountingMap extends Map<string, JsonObject> {
  reads = 0;

  override get(key: string): JsonObject | undefined {
    this.reads += 1;
    return super.get(key);
  }
}

function serviceOn(backend: Backend): MemoryGateway {
  const store = new MemoryGateway();
  store.put("services", { id: "s", host: "127.0.0.1", port: backend.port });
  store.put("routes", { id: "r", paths: ["/"], protocols: ["http"], service: { id: "s" } });
  return store;
}

function addUpstream(store: MemoryGateway, backend: Backend): void {
  store.put("upstreams", { id: "u", name: "pool.invalid", host_header: "from-the-upstream.test" });
  store.put("targets", { id: "t", target: `127.0.0.1:${backend.port}`, weight: 100, upstream: { id: "u" } });
}

/** Milliseconds until the path is answered with that status. */
async function delayUntil(gateway: Gateway, path: string, status: number): Promise<number> {
  const start = performance.now();
  while ((await gateway.call(path)).status !== status) {
    if (performance.now() - start > 1500) throw new Error(`no ${status} within 1.5 s`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return performance.now() - start;
}
