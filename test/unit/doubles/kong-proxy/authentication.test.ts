import assert from "node:assert/strict";
import { createHash, createHmac, generateKeyPairSync, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { JsonObject } from "../../../../src/model/json.ts";
import { Backend, Gateway, messageOf } from "./gateway-fixture.ts";
import type { Call } from "./gateway-fixture.ts";

const NOW_MS = Date.UTC(2030, 0, 1);
const NOW = NOW_MS / 1000;

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

describe("kong double/jwt", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const ec = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const keys: Record<string, { credential: JsonObject; key: string | KeyObject }> = {
    HS256: { credential: { secret: "s" }, key: "s" },
    HS384: { credential: { secret: "s" }, key: "s" },
    HS512: { credential: { secret: "s" }, key: "s" },
    RS256: { credential: { rsa_public_key: pem(rsa.publicKey) }, key: rsa.privateKey },
    ES256: { credential: { rsa_public_key: pem(ec.publicKey) }, key: ec.privateKey },
  };
  const config = {
    uri_param_names: ["jwt"],
    cookie_names: ["token"],
    header_names: ["authorization"],
    key_claim_name: "iss",
  };

  for (const [algorithm, { credential, key }] of Object.entries(keys)) {
    it(`accepts a token signed with ${algorithm} and no other signature`, async () => {
      await using t = await setUp("jwt", config);
      t.gateway.store.put("jwt_secrets", { key: algorithm, algorithm, consumer: { id: "c1" }, ...credential });
      const good = token({ iss: algorithm }, algorithm, key);
      assert.equal((await t.gateway.call("/", bearer(good))).status, 200);
      assert.equal(t.backend.last.headers["x-credential-identifier"], algorithm);
      const [header = "", , signature = ""] = good.split(".");
      const forged = [header, part({ iss: algorithm, admin: true }), signature].join(".");
      const reply = await t.gateway.call("/", bearer(forged));
      assert.deepEqual([reply.status, messageOf(reply)], [401, "Invalid signature"]);
    });
  }

  it("does not take a public key for a shared secret", async () => {
    await using t = await setUp("jwt", config);
    const publicKey = pem(rsa.publicKey);
    t.gateway.store.put("jwt_secrets", {
      key: "app",
      algorithm: "RS256",
      rsa_public_key: publicKey,
      consumer: { id: "c1" },
    });
    const reply = await t.gateway.call("/", bearer(token({ iss: "app" }, "HS256", publicKey)));
    assert.deepEqual([reply.status, messageOf(reply)], [401, "Invalid algorithm"]);
  });

  const plain: JsonObject = { alg: "none" };
  const refusals: [name: string, token: string, extra: JsonObject, body: JsonObject][] = [
    ["garbage", "x.y.z", {}, { message: "Bad token; invalid JSON" }],
    ["an unknown algorithm", `${part(plain)}.${part({ iss: "app" })}.x`, {}, { message: "Bad token; invalid alg" }],
    ["no issuer", token({}, "HS256", "s"), {}, { message: "No mandatory 'iss' in claims" }],
    [
      "an unknown issuer",
      token({ iss: "other" }, "HS256", "s"),
      {},
      { message: "No credentials found for given 'iss'" },
    ],
    ["another secret", token({ iss: "app" }, "HS256", "t"), {}, { message: "Invalid signature" }],
    [
      "no exp where it counts",
      token({ iss: "app" }, "HS256", "s"),
      { claims_to_verify: ["exp"] },
      { exp: "must be a number" },
    ],
    [
      "an expired token",
      token({ iss: "app", exp: NOW }, "HS256", "s"),
      { claims_to_verify: ["exp"] },
      { exp: "token expired" },
    ],
    [
      "a token of the future",
      token({ iss: "app", nbf: NOW + 1 }, "HS256", "s"),
      { claims_to_verify: ["nbf"] },
      { nbf: "token not valid yet" },
    ],
    [
      "a token for too long",
      token({ iss: "app", exp: NOW + 61 }, "HS256", "s"),
      { maximum_expiration: 60 },
      { exp: "exceeds maximum allowed expiration" },
    ],
  ];
  for (const [name, sent, extra, body] of refusals) {
    it(`refuses ${name}`, async () => {
      await using t = await setUp("jwt", { ...config, ...extra });
      t.gateway.store.put("jwt_secrets", { key: "app", algorithm: "HS256", secret: "s", consumer: { id: "c1" } });
      const reply = await t.gateway.call("/", bearer(sent));
      assert.equal(reply.status, 401);
      assert.deepEqual(JSON.parse(reply.body), body);
      assert.equal(reply.headers["www-authenticate"], 'Bearer error="invalid_token"');
    });
  }

  it("looks in the query, the cookies and the headers, and names its realm", async () => {
    await using t = await setUp("jwt", { ...config, realm: "shop" });
    t.gateway.store.put("jwt_secrets", { key: "app", algorithm: "HS256", secret: "s", consumer: { id: "c1" } });
    const good = token({ iss: "app" }, "HS256", "s");
    assert.equal((await t.gateway.call(`/?jwt=${good}`)).status, 200);
    assert.equal((await t.gateway.call("/", { headers: { Cookie: `a=b; token=${good}` } })).status, 200);
    const none = await t.gateway.call("/");
    assert.deepEqual([none.status, none.body], [401, '{"message":"Unauthorized"}']);
    assert.equal(none.headers["www-authenticate"], 'Bearer realm="shop"');
    const wrong = await t.gateway.call("/?jwt=x");
    assert.equal(wrong.headers["www-authenticate"], 'Bearer realm="shop", error="invalid_token"');
  });

  it("takes a token within its times, a base64 secret and another claim as the key", async () => {
    const verified = {
      claims_to_verify: ["exp", "nbf"],
      maximum_expiration: 60,
      key_claim_name: "kid",
      secret_is_base64: true,
    };
    await using t = await setUp("jwt", { ...config, ...verified });
    const secret = Buffer.from("raw secret").toString("base64url");
    t.gateway.store.put("jwt_secrets", { key: "app", algorithm: "HS256", secret, consumer: { id: "c1" } });
    const good = token({ exp: NOW + 60, nbf: NOW }, "HS256", "raw secret", { kid: "app" });
    assert.equal((await t.gateway.call("/", bearer(good))).status, 200);
  });

  it("lets a preflight through where run_on_preflight is off", async () => {
    await using t = await setUp("jwt", { ...config, run_on_preflight: false });
    assert.equal((await t.gateway.call("/", { method: "OPTIONS" })).status, 200);
    assert.equal((await t.gateway.call()).status, 401);
  });
});

