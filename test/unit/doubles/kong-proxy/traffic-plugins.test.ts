import assert from "node:assert/strict";
import type { JsonObject } from "../../../../src/model/json.ts";
import { Backend, Gateway, messageOf, serveWith } from "./gateway-fixture.ts";

describe("kong double/ip-restriction", () => {
  const cases: [config: JsonObject, status: number, message?: string][] = [
    [{ deny: ["127.0.0.1"] }, 403, "IP address not allowed: 127.0.0.1"],
    [{ deny: ["127.0.0.0/8"], status: 404, message: "gone" }, 404, "gone"],
    [{ deny: ["10.0.0.0/8"] }, 200],
    [{ allow: ["127.0.0.0/8"] }, 200],
    [{ allow: ["10.0.0.0/8", "fd00::/8"] }, 403, "IP address not allowed: 127.0.0.1"],
    [{ allow: ["127.0.0.1"], deny: ["127.0.0.0/16"] }, 403, "IP address not allowed: 127.0.0.1"],
    [{ allow: [], deny: null }, 200],
  ];
  for (const [config, status, message] of cases) {
    it(`answers ${status} with ${JSON.stringify(config)}`, async () => {
      await using t = await serveWith("ip-restriction", config);
      const reply = await t.gateway.call();
      assert.equal(reply.status, status);
      if (message !== undefined) assert.equal(messageOf(reply), message);
    });
  }
});

describe("kong double/bot-detection", () => {
  const agents: [agent: string | undefined, status: number][] = [
    [undefined, 200],
    ["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", 200],
    ["curl/8.9.1", 200],
    ["Go-http-client/1.1", 200],
    ["CUBOT X18", 200],
    ["Googlebot/2.1 (+http://www.google.com/bot.html)", 403],
    ["Mozilla/5.0 (compatible; bingbot/2.0)", 403],
    ["facebookexternalhit/1.1", 403],
    ["Python-urllib/3.12", 403],
    ["my-Spider/0.1", 403],
    ["evil", 403],
    ["good Googlebot/2.1", 200],
  ];
  for (const [agent, status] of agents) {
    it(`answers ${status} to ${agent ?? "a client without a name"}`, async () => {
      await using t = await serveWith("bot-detection", { allow: ["^good "], deny: ["^evil$"] });
      const reply = await t.gateway.call("/", agent === undefined ? {} : { headers: { "User-Agent": agent } });
      assert.equal(reply.status, status);
      if (status === 403) assert.equal(messageOf(reply), "Forbidden");
    });
  }
});

describe("kong double/request-termination", () => {
  const cases: [config: JsonObject, status: number, type: string | undefined, body: string][] = [
    [{ status_code: 503, message: "down" }, 503, "application/json; charset=utf-8", '{"message":"down"}'],
    [{ status_code: 404 }, 404, "application/json; charset=utf-8", '{"message":"Not found"}'],
    [{ status_code: 200 }, 200, undefined, ""],
    [{ status_code: 200, body: "<b>hi</b>", content_type: "text/html" }, 200, "text/html", "<b>hi</b>"],
  ];
  for (const [config, status, type, body] of cases) {
    it(`answers ${status} ${body} for ${JSON.stringify(config)}`, async () => {
      await using t = await serveWith("request-termination", config);
      const reply = await t.gateway.call();
      assert.deepEqual([reply.status, reply.headers["content-type"], reply.body], [status, type, body]);
      assert.equal(t.backend.seen.length, 0);
    });
  }

  it("waits for its trigger and echoes the request", async () => {
    await using t = await serveWith("request-termination", { status_code: 200, trigger: "x-stop", echo: true });
    assert.equal((await t.gateway.call()).body, "b1");
    const reply = await t.gateway.call("/p?x-stop=1", { method: "POST", body: "data" });
    const { request } = JSON.parse(reply.body) as { request: Record<string, unknown> };
    assert.deepEqual([request["method"], request["path"], request["raw_body"]], ["POST", "/p", "data"]);
  });

  it("runs after authentication", async () => {
    await using t = await serveWith("request-termination", { status_code: 200 });
    t.gateway.plugin("key-auth", { key_names: ["apikey"] });
    assert.equal((await t.gateway.call()).status, 401);
  });
});

