import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { JsonObject } from "../../../../src/model/json.ts";
import { addAnn, messageOf, serveWith } from "./gateway-fixture.ts";
import type { Call, Served } from "./gateway-fixture.ts";

const NOW_MS = Date.UTC(2030, 0, 1);
const NOW = NOW_MS / 1000;

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

/** A backend behind a gateway with one plugin, which knows `ann`. */
async function setUp(plugin: string, config: JsonObject): Promise<Served> {
  const served = await serveWith(plugin, config, () => NOW_MS);
  addAnn(served.gateway.store);
  return served;
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
