import assert from "node:assert/strict";
import { createHash, createHmac, sign, verify, createPublicKey } from "node:crypto";
import { LABEL_SECRET } from "../../src/api/names.ts";
import { eventually } from "./setup-eventually.ts";
import { isDbless, type ProxyRequest } from "./setup-kong.ts";
import { RUN } from "./setup-run.ts";
import { secretValues, useScene, type Spec } from "./setup-scene.ts";
import { env } from "./setup.ts";

type Data = Readonly<Record<string, string>>;

describe("e2e: credentials", () => {
  const scene = useScene("credentials", { gateway: { drift: { intervalSeconds: 3600 } } });
  const value = (name: string): string => `${RUN}-${name}`;
  const withKey = (key: string): ProxyRequest => ({ headers: { apikey: key } });
  const consumer = (name: string, ...credentials: readonly Spec[]) => ["KongConsumer", name, { credentials }] as const;
  const credential = (type: string, secret: string, more: Spec = {}): Spec => ({
    type,
    secretRef: { name: secret },
    ...more,
  });
  const path = (plugin: string): string => scene.path(`/${plugin}`);

  /** The decoded data of a Secret, as its owner reads it. */
  async function readSecret(name: string): Promise<Data> {
    const { output, code } = await scene.kubectl("get", "secret", name, "-o", "json");
    assert.equal(code, 0, output);
    const { data } = JSON.parse(output) as { data: Data };
    const entries = Object.entries(data).map(
      ([key, text]) => [key, Buffer.from(text, "base64").toString("utf8")] as const,
    );
    for (const [key, text] of entries) if (text.length > 8 && key !== "algorithm") secretValues.add(text);
    return Object.fromEntries(entries);
  }

  async function credentialsOf(name: string, type: string): Promise<readonly Record<string, unknown>[]> {
    const { id } = await scene.inKong("consumers", scene.kongName(name));
    return env().kong.list(`/consumers/${id}/${type}`);
  }

  before(async () => {
    await scene.apply(
      ["KongService", "api", { url: env().backends.a.url }],
      ...(["key-auth", "jwt", "basic-auth", "hmac-auth"] as const).flatMap((plugin) => [
        ["KongRoute", plugin, { serviceRef: { name: "api" }, paths: [path(plugin)] }] as const,
        [
          "KongPluginBinding",
          plugin,
          {
            plugin,
            targets: [{ routeRef: { name: plugin } }],
            ...(plugin === "jwt" ? { config: { claims_to_verify: ["exp"] } } : {}),
          },
        ] as const,
      ]),
    );
    await scene.ready("KongPluginBinding", "key-auth", "jwt", "basic-auth", "hmac-auth");
  });

  describe("that are generated", () => {
    before(async () => {
      await scene.apply(
        consumer(
          "made",
          credential("jwt", "made-jwt", { generate: true, algorithm: "RS256" }),
          credential("key-auth", "made-key", { generate: true }),
          credential("basic-auth", "made-basic", { generate: true }),
          credential("hmac-auth", "made-hmac", { generate: true }),
          credential("oauth2", "made-oauth2", { generate: true }),
        ),
      );
      await scene.ready("KongConsumer", "made");
    });

    it("let a token through that the private key of the Secret signed, and neither none nor an expired one", async () => {
      const data = await readSecret("made-jwt");
      const now = Math.floor(Date.now() / 1000);
      const bearer = (exp: number): ProxyRequest => ({ headers: { authorization: `Bearer ${rs256(data, exp)}` } });
      await scene.answered(401, path("jwt"));
      const { headers } = await scene.served(path("jwt"), bearer(now + 600));
      assert.equal(headers["x-consumer-username"], scene.kongName("made"));
      assert.match((await scene.answered(401, path("jwt"), bearer(now - 600))).text, /expired/);
    });

    it("keep the private key in the cluster: Kong has the public one, of the same pair", async () => {
      const { private_key: privateKey = "", rsa_public_key: publicKey } = await readSecret("made-jwt");
      const [inKong] = await credentialsOf("made", "jwt");
      assert.equal(inKong?.["rsa_public_key"], publicKey);
      assert.ok(!JSON.stringify(inKong).includes("PRIVATE"));
      const signature = sign("sha256", Buffer.from("text"), privateKey);
      assert.ok(verify("sha256", Buffer.from("text"), createPublicKey(publicKey ?? ""), signature));
    });

    it("let a key, a password and a signature through", async () => {
      const { key = "" } = await readSecret("made-key");
      await scene.served(path("key-auth"), withKey(key));
      const { username = "", password = "" } = await readSecret("made-basic");
      await scene.served(path("basic-auth"), basic(username, password));
      await scene.served(path("hmac-auth"), hmac(await readSecret("made-hmac")));
      const { client_id: clientId } = await readSecret("made-oauth2");
      assert.equal((await credentialsOf("made", "oauth2"))[0]?.["client_id"], clientId);
    });

    it("belong to their KongConsumer, bear the label, and are told of by an Event without a value", async () => {
      const { output } = await scene.kubectl("get", "secret", "made-key", "-o", "json");
      const { metadata } = JSON.parse(output) as {
        metadata: { labels: Data; ownerReferences: { kind: string; name: string }[] };
      };
      assert.equal(metadata.labels[LABEL_SECRET], "true");
      assert.deepEqual(
        metadata.ownerReferences.map(({ kind, name }) => `${kind} ${name}`),
        ["KongConsumer made"],
      );
      await eventually(async () =>
        assert.equal((await scene.events("KongConsumer", "made", "CredentialGenerated")).length > 0, true),
      );
    });

    it("stay as they are when asked to look again", async () => {
      const before = await readSecret("made-key");
      scene.front.reset();
      await scene.reconcile("KongConsumer", "made");
      assert.deepEqual(scene.front.writes, []);
      assert.deepEqual(await readSecret("made-key"), before);
    });

    it("are made anew where their Secret is deleted, and the former key ends", async () => {
      const { key: former = "" } = await readSecret("made-key");
      await scene.deleteSecret("made-key");
      const { key = "" } = await eventually(() => readSecret("made-key"));
      assert.notEqual(key, former);
      await scene.served(path("key-auth"), withKey(key));
      await scene.answered(401, path("key-auth"), withKey(former));
    });

    it("never overwrite a Secret that is there: one without the label is named, with what to do", async () => {
      await scene.secret("mine", { key: value("mine") }, {});
      await scene.apply(consumer("careful", credential("key-auth", "mine", { generate: true })));
      const message = /mine exists and lacks the label.*kubectl label secret/;
      const expected = { status: "False", reason: "SecretNotFound", message } as const;
      await scene.condition("KongConsumer", "careful", "ResolvedRefs", expected);
      assert.equal((await readSecret("mine"))["key"], value("mine"));
      await scene.secret("mine", { key: value("mine") });
      await scene.ready("KongConsumer", "careful");
      await scene.served(path("key-auth"), withKey(value("mine")));
    });

    it("are not swapped for another algorithm unasked", async () => {
      await scene.patch("KongConsumer", "made", {
        credentials: [credential("jwt", "made-jwt", { generate: true, algorithm: "HS256" })],
      });
      const message = /another algorithm than HS256; delete the Secret/;
      await scene.condition("KongConsumer", "made", "Accepted", { status: "False", reason: "InvalidSecret", message });
      const data = await readSecret("made-jwt");
      const exp = Math.floor(Date.now() / 1000) + 600;
      await scene.served(path("jwt"), { headers: { authorization: `Bearer ${rs256(data, exp)}` } });
      await scene.deleteSecret("made-jwt");
      await scene.ready("KongConsumer", "made");
      assert.equal((await readSecret("made-jwt"))["algorithm"], "HS256");
    });
  });

  describe("whose Secret changes", () => {
    const one = value("rotated-one");
    const two = value("rotated-two");
    const three = value("rotated-three");

    it("are taken up when the Secret comes after its KongConsumer", async () => {
      await scene.apply(consumer("rotated", credential("key-auth", "current")));
      await scene.condition("KongConsumer", "rotated", "ResolvedRefs", { status: "False", reason: "SecretNotFound" });
      await scene.secret("current", { key: one });
      await scene.ready("KongConsumer", "rotated");
      await scene.served(path("key-auth"), withKey(one));
    });

    it("stand side by side, two of one type", async () => {
      await scene.secret("next", { key: two });
      await scene.apply(consumer("rotated", credential("key-auth", "current"), credential("key-auth", "next")));
      await scene.ready("KongConsumer", "rotated");
      for (const key of [one, two]) await scene.served(path("key-auth"), withKey(key));
    });

    it("leave no moment in which neither the former nor the new key works", async () => {
      const ending = new AbortController();
      const tries = { count: 0, gaps: 0 };
      const trying = (async () => {
        while (!ending.signal.aborted) {
          // The new one first: who is let in by neither was asked for the former one after the new one.
          const codes = [];
          for (const key of [three, one]) codes.push((await env().kong.get(path("key-auth"), withKey(key))).status);
          const again = codes.includes(200) ? 200 : (await env().kong.get(path("key-auth"), withKey(three))).status;
          tries.count += 1;
          if (again !== 200) tries.gaps += 1;
        }
      })();
      await scene.secret("current", { key: three });
      await scene.served(path("key-auth"), withKey(three));
      await scene.answered(401, path("key-auth"), withKey(one));
      ending.abort();
      await trying;
      assert.ok(tries.count > 1);
      assert.equal(tries.gaps, 0, `${tries.gaps} of ${tries.count} tries found neither`);
      await scene.served(path("key-auth"), withKey(two));
    });

    it("change in place: one write, and the entity keeps its id", async () => {
      const ids = async () => (await credentialsOf("rotated", "key-auth")).map(({ id }) => id).sort();
      const before = await ids();
      scene.front.reset();
      await scene.secret("next", { key: value("rotated-four") });
      await scene.served(path("key-auth"), withKey(value("rotated-four")));
      assert.equal(scene.front.writes.length, 1);
      assert.deepEqual(await ids(), before);
    });

    it("keep working when the Secret is deleted, and the condition says so", async () => {
      await scene.deleteSecret("current");
      const expected = { status: "False", reason: "SecretNotFound", message: /stands in Kong stays as it is/ } as const;
      await scene.condition("KongConsumer", "rotated", "ResolvedRefs", expected);
      await scene.served(path("key-auth"), withKey(three));
      await scene.secret("current", { key: three });
      await scene.ready("KongConsumer", "rotated");
    });

    it("keep working when the label is taken away", async () => {
      await scene.kubectl("label", "secret", "current", `${LABEL_SECRET}-`);
      await scene.condition("KongConsumer", "rotated", "ResolvedRefs", { status: "False", reason: "SecretNotFound" });
      await scene.served(path("key-auth"), withKey(three));
      await scene.kubectl("label", "secret", "current", `${LABEL_SECRET}=true`);
      await scene.ready("KongConsumer", "rotated");
    });
  });

  it("drops the line break at the end of a file that kubectl made a Secret of", async () => {
    await scene.secret("from-file", { key: `${value("from-file")}\n` });
    await scene.apply(consumer("from-file", credential("key-auth", "from-file")));
    await scene.served(path("key-auth"), withKey(value("from-file")));
  });

  it("lets a key end with its ttl, and does not bring it back", async function () {
    this.timeout(60_000);
    await scene.secret("short", { key: value("short-lived"), ttl: "8" });
    await scene.apply(consumer("short", credential("key-auth", "short")));
    await scene.ready("KongConsumer", "short");
    const [{ ttl } = { ttl: undefined }] = await credentialsOf("short", "key-auth");
    assert.ok(Number(ttl) > 0 && Number(ttl) <= 8, `ttl ${String(ttl)}`);
    await eventually(async () => assert.deepEqual(await credentialsOf("short", "key-auth"), []), { timeoutMs: 30_000 });
    await scene.reconcile("KongConsumer", "short");
    assert.deepEqual(await credentialsOf("short", "key-auth"), []);
    await scene.ready("KongConsumer", "short");
  });

  it("writes nothing for an operator that has just started, whatever the kind", async function () {
    this.timeout(60_000);
    await scene.secret("still-jwt", { key: value("still-issuer"), secret: value("still-secret") });
    await scene.secret("still-key", { key: value("still-key"), ttl: "36000" });
    await scene.secret("still-basic", { username: value("still-basic"), password: value("still-password") });
    await scene.secret("still-hmac", { username: value("still-hmac"), secret: value("still-hmac-secret") });
    const client = { name: "app", client_id: value("still-client"), client_secret: value("still-client-secret") };
    await scene.secret("still-oauth2", { ...client, redirect_uris: "https://app.example", client_type: "public" });
    const hashed = { name: "app", client_id: value("hashed-client"), client_secret: value("hashed-client-secret") };
    await scene.secret("still-hashed", { ...hashed, hash_secret: "true" });
    await scene.apply(
      consumer(
        "still",
        credential("jwt", "still-jwt"),
        credential("key-auth", "still-key"),
        credential("basic-auth", "still-basic"),
        credential("hmac-auth", "still-hmac"),
        credential("oauth2", "still-oauth2"),
        // Without a database nobody would hash it: refused there, with the reason.
        ...(isDbless(process.env) ? [] : [credential("oauth2", "still-hashed")]),
      ),
    );
    await scene.ready("KongConsumer", "still");
    await env().operator.stop();
    scene.front.reset();
    await env().operator.start();
    await eventually(() => assert.ok(scene.front.checks > 0));
    await scene.reconcile("KongConsumer", "still");
    assert.deepEqual(scene.front.writes, []);
  });

  it("takes user names and ids with any characters, and finds a consumer by its custom_id", async () => {
    const spec = { username: `${RUN} Zoë O'Neil <zoe+1@example.test> 部`, custom_id: `${RUN} a/b?c=d&e "f"` };
    await scene.apply(["KongConsumer", "odd", spec]);
    await scene.ready("KongConsumer", "odd");
    const found = await env().kong.list(`/consumers?custom_id=${encodeURIComponent(spec.custom_id)}`);
    assert.deepEqual(
      found.map(({ username, custom_id }) => ({ username, custom_id })),
      [spec],
    );
    await scene.apply(["KongConsumer", "same-id", { custom_id: spec.custom_id }]);
    const message = /belongs to KongConsumer \S+\/odd/;
    await scene.condition("KongConsumer", "same-id", "Programmed", { status: "False", reason: "Conflict", message });
  });
});

function rs256({ key, private_key: privateKey = "" }: Data, exp: number): string {
  const part = (claims: object): string => Buffer.from(JSON.stringify(claims)).toString("base64url");
  const head = `${part({ alg: "RS256", typ: "JWT" })}.${part({ iss: key, exp })}`;
  return `${head}.${sign("sha256", Buffer.from(head), privateKey).toString("base64url")}`;
}

function basic(username: string, password: string): ProxyRequest {
  return { headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` } };
}

/** Source: docs.konghq.com, HMAC Authentication plugin. */
function hmac({ username, secret = "" }: Data): ProxyRequest {
  const date = new Date().toUTCString();
  const digest = `SHA-256=${createHash("sha256").update("").digest("base64")}`;
  const signature = createHmac("sha256", secret).update(`x-date: ${date}\ndigest: ${digest}`).digest("base64");
  const authorization = `hmac username="${username}", algorithm="hmac-sha256", headers="x-date digest", signature="${signature}"`;
  return { headers: { "x-date": date, digest, authorization } };
}
