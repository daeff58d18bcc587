import assert from "node:assert/strict";
import { request } from "undici";
import { startHealthServer, type HealthServer } from "../../../src/runtime/health.ts";
import { createLogger } from "../../../src/runtime/logger.ts";

describe("runtime/health", () => {
  let server: HealthServer;
  let problem: string | undefined;

  before(async () => {
    server = await startHealthServer({
      host: "127.0.0.1",
      port: 0,
      live: { process: () => undefined },
      ready: { informers: () => problem, config: () => undefined },
      metrics: { contentType: "text/plain; version=0.0.4", metrics: async () => "kjo_leader 1\n" },
      logger: createLogger({ level: "error", format: "json" }),
    });
  });
  after(() => server.close());

  async function ask(path: string, method: "GET" | "HEAD" | "POST" = "GET") {
    const { statusCode, headers, body } = await request(`http://127.0.0.1:${server.port}${path}`, { method });
    return { status: statusCode, type: headers["content-type"], text: await body.text() };
  }

  it("takes a free port when told 0", () => assert.ok(server.port > 0));

  it("answers 503 with the reason while a check fails, and 200 afterwards", async () => {
    problem = "kongroutes: not listed yet";
    const unready = await ask("/readyz");
    assert.equal(unready.status, 503);
    assert.deepEqual(JSON.parse(unready.text), { status: "unavailable", checks: { informers: problem, config: "ok" } });
    problem = undefined;
    const ready = await ask("/readyz");
    assert.deepEqual([ready.status, ready.type, JSON.parse(ready.text).status], [200, "application/json", "ok"]);
  });

  it("stays alive while it is not ready", async () => {
    problem = "anything";
    assert.equal((await ask("/healthz")).status, 200);
  });

  it("serves the metrics with their content type", async () => {
    assert.deepEqual(await ask("/metrics"), { status: 200, type: "text/plain; version=0.0.4", text: "kjo_leader 1\n" });
  });

  it("answers HEAD, and refuses what is neither GET nor HEAD", async () => {
    assert.equal((await ask("/healthz", "HEAD")).status, 200);
    assert.equal((await ask("/healthz", "POST")).status, 405);
  });

  it("answers 404 elsewhere", async () => assert.equal((await ask("/")).status, 404));

  it("fails to start where the address is taken", async () => {
    const options = { host: "127.0.0.1", port: server.port, live: {}, ready: {} };
    const metrics = { contentType: "", metrics: async () => "" };
    const logger = createLogger({ level: "error", format: "json" });
    await assert.rejects(startHealthServer({ ...options, metrics, logger }), /EADDRINUSE/);
  });
});
