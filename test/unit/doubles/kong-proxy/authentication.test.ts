import assert from "node:assert/strict";
import type { JsonObject } from "../../../../src/model/json.ts";
import { addAnn, messageOf, serveWith } from "./gateway-fixture.ts";
import type { Call, Served } from "./gateway-fixture.ts";

describe("kong double/key-auth", () => {
  const config = { key_names: ["apikey"], key_in_header: true, key_in_query: true, key_in_body: false };
  const cases: [name: string, path: string, call: Call, status: number, message: string | undefined][] = [
    ["no key", "/", {}, 401, "No API key found in request"],
    ["an empty key", "/", { headers: { apikey: "" } }, 401, "No API key found in request"],
    ["a wrong key", "/", { headers: { apikey: "nope" } }, 401, "Unauthorized"],
    ["two keys", "/?apikey=a&apikey=b", {}, 401, "Duplicate API key found"],
    ["the key in a header", "/", { headers: { ApiKey: "k1" } }, 200, undefined],
    ["the key in the query", "/?apikey=k1&x=1", {}, 200, undefined],
    ["the key in a body that is not looked at", "/", form("apikey=k1"), 401, "No API key found in request"],
  ];
  for (const [name, path, call, status, message] of cases) {
    it(`answers ${status} to ${name}`, async () => {
      await using t = await setUp("key-auth", config);
      const reply = await t.gateway.call(path, call);
      assert.equal(reply.status, status);
      if (message === undefined) return;
      assert.equal(messageOf(reply), message);
      assert.equal(reply.headers["www-authenticate"], "Key");
    });
  }

  it("finds the key in the body and takes it away from the backend where it says so", async () => {
    await using t = await setUp("key-auth", { ...config, key_in_body: true, hide_credentials: true, realm: "shop" });
    assert.equal((await t.gateway.call("/", form("apikey=k1"))).status, 200);
    assert.equal((await t.gateway.call("/?apikey=k1&x=%20", {})).status, 200);
    assert.equal(t.backend.last.url, "/?x=%20");
    await t.gateway.call("/", { headers: { apikey: "k1" } });
    assert.equal(t.backend.last.headers["apikey"], undefined);
    assert.equal((await t.gateway.call()).headers["www-authenticate"], 'Key realm="shop"');
  });

  it("tells the backend who it is, and forgets a deleted credential at once", async () => {
    await using t = await setUp("key-auth", config);
    await t.gateway.call("/", { headers: { apikey: "k1", "X-Consumer-Username": "root" } });
    const { headers } = t.backend.last;
    assert.equal(headers["x-consumer-id"], "c1");
    assert.equal(headers["x-consumer-username"], "ann");
    assert.equal(headers["x-consumer-custom-id"], "ann-7");
    assert.equal(headers["x-credential-identifier"], "key-1");
    assert.equal(headers["x-anonymous-consumer"], undefined);
    t.gateway.store.remove("keyauth_credentials", "key-1");
    assert.equal((await t.gateway.call("/", { headers: { apikey: "k1" } })).status, 401);
  });

  it("lets a stranger in as the anonymous consumer, and fails where there is none", async () => {
    await using t = await setUp("key-auth", { ...config, anonymous: "guest" });
    assert.equal((await t.gateway.call()).status, 500);
    t.gateway.store.put("consumers", { id: "c2", username: "guest" });
    assert.equal((await t.gateway.call("/", { headers: { apikey: "nope" } })).status, 200);
    assert.equal(t.backend.last.headers["x-anonymous-consumer"], "true");
    assert.equal(t.backend.last.headers["x-consumer-username"], "guest");
    assert.equal(t.backend.last.headers["x-credential-identifier"], undefined);
  });

  it("asks for both of two plugins, and for one of them where they have an anonymous consumer", async () => {
    await using t = await setUp("key-auth", config);
    t.gateway.plugin("basic-auth", { realm: "service" });
    const key = { apikey: "k1" };
    const basic = { Authorization: `Basic ${Buffer.from("ann:secret").toString("base64")}` };
    assert.equal((await t.gateway.call("/", { headers: key })).status, 401);
    assert.equal((await t.gateway.call("/", { headers: { ...key, ...basic } })).status, 200);
    t.gateway.store.put("consumers", { id: "c2", username: "guest" });
    t.gateway.plugin("key-auth", { ...config, anonymous: "c2" }, { route: { id: t.routeId } });
    t.gateway.plugin("basic-auth", { anonymous: "c2" }, { route: { id: t.routeId } });
    await t.gateway.call("/", { headers: key });
    assert.equal(t.backend.last.headers["x-consumer-username"], "ann");
    await t.gateway.call("/", { headers: basic });
    assert.equal(t.backend.last.headers["x-consumer-username"], "ann");
  });
});

describe("kong double/basic-auth", () => {
  const cases: [name: string, authorization: string | undefined, status: number][] = [
    ["nobody", undefined, 401],
    ["the right password", basic("ann:secret"), 200],
    ["a wrong password", basic("ann:Secret"), 401],
    ["a stranger", basic("bob:secret"), 401],
    ["a name without password", basic("ann"), 401],
    ["another scheme", "Bearer abc", 401],
  ];
  for (const [name, authorization, status] of cases) {
    it(`answers ${status} to ${name}`, async () => {
      await using t = await setUp("basic-auth", { realm: "service" });
      const reply = await t.gateway.call(
        "/",
        authorization === undefined ? {} : { headers: { Authorization: authorization } },
      );
      assert.equal(reply.status, status);
      if (status !== 200) assert.equal(reply.headers["www-authenticate"], 'Basic realm="service"');
      else assert.equal(t.backend.last.headers["x-credential-identifier"], "ann");
    });
  }
});

describe("kong double/acl", () => {
  const cases: [name: string, config: JsonObject, headers: Record<string, string>, status: number][] = [
    ["a member of an allowed group", { allow: ["staff"] }, { apikey: "k1" }, 200],
    ["a member of no allowed group", { allow: ["root"] }, { apikey: "k1" }, 403],
    ["a member of a denied group", { deny: ["staff"] }, { apikey: "k1" }, 403],
    ["a member of no denied group", { deny: ["root"] }, { apikey: "k1" }, 200],
  ];
  for (const [name, config, headers, status] of cases) {
    it(`answers ${status} to ${name}`, async () => {
      await using t = await setUp("key-auth", { key_names: ["apikey"] });
      t.gateway.plugin("acl", config);
      const reply = await t.gateway.call("/", { headers });
      assert.equal(reply.status, status);
      if (status === 200) assert.equal(t.backend.last.headers["x-consumer-groups"], "staff, dev");
      else assert.equal(messageOf(reply), "You cannot consume this service");
    });
  }

  it("answers 401 to a request that nobody has authenticated", async () => {
    await using t = await setUp("acl", { allow: ["staff"] });
    assert.equal((await t.gateway.call()).status, 401);
  });
});

/** A backend behind a gateway with one plugin, which knows `ann`. */
async function setUp(plugin: string, config: JsonObject): Promise<Served> {
  const served = await serveWith(plugin, config);
  addAnn(served.gateway.store);
  return served;
}

function form(body: string): Call {
  return { method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body };
}

function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString("base64")}`;
}