describe("kong double/cors", () => {
  const preflight = {
    method: "OPTIONS",
    headers: { Origin: "https://a.test", "Access-Control-Request-Method": "PUT" },
  };
  const origins: [config: JsonObject, allowed: string | undefined][] = [
    [{}, "*"],
    [{ origins: ["*"] }, "*"],
    [{ origins: ["*"], credentials: true }, "https://a.test"],
    [{ origins: ["https://b.test"] }, "https://b.test"],
    [{ origins: ["https://b.test", "https://a.test"] }, "https://a.test"],
    [{ origins: ["https://b.test", "https://c.test"] }, undefined],
    [{ origins: ["https://.*\\.test$"] }, "https://a.test"],
    [{ origins: ["(a|b)\\.test"] }, "https://a.test"],
  ];
  for (const [config, allowed] of origins) {
    it(`allows ${allowed ?? "no origin"} with ${JSON.stringify(config)}`, async () => {
      await using t = await serveWith("cors", config);
      const first = await t.gateway.call("/", preflight);
      assert.equal(first.status, 200);
      assert.equal(first.headers["access-control-allow-origin"], allowed);
      const second = await t.gateway.call("/", { headers: { Origin: "https://a.test" } });
      assert.equal(second.headers["access-control-allow-origin"], allowed);
      assert.equal(t.backend.seen.length, 1);
    });
  }

  it("answers a preflight before authentication and says what is allowed", async () => {
    const config = { methods: ["GET", "PUT"], headers: ["X-One", "X-Two"], max_age: 60, exposed_headers: ["X-Out"] };
    await using t = await serveWith("cors", config);
    t.gateway.plugin("key-auth", { key_names: ["apikey"] });
    const { headers } = await t.gateway.call("/", preflight);
    assert.equal(headers["access-control-allow-methods"], "GET,PUT");
    assert.equal(headers["access-control-allow-headers"], "X-One,X-Two");
    assert.equal(headers["access-control-max-age"], "60");
    const refused = await t.gateway.call("/", { headers: { Origin: "https://a.test" } });
    assert.equal(refused.status, 401);
    assert.equal(refused.headers["access-control-allow-origin"], "*");
    assert.equal(refused.headers["access-control-expose-headers"], "X-Out");
  });

  it("leaves a preflight to the backend with preflight_continue", async () => {
    await using t = await serveWith("cors", { preflight_continue: true });
    const reply = await t.gateway.call("/", preflight);
    assert.deepEqual([reply.body, reply.headers["access-control-allow-origin"]], ["b1", undefined]);
  });
});

describe("kong double/correlation-id", () => {
  it("gives each request an id, keeps the client's own, and echoes it", async () => {
    await using t = await serveWith("correlation-id", {
      header_name: "X-Trace",
      generator: "uuid#counter",
      echo_downstream: true,
    });
    const reply = await t.gateway.call();
    assert.match(reply.headers["x-trace"] as string, /^[0-9a-f-]{36}#1$/);
    assert.equal(t.backend.last.headers["x-trace"], reply.headers["x-trace"]);
    await t.gateway.call("/", { headers: { "X-Trace": "mine" } });
    assert.equal(t.backend.last.headers["x-trace"], "mine");
  });
});

describe("kong double/request-transformer", () => {
  it("removes, renames, replaces, adds and appends headers, query and body, in this order", async () => {
    await using t = await serveWith("request-transformer", {
      http_method: "PUT",
      remove: { headers: ["X-Gone"], querystring: ["gone"], body: ["gone"] },
      rename: { headers: ["X-Old:X-New"], querystring: ["old:new"], body: ["old:new"] },
      replace: {
        headers: ["X-Here:2", "X-Absent:2"],
        querystring: ["here:2"],
        body: ["here:2", "absent:2"],
        uri: "/moved",
      },
      add: { headers: ["X-Here:3", "X-Add:3"], querystring: ["add:3"], body: ["add:3"] },
      append: { headers: ["X-Add:4"], querystring: ["add:4"], body: ["add:4"] },
    });
    await t.gateway.call("/?gone=1&old=1&here=1", {
      method: "POST",
      headers: { "X-Gone": "1", "X-Old": "1", "X-Here": "1", "Content-Type": "application/json" },
      body: JSON.stringify({ gone: 1, old: 1, here: 1 }),
    });
    const { method, url, headers, body } = t.backend.last;
    assert.deepEqual([method, url], ["PUT", "/moved?here=2&new=1&add=3&add=4"]);
    assert.deepEqual(
      ["x-gone", "x-old", "x-new", "x-here", "x-absent", "x-add"].map((name) => headers[name]),
      [undefined, undefined, "1", "2", undefined, "3, 4"],
    );
    assert.deepEqual(JSON.parse(body), { new: 1, here: "2", add: ["3", "4"] });
    assert.equal(headers["content-length"], String(body.length));
  });

  it("says that templates are not rendered", async () => {
    await using t = await serveWith("request-transformer", { add: { headers: ["X-A:$(headers.host)"] } });
    await t.gateway.call();
    assert.deepEqual(t.gateway.unsupported, ["plugin request-transformer: templates"]);
  });
});

describe("kong double/response-transformer", () => {
  it("changes headers and a JSON body, and leaves another body alone", async () => {
    await using backend = await Backend.start("b1", (response, { url }) => {
      response.writeHead(200, { "Content-Type": url === "/text" ? "text/plain" : "application/json", "X-Old": "1" });
      response.end('{"gone":1,"n":1}');
    });
    await using gateway = await Gateway.start();
    gateway.serve({ port: backend.port });
    gateway.plugin("response-transformer", {
      remove: { headers: ["X-Gone"], json: ["gone"] },
      rename: { headers: ["X-Old:X-New"], json: [] },
      add: { headers: ["X-Add:a:b"], json: ["count:7", "ok:true"], json_types: ["number", "boolean"] },
    });
    const reply = await gateway.call();
    assert.deepEqual(JSON.parse(reply.body), { n: 1, count: 7, ok: true });
    assert.equal(reply.headers["content-length"], String(reply.body.length));
    assert.deepEqual([reply.headers["x-new"], reply.headers["x-old"], reply.headers["x-add"]], ["1", undefined, "a:b"]);
    assert.equal((await gateway.call("/text")).body, '{"gone":1,"n":1}');
  });
});
