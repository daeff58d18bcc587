import assert from "node:assert/strict";
import type { JsonObject } from "../../../../src/model/json.ts";
import { Backend, Gateway } from "./gateway-fixture.ts";

describe("kong double/http-log", () => {
  it("sends what happened to a request", async () => {
    await using sink = await Backend.start("sink");
    await using backend = await Backend.start();
    await using gateway = await Gateway.start();
    const { routeId, serviceId } = gateway.serve({ port: backend.port, name: "users" }, { paths: ["/u"] });
    gateway.plugin("http-log", { http_endpoint: `http://127.0.0.1:${sink.port}/log`, headers: { "X-Token": "t" } });
    await gateway.call("/u/1?a=1&b=2&b=3");
    const [entry] = await entriesOf(sink, 1);
    assert.equal(sink.last.url, "/log");
    assert.equal(sink.last.headers["x-token"], "t");
    assert.equal(sink.last.headers["content-type"], "application/json");
    assert.equal(entry?.["upstream_uri"], "/1?a=1&b=2&b=3");
    assert.equal(entry?.["upstream_status"], "200");
    assert.equal(entry?.["source"], "upstream");
    assert.equal(entry?.["client_ip"], "127.0.0.1");
    const { request, response, route, service, tries } = entry as Record<string, JsonObject> & { tries: JsonObject[] };
    assert.deepEqual([request?.["method"], request?.["uri"]], ["GET", "/u/1?a=1&b=2&b=3"]);
    assert.deepEqual(request?.["querystring"], { a: "1", b: ["2", "3"] });
    assert.equal(response?.["status"], 200);
    assert.deepEqual([route?.["id"], service?.["id"]], [routeId, serviceId]);
    assert.deepEqual(
      tries.map(({ ip, port }) => [ip, port]),
      [["127.0.0.1", backend.port]],
    );
  });

  it("logs what the gateway answers itself, also without a route, and who asked", async () => {
    await using sink = await Backend.start("sink");
    await using gateway = await Gateway.start();
    gateway.serve({ port: 9 }, { paths: ["/u"] });
    gateway.plugin("http-log", { http_endpoint: `http://127.0.0.1:${sink.port}/` });
    gateway.plugin("key-auth", { key_names: ["apikey"] });
    gateway.plugin("request-termination", { status_code: 200 });
    gateway.store.put("consumers", { id: "c1", username: "ann" });
    gateway.store.put("keyauth_credentials", { id: "k", key: "k1", consumer: { id: "c1" } });
    await gateway.call("/none");
    await gateway.call("/u");
    await gateway.call("/u", { headers: { apikey: "k1" } });
    const entries = await entriesOf(sink, 3);
    const statuses = entries.map((entry) => (entry["response"] as JsonObject)["status"]);
    assert.deepEqual(statuses.toSorted(), [200, 401, 404]);
    const known = entries.find((entry) => entry["consumer"] !== undefined);
    assert.equal((known?.["consumer"] as JsonObject)["username"], "ann");
    assert.deepEqual(known?.["authenticated_entity"], { id: "k" });
    assert.equal(known?.["source"], "kong");
  });

  it("sends batches, full or after a while", async () => {
    await using sink = await Backend.start("sink");
    await using gateway = await Gateway.start();
    gateway.serve({ port: 9 });
    gateway.plugin("request-termination", { status_code: 200 });
    gateway.plugin("http-log", {
      http_endpoint: `http://127.0.0.1:${sink.port}/`,
      queue: { max_batch_size: 2, max_coalescing_delay: 0.05 },
    });
    for (let i = 0; i < 3; i++) await gateway.call();
    await until(() => sink.seen.length === 2);
    const lengths = sink.seen.map(({ body }) => (JSON.parse(body) as unknown[]).length);
    assert.deepEqual(lengths, [2, 1]);
  });

  it("tries again after a failure and gives up after max_retry_time", async () => {
    let status = 500;
    await using sink = await Backend.start("sink", (response) => response.writeHead(status).end());
    await using gateway = await Gateway.start();
    gateway.serve({ port: 9 });
    gateway.plugin("request-termination", { status_code: 200 });
    const queue = { max_batch_size: 1, initial_retry_delay: 0.01, max_retry_time: 0.1 };
    gateway.plugin("http-log", { http_endpoint: `http://127.0.0.1:${sink.port}/`, queue });
    await gateway.call();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const given = sink.seen.length;
    assert.ok(given >= 2 && given <= 4, `${given} tries`);
    status = 200;
    await gateway.call();
    await until(() => sink.seen.length === given + 1);
  });

  it("does not delay or fail a request when its endpoint is gone", async () => {
    await using gateway = await Gateway.start();
    gateway.serve({ port: 9 });
    gateway.plugin("request-termination", { status_code: 200 });
    gateway.plugin("http-log", { http_endpoint: "http://127.0.0.1:9/" });
    assert.equal((await gateway.call()).status, 200);
  });
});

async function entriesOf(sink: Backend, count: number): Promise<JsonObject[]> {
  await until(() => sink.seen.length === count);
  return sink.seen.map(({ body }) => JSON.parse(body) as JsonObject);
}

async function until(done: () => boolean): Promise<void> {
  const end = performance.now() + 1500;
  while (!done()) {
    if (performance.now() > end) throw new Error("did not happen in 1.5 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
