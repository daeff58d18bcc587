import assert from "node:assert/strict";
import type { JsonObject } from "../../../../src/model/json.ts";
import type { KongDouble } from "../../../doubles/kong/double.ts";
import { startKongDouble } from "../../../doubles/kong/double.ts";
import type { Answer } from "./admin-client.ts";
import { namesOf, send, sendAs } from "./admin-client.ts";

const ID = "0a4f3c1e-5b7d-4c6a-9e2f-112233445566";
const OTHER_ID = "1b5f4d2f-6c8e-4d7b-8f30-223344556677";

describe("doubles/kong: writes", () => {
  let kong: KongDouble;
  const call = (method: string, path: string, body?: Parameters<typeof send>[3]): Promise<Answer> =>
    send(kong.adminUrl, method, path, body);

  beforeEach(async () => {
    kong = await startKongDouble();
  });

  afterEach(async () => {
    await kong.stop();
  });

  it("answers 200 to the PUT that creates and to the one that updates, with one id", async () => {
    const first = await call("PUT", "/services/orders", { host: "orders.test" });
    const second = await call("PUT", "/services/orders", { host: "orders-2.test" });
    assert.deepEqual([first.status, second.status], [200, 200]);
    assert.equal(first.body["id"], second.body["id"]);
    assert.equal(second.body["host"], "orders-2.test");
  });

  it("fills every field that a PUT does not name with its default, the name included", async () => {
    await call("PUT", `/services/${ID}`, { name: "orders", host: "a.test", retries: 9, tags: ["x"] });
    const { body } = await call("PUT", `/services/${ID}`, { host: "a.test" });
    assert.deepEqual([body["name"], body["retries"], body["tags"], body["port"]], [null, 5, null, 80]);
  });

  it("lets the key in the path win over the one in the body", async () => {
    const { body } = await call("PUT", `/services/${ID}`, { id: OTHER_ID, name: "orders", host: "a.test" });
    assert.equal(body["id"], ID);
    const named = await call("PUT", "/services/orders", { name: "else", host: "a.test" });
    assert.deepEqual([named.body["id"], named.body["name"]], [ID, "orders"]);
  });

  it("takes back what GET has shown", async () => {
    const bodies: readonly (readonly [path: string, body: JsonObject])[] = [
      ["/services/s", { host: "a.test" }],
      ["/routes/r", { paths: ["/a"], service: { name: "s" } }],
      ["/upstreams/u", {}],
      ["/consumers/c", {}],
      [`/plugins/${ID}`, { name: "rate-limiting", config: { hour: 9, redis: { host: "redis.test" } } }],
    ];
    for (const [path, body] of bodies) {
      await call("PUT", path, body);
      const shown = (await call("GET", path)).body;
      const again = await call("PUT", path, shown);
      assert.equal(again.status, 200, path);
      assert.deepEqual({ ...again.body, updated_at: 0 }, { ...shown, updated_at: 0 }, path);
    }
  });

  it("answers 201 to POST, 409 to a taken name and 400 to a taken id", async () => {
    assert.equal((await call("POST", "/services", { id: ID, name: "orders", host: "a.test" })).status, 201);
    const name = await call("POST", "/services", { name: "orders", host: "b.test" });
    assert.deepEqual([name.status, name.body["code"], name.body["fields"]], [409, 5, { name: "orders" }]);
    const id = await call("POST", "/services", { id: ID, host: "b.test" });
    assert.deepEqual([id.status, id.body["code"]], [400, 3]);
    assert.equal(id.body["message"], `primary key violation on key '{id="${ID}"}'`);
  });

  it("merges records, replaces lists and resets null in a PATCH", async () => {
    await call("PUT", "/upstreams/u", { tags: ["a", "b"], slots: 20 });
    const first = await call("PATCH", "/upstreams/u", { healthchecks: { active: { timeout: 3 } }, tags: ["c"] });
    const active = (first.body["healthchecks"] as { active: { timeout: number; concurrency: number } }).active;
    assert.deepEqual([active.timeout, active.concurrency, first.body["slots"]], [3, 10, 20]);
    assert.deepEqual(first.body["tags"], ["c"]);
    assert.equal((await call("PATCH", "/upstreams/u", { tags: null })).body["tags"], null);
  });

  it("says which entity a PATCH has not found", async () => {
    const { status, body } = await call("PATCH", "/services/nobody", { retries: 1 });
    assert.deepEqual([status, body["code"], body["fields"]], [404, 6, { name: "nobody" }]);
  });

  it("splits url into protocol, host, port and path", async () => {
    for (const [url, expected] of [
      ["http://plain.test", ["http", "plain.test", 80, null]],
      ["https://safe.test/in", ["https", "safe.test", 443, "/in"]],
      ["http://port.test:8080/a/b", ["http", "port.test", 8080, "/a/b"]],
      ["//bare.test:443", ["https", "bare.test", 443, null]],
    ] as const) {
      const { body } = await call("PUT", "/services/from-url", { url });
      assert.deepEqual([body["protocol"], body["host"], body["port"], body["path"]], expected, url);
    }
  });

  it("deletes what is there and is content with what is not", async () => {
    await call("PUT", "/services/orders", { host: "a.test" });
    assert.equal((await call("DELETE", "/services/orders")).status, 204);
    assert.equal((await call("DELETE", "/services/orders")).status, 204);
    assert.equal((await call("GET", "/services/orders")).status, 404);
  });

  it("gives one id to simultaneous PUTs of a name, and one 201 to simultaneous POSTs", async () => {
    const puts = await Promise.all(Array.from({ length: 16 }, () => call("PUT", "/services/race", { host: "a.test" })));
    assert.equal(new Set(puts.map(({ body }) => body["id"])).size, 1);
    const posts = await Promise.all(Array.from({ length: 16 }, () => call("POST", "/consumers", { username: "race" })));
    assert.deepEqual(posts.map(({ status }) => status).sort(), [201, ...Array.from({ length: 15 }, () => 409)]);
  });

  it("reads forms by the types of the schema", async () => {
    const form = "host=a.test&port=81&enabled=false&tags[]=x&tags[]=y";
    const { status, body } = await sendAs(
      kong.adminUrl,
      "PUT",
      "/services/form",
      "application/x-www-form-urlencoded",
      form,
    );
    assert.equal(status, 200);
    assert.deepEqual([body["port"], body["enabled"], body["tags"]], [81, false, ["x", "y"]]);
  });

  it("refuses bodies that it cannot read", async () => {
    const cases = [
      ["application/json", "{", 400],
      ["application/json", "[1]", 500],
      ["application/json", "[]", 400],
      ["text/plain", "host=a", 415],
      ["", "{}", 415],
    ] as const;
    for (const [type, body, status] of cases) {
      assert.equal((await sendAs(kong.adminUrl, "PUT", "/services/x", type, body)).status, status, `${type} ${body}`);
    }
  });

  it("knows the methods of a path, and paths that are none", async () => {
    assert.equal((await call("PUT", "/services", {})).status, 405);
    assert.equal((await call("POST", "/services/x", {})).status, 405);
    assert.equal((await call("OPTIONS", "/services")).status, 204);
    assert.equal((await call("GET", "/workspaces")).status, 404);
    assert.equal((await call("GET", "/consumer_groups")).status, 404);
  });

  it("counts and remembers what was asked", async () => {
    await call("PUT", "/services/a", { host: "a.test" });
    await call("GET", "/services?size=2");
    assert.deepEqual([kong.count(), kong.count("writes"), kong.count("reads")], [2, 1, 1]);
    assert.deepEqual(
      kong.requests.map(({ method, path, status }) => [method, path, status]),
      [
        ["PUT", "/services/a", 200],
        ["GET", "/services?size=2", 200],
      ],
    );
    kong.resetCounts();
    assert.equal(kong.count(), 0);
    assert.deepEqual(namesOf(await call("GET", "/services")), ["a"]);
  });
});