describe("kong double/hmac-auth", () => {
  const config = {
    algorithms: ["hmac-sha256"],
    clock_skew: 300,
    enforce_headers: ["date"],
    validate_request_body: true,
  };
  const date = new Date(NOW_MS).toUTCString();

  it("accepts a true signature over headers, request line and body", async () => {
    await using t = await setUp("hmac-auth", config);
    const digest = `SHA-256=${createHash("sha256").update("data").digest("base64")}`;
    const text = `date: ${date}\nPOST /a?b=1 HTTP/1.1\ndigest: ${digest}`;
    const headers = { Date: date, Digest: digest, Authorization: signed("date request-line digest", text) };
    assert.equal((await t.gateway.call("/a?b=1", { method: "POST", headers, body: "data" })).status, 200);
    assert.equal(t.backend.last.headers["x-credential-identifier"], "ann");
    const changed = await t.gateway.call("/a?b=1", { method: "POST", headers, body: "dat4" });
    assert.deepEqual([changed.status, messageOf(changed)], [401, "HMAC signature does not match"]);
  });

  const unfresh = new Date(NOW_MS - 301_000).toUTCString();
  const cannot = "HMAC signature cannot be verified";
  const refusals: [name: string, headers: Record<string, string>, message: string][] = [
    ["nobody", {}, "Unauthorized"],
    [
      "an old date",
      { Date: unfresh, Authorization: signed("date", `date: ${unfresh}`) },
      `${cannot}, a valid date or x-date header is required for HMAC Authentication`,
    ],
    ["a signature over other headers", { Date: date, Host: "a", Authorization: signed("host", "host: a") }, cannot],
    [
      "another secret",
      { Date: date, Authorization: signed("date", `date: ${date}`, "other") },
      "HMAC signature does not match",
    ],
    [
      "an algorithm that is not allowed",
      { Date: date, Authorization: signed("date", `date: ${date}`).replace("sha256", "sha1") },
      cannot,
    ],
    ["a stranger", { Date: date, Authorization: signed("date", `date: ${date}`).replace("ann", "bob") }, cannot],
  ];
  for (const [name, headers, message] of refusals) {
    it(`refuses ${name}`, async () => {
      await using t = await setUp("hmac-auth", config);
      const reply = await t.gateway.call("/", { headers });
      assert.deepEqual([reply.status, messageOf(reply)], [401, message]);
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

/** A backend behind a gateway with one plugin and the consumer `ann` with her credentials and groups. */
async function setUp(
  plugin: string,
  config: JsonObject,
): Promise<AsyncDisposable & { backend: Backend; gateway: Gateway; routeId: string }> {
  const backend = await Backend.start();
  const gateway = await Gateway.start({ now: () => NOW_MS });
  const { routeId } = gateway.serve({ port: backend.port });
  const { store } = gateway;
  const consumer = { id: "c1" };
  store.put("consumers", { id: "c1", username: "ann", custom_id: "ann-7" });
  store.put("keyauth_credentials", { id: "key-1", key: "k1", consumer });
  const password = createHash("sha1").update("secretc1").digest("hex");
  store.put("basicauth_credentials", { username: "ann", password, consumer });
  store.put("hmacauth_credentials", { username: "ann", secret: "hmac", consumer });
  for (const group of ["staff", "dev"]) store.put("acls", { group, consumer });
  gateway.plugin(plugin, config);
  return {
    backend,
    gateway,
    routeId,
    async [Symbol.asyncDispose](): Promise<void> {
      await gateway[Symbol.asyncDispose]();
      await backend[Symbol.asyncDispose]();
    },
  };
}

function form(body: string): Call {
  return { method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body };
}

function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString("base64")}`;
}

function bearer(text: string): Call {
  return { headers: { Authorization: `Bearer ${text}` } };
}

function part(value: JsonObject): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function pem(key: KeyObject): string {
  return key.export({ type: "spki", format: "pem" }).toString();
}

function token(claims: JsonObject, alg: string, key: string | KeyObject, header: JsonObject = {}): string {
  const text = `${part({ typ: "JWT", alg, ...header })}.${part(claims)}`;
  const hash = `sha${alg.slice(2)}`;
  const signature =
    typeof key === "string"
      ? createHmac(hash, key).update(text).digest()
      : sign(hash, Buffer.from(text), { key, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

function signed(headers: string, text: string, secret = "hmac"): string {
  const signature = createHmac("sha256", secret).update(text).digest("base64");
  return `hmac username="ann", algorithm="hmac-sha256", headers="${headers}", signature="${signature}"`;
}
