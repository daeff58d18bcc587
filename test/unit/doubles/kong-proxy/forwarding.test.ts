import assert from "node:assert/strict";
import net from "node:net";
import { Backend, Gateway, messageOf } from "./gateway-fixture.ts";

describe("kong double/forwarding", () => {
  it("hands a request to the service and its response back, with the gateway's headers on both", async () => {
    await using backend = await Backend.start("b1", (response) => {
      response.writeHead(201, { Server: "own/1", "X-Own": "yes" }).end("made");
    });
    await using gateway = await Gateway.start();
    gateway.serve({ port: backend.port, path: "/api" }, { paths: ["/users"] });
    const reply = await gateway.call("/users/7?x=1&y=%20", {
      method: "POST",
      headers: { "X-Mine": "1" },
      body: "data",
    });
    assert.equal(reply.status, 201);
    assert.equal(reply.body, "made");
    assert.equal(reply.headers["server"], "own/1");
    assert.equal(reply.headers["x-own"], "yes");
    assert.equal(reply.headers["via"], "1.1 kong/3.9.1");
    assert.match(reply.headers["x-kong-upstream-latency"] as string, /^\d+$/);
    assert.match(reply.headers["x-kong-proxy-latency"] as string, /^\d+$/);
    const { method, url, headers, body } = backend.last;
    assert.deepEqual([method, url, body], ["POST", "/api/7?x=1&y=%20", "data"]);
    assert.equal(headers.host, `127.0.0.1:${backend.port}`);
    assert.equal(headers["x-mine"], "1");
    assert.equal(headers["content-length"], "4");
    assert.equal(headers["x-forwarded-for"], "127.0.0.1");
    assert.equal(headers["x-forwarded-host"], "127.0.0.1");
    assert.equal(headers["x-forwarded-port"], String(gateway.proxy.port));
    assert.equal(headers["x-forwarded-path"], "/users/7");
    assert.equal(headers["x-forwarded-prefix"], "/users");
    assert.equal(headers["x-kong-request-id"], reply.headers["x-kong-request-id"]);
  });

  it("adds the client to X-Forwarded-For and believes nothing else of it", async () => {
    await using backend = await Backend.start();
    await using gateway = await Gateway.start();
    gateway.serve({ port: backend.port });
    await gateway.call("/", {
      headers: {
        "X-Forwarded-For": "9.9.9.9",
        "X-Forwarded-Proto": "https",
        "X-Real-IP": "9.9.9.9",
        "X-Secret": "1",
        Connection: "X-Secret",
      },
    });
    const { headers } = backend.last;
    assert.equal(headers["x-forwarded-for"], "9.9.9.9, 127.0.0.1");
    assert.equal(headers["x-forwarded-proto"], "http");
    assert.equal(headers["x-real-ip"], "127.0.0.1");
    assert.equal(headers["x-secret"], undefined);
  });

  it("keeps the client's Host with preserve_host", async () => {
    await using backend = await Backend.start();
    await using gateway = await Gateway.start();
    gateway.serve({ port: backend.port }, { preserve_host: true });
    await gateway.call("/", { headers: { Host: "shop.test:81" } });
    assert.equal(backend.last.headers.host, "shop.test:81");
  });

  it("uses connections to the backend again, also after the backend has closed an idle one", async () => {
    await using backend = await Backend.start();
    await using gateway = await Gateway.start();
    gateway.serve({ port: backend.port });
    for (let i = 0; i < 5; i++) await gateway.call();
    assert.equal(backend.connections, 1);
    backend.closeIdle();
    const reply = await gateway.call("/", { method: "POST", body: "x" });
    assert.equal(reply.status, 200);
    assert.equal(backend.seen.length, 6);
  });

  it("handles HEAD, 204 and 304 without a body", async () => {
    await using backend = await Backend.start("b1", (response, { method, url }) => {
      if (url === "/none") response.writeHead(204).end();
      else if (url === "/same") response.writeHead(304, { ETag: "x" }).end();
      else response.end(method === "HEAD" ? undefined : "body");
    });
    await using gateway = await Gateway.start();
    gateway.serve({ port: backend.port });
    assert.equal((await gateway.call("/none")).status, 204);
    assert.equal((await gateway.call("/same")).status, 304);
    const head = await gateway.call("/", { method: "HEAD" });
    assert.deepEqual([head.status, head.body], [200, ""]);
  });

  it("answers 404 without a route, with a disabled service, and after the route is gone", async () => {
    await using gateway = await Gateway.start();
    const { serviceId, routeId } = gateway.serve({ port: 9, enabled: false }, { paths: ["/a"] });
    for (const path of ["/b", "/a"]) {
      const reply = await gateway.call(path);
      assert.equal(reply.status, 404);
      assert.equal(messageOf(reply), "no Route matched with those values");
      assert.equal(reply.headers["server"], "kong/3.9.1");
      assert.match(reply.headers["x-kong-response-latency"] as string, /^\d+$/);
    }
    gateway.store.put("services", { id: serviceId, host: "127.0.0.1", port: 9, retries: 0 });
    assert.equal((await gateway.call("/a")).status, 502);
    gateway.store.remove("routes", routeId);
    assert.equal((await gateway.call("/a")).status, 404);
  });

  it("answers 503 for a route without a service", async () => {
    await using gateway = await Gateway.start();
    gateway.store.put("routes", { paths: ["/"], protocols: ["http"], service: null });
    const reply = await gateway.call();
    assert.deepEqual([reply.status, messageOf(reply)], [503, "no Service found with those values"]);
  });

  const redirects: [code: number, status: number, location: string | undefined][] = [
    [426, 426, undefined],
    [301, 301, "https://shop.test/a?b=1"],
    [308, 308, "https://shop.test/a?b=1"],
  ];
  for (const [code, status, location] of redirects) {
    it(`answers ${status} on a route for https with https_redirect_status_code ${code}`, async () => {
      await using gateway = await Gateway.start();
      gateway.serve({ port: 9 }, { protocols: ["https"], https_redirect_status_code: code });
      const reply = await gateway.call("/a?b=1", { headers: { Host: "shop.test" } });
      assert.equal(reply.status, status);
      assert.equal(reply.headers.location, location);
      if (status === 426) {
        assert.equal(messageOf(reply), "Please use HTTPS protocol");
        assert.equal(reply.headers.upgrade, "TLS/1.2, HTTP/1.1");
      }
    });
  }

  const formats: [accept: string | undefined, type: string, own: RegExp][] = [
    [
      undefined,
      "text/plain; charset=utf-8",
      /^An invalid response was received from the upstream server\nrequest_id: \w{32}\n$/,
    ],
    ["*/*", "application/json; charset=utf-8", /^\{\n {2}"message":"An invalid.*",\n {2}"request_id":"\w{32}"\n\}$/],
    ["text/html", "text/html; charset=utf-8", /<p>An invalid response/],
    ["application/xml", "application/xml; charset=utf-8", /<message>An invalid response/],
    ["text/plain;q=0.1, application/json;q=0.9", "application/json; charset=utf-8", /^\{/],
    ["image/png", "application/json; charset=utf-8", /^\{/],
  ];
  for (const [accept, type, body] of formats) {
    it(`says 502 as ${type} to a client that accepts ${accept ?? "nothing in particular"}`, async () => {
      await using gateway = await Gateway.start();
      gateway.serve({ port: await closedPort(), retries: 0 });
      const reply = await gateway.call("/", accept === undefined ? {} : { headers: { Accept: accept } });
      assert.equal(reply.status, 502);
      assert.equal(reply.headers["content-type"], type);
      assert.match(reply.body, body);
      assert.equal(reply.headers["via"], "1.1 kong/3.9.1");
      assert.equal(reply.headers["x-kong-response-latency"], undefined);
    });
  }

  it("answers 504 when the backend is silent for longer than read_timeout", async () => {
    await using backend = await Backend.start("b1", () => undefined);
    await using gateway = await Gateway.start();
    gateway.serve({ port: backend.port, read_timeout: 60, retries: 1 });
    const reply = await gateway.call();
    assert.equal(reply.status, 504);
    assert.match(reply.body, /^The upstream server is timing out\n/);
    assert.equal(backend.seen.length, 2);
  });

  it("tries again as often as retries says, but never sends a POST twice", async () => {
    await using backend = await Backend.start("b1", (response) => response.destroy());
    await using gateway = await Gateway.start();
    gateway.serve({ port: backend.port, retries: 3 });
    assert.equal((await gateway.call()).status, 502);
    assert.equal(backend.seen.length, 4);
    assert.equal((await gateway.call("/", { method: "POST", body: "x" })).status, 502);
    assert.equal(backend.seen.length, 5);
  });

  it("does not count a connection that ended as idle among the retries, nor sends a POST on another one", async () => {
    const used = new WeakSet<object>();
    await using backend = await Backend.start("b1", (response, { socket }) => {
      if (used.has(socket)) response.destroy();
      else response.end("b1");
      used.add(socket);
    });
    await using gateway = await Gateway.start();
    gateway.serve({ port: backend.port, retries: 0 });
    const statuses: number[] = [];
    for (const method of ["GET", "GET", "POST"]) statuses.push((await gateway.call("/", { method })).status);
    assert.deepEqual(statuses, [200, 200, 502]);
  });

  it("answers 500 with the name that has no address", async () => {
    await using gateway = await Gateway.start();
    gateway.serve({ host: "no-such-name.invalid" });
    const reply = await gateway.call();
    assert.equal(reply.status, 500);
    assert.match(
      String(messageOf(reply)),
      /^failed the initial dns\/balancer resolve for 'no-such-name\.invalid' with: /,
    );
  });

  it("resolves names that the machine knows", async () => {
    await using backend = await Backend.start();
    await using gateway = await Gateway.start();
    gateway.serve({ host: "localhost", port: backend.port });
    assert.equal((await gateway.call()).status, 200);
    assert.equal(backend.last.headers.host, `localhost:${backend.port}`);
  });

  it("survives a client that goes away and a backend that breaks off", async () => {
    await using backend = await Backend.start("b1", (response) => {
      response.writeHead(200, { "Content-Length": 100 }).write("part");
      setTimeout(() => response.destroy(), 20);
    });
    await using gateway = await Gateway.start();
    gateway.serve({ port: backend.port });
    await assert.rejects(gateway.call());
    const socket = net.connect(gateway.proxy.port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await new Promise((resolve) => setTimeout(resolve, 10));
    socket.destroy();
    gateway.serve({ port: 9 }, { paths: ["/ok"] });
    gateway.plugin("request-termination", { status_code: 200 });
    assert.equal((await gateway.call("/ok")).status, 200);
  });
});

describe("kong double/proxy", () => {
  it("rejects a port that is taken and leaves nothing running", async () => {
    await using first = await Gateway.start();
    await assert.rejects(Gateway.start({ port: first.proxy.port }, first.store), { code: "EADDRINUSE" });
    assert.equal(first.store.listeners, 1);
  });

  it("ends its connections and its subscription when it is stopped", async () => {
    const gateway = await Gateway.start();
    await gateway.call();
    await gateway.proxy.stop();
    assert.equal(gateway.store.listeners, 0);
    await assert.rejects(gateway.call(), { code: "ECONNREFUSED" });
  });

  it("says once what it does not simulate", async () => {
    await using gateway = await Gateway.start();
    gateway.plugin("zipkin", {});
    gateway.plugin("zipkin", {}, { route: { id: "r" } });
    gateway.plugin("file-log", { path: "/dev/null" });
    gateway.plugin("rate-limiting", { minute: 1, policy: "redis" });
    gateway.store.put("routes", { expression: 'http.path == "/"', protocols: ["http"] });
    await gateway.call();
    await gateway.call();
    assert.deepEqual(gateway.unsupported.toSorted(), [
      "expression routes",
      "plugin rate-limiting: policy redis, counted locally",
      "plugin zipkin",
    ]);
  });
});

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const backend = await Backend.start();
  const { port } = backend;
  await backend[Symbol.asyncDispose]();
  return port;
}
