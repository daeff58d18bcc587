import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { eventually } from "./setup-eventually.ts";
import { RUN } from "./setup-run.ts";
import { useScene } from "./setup-scene.ts";
import { env } from "./setup.ts";

describe("e2e: consumers and their credentials", () => {
  const scene = useScene("consumers", { gateway: { drift: { intervalSeconds: 3600 } } });
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const secrets = {
    "key-auth": { key: `${RUN}-api-key` },
    jwt: {
      key: `${RUN}-rsa-issuer`,
      algorithm: "RS256",
      rsa_public_key: rsa.publicKey.export({ type: "spki", format: "pem" }).toString(),
    },
    "basic-auth": { username: `${RUN}-basic`, password: `${RUN}-basic-password` },
    "hmac-auth": { username: `${RUN}-hmac`, secret: `${RUN}-hmac-secret` },
    oauth2: {
      name: `${RUN}-app`,
      client_id: `${RUN}-client-id`,
      client_secret: `${RUN}-client-secret`,
      redirect_uris: "https://app.example/callback https://app.example/other",
    },
  };
  const types = Object.keys(secrets) as (keyof typeof secrets)[];

  before(async () => {
    for (const type of types) await scene.secret(type, secrets[type]);
    await scene.apply(
      ["KongService", "api", { url: env().backends.a.url }],
      ...(["key-auth", "jwt", "basic-auth"] as const).flatMap((plugin) => [
        ["KongRoute", plugin, { serviceRef: { name: "api" }, paths: [scene.path(`/${plugin}`)] }] as const,
        ["KongPluginBinding", plugin, { plugin, targets: [{ routeRef: { name: plugin } }] }] as const,
      ]),
      [
        "KongConsumer",
        "app",
        {
          custom_id: `${RUN}-custom`,
          groups: [`${RUN}-readers`, `${RUN}-writers`],
          credentials: types.map((type) => ({ type, secretRef: { name: type } })),
        },
      ],
    );
    await scene.ready("KongConsumer", "app");
    await scene.ready("KongPluginBinding", "key-auth", "jwt", "basic-auth");
  });

  for (const type of types) {
    it(`puts a ${type} credential from its Secret on the consumer, and nothing of it into the object`, async () => {
      const { id } = await scene.inKong("consumers", scene.kongName("app"));
      const [credential, ...more] = await env().kong.list(`/consumers/${id}/${type}`);
      assert.deepEqual(more, []);
      const { password, redirect_uris, ...plain } = secrets[type] as Record<string, string>;
      for (const [field, value] of Object.entries(plain)) assert.equal(credential?.[field], value, field);
      if (password) assert.match(String(credential?.["password"]), /^[0-9a-f]{40}$/);
      if (redirect_uris) assert.deepEqual(credential?.["redirect_uris"], redirect_uris.split(" "));
      const object = JSON.stringify(await scene.get("KongConsumer", "app"));
      for (const [field, value] of Object.entries(secrets[type])) {
        if (!["algorithm", "name"].includes(field)) assert.ok(!object.includes(value), field);
      }
    });
  }

  it("puts the consumer into its groups and counts its credentials", async () => {
    const { id, ...consumer } = await scene.inKong("consumers", scene.kongName("app"));
    assert.equal(consumer["custom_id"], `${RUN}-custom`);
    const groups = (await env().kong.list(`/consumers/${id}/acls`)).map(({ group }) => group);
    assert.deepEqual(groups.sort(), [`${RUN}-readers`, `${RUN}-writers`]);
    assert.equal((await scene.get("KongConsumer", "app")).status?.["credentials"], 5);
  });

  it("lets the consumer in by user name and password, and by a token that its RSA key signed", async () => {
    const { username, password } = secrets["basic-auth"];
    const basic = Buffer.from(`${username}:${password}`).toString("base64");
    await scene.answered(401, scene.path("/basic-auth"));
    await scene.served(scene.path("/basic-auth"), { headers: { authorization: `Basic ${basic}` } });
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const head = `${part({ alg: "RS256", typ: "JWT" })}.${part({ iss: secrets.jwt.key })}`;
    const token = `${head}.${sign("sha256", Buffer.from(head), rsa.privateKey).toString("base64url")}`;
    await scene.served(scene.path("/jwt"), { headers: { authorization: `Bearer ${token}` } });
  });

  it("rewrites nothing that Kong keeps in another form, such as a password, when asked to look again", async () => {
    scene.front.reset();
    await scene.reconcile("KongConsumer", "app");
    assert.deepEqual(scene.front.writes, []);
  });

  it("takes over a key that is changed in its Secret, so that the former one no longer counts", async () => {
    const path = scene.path("/key-auth");
    await scene.served(path, { headers: { apikey: secrets["key-auth"].key } });
    await scene.secret("key-auth", { key: `${RUN}-new-api-key` });
    await scene.served(path, { headers: { apikey: `${RUN}-new-api-key` } });
    await scene.answered(401, path, { headers: { apikey: secrets["key-auth"].key } });
  });

  it("takes a new password of the same user", async () => {
    const { username } = secrets["basic-auth"];
    await scene.secret("basic-auth", { username, password: `${RUN}-other-password` });
    const basic = Buffer.from(`${username}:${RUN}-other-password`).toString("base64");
    await scene.served(scene.path("/basic-auth"), { headers: { authorization: `Basic ${basic}` } });
  });

  it("removes credentials and groups that the spec no longer names", async () => {
    await scene.patch("KongConsumer", "app", {
      groups: [`${RUN}-readers`],
      credentials: [{ type: "key-auth", secretRef: { name: "key-auth" } }],
    });
    await scene.ready("KongConsumer", "app");
    const { id } = await scene.inKong("consumers", scene.kongName("app"));
    const counts = await Promise.all(
      ["acls", ...types].map(async (type) => [type, (await env().kong.list(`/consumers/${id}/${type}`)).length]),
    );
    const expected = { acls: 1, "key-auth": 1, jwt: 0, "basic-auth": 0, "hmac-auth": 0, oauth2: 0 };
    assert.deepEqual(Object.fromEntries(counts), expected);
  });

  it("names an unlabelled Secret with the command that labels it, and that command heals", async () => {
    await scene.secret("hidden", { key: `${RUN}-hidden-key` }, {});
    await scene.apply([
      "KongConsumer",
      "hidden",
      { credentials: [{ type: "key-auth", secretRef: { name: "hidden" } }] },
    ]);
    const command = `kubectl label secret -n ${scene.namespace} hidden kjo.dev/secret=true`;
    const message = new RegExp(`spec\\.credentials\\[0\\]\\.secretRef: .*${command}`);
    await scene.condition("KongConsumer", "hidden", "ResolvedRefs", {
      status: "False",
      reason: "SecretNotFound",
      message,
    });
    await scene.condition("KongConsumer", "hidden", "Ready", { status: "False" });
    assert.equal(await env().kong.find("consumers", scene.kongName("hidden")), undefined);
    const ran = await env().cluster.kubectl(command.split(" ").slice(1));
    assert.equal(ran.code, 0, ran.output);
    await scene.ready("KongConsumer", "hidden");
  });

  it("names a key that the Secret lacks, and heals when the key is there", async () => {
    await scene.secret("half", { username: `${RUN}-half` });
    await scene.apply(["KongConsumer", "half", { credentials: [{ type: "basic-auth", secretRef: { name: "half" } }] }]);
    const expected = { status: "False", reason: "SecretKeyMissing", message: /lacks the key "password"/ } as const;
    await scene.condition("KongConsumer", "half", "ResolvedRefs", expected);
    await scene.secret("half", { username: `${RUN}-half`, password: `${RUN}-half-password` });
    await scene.ready("KongConsumer", "half");
  });

  it("shows a key that another consumer has as a conflict without the key, and heals when it is free", async () => {
    const key = `${RUN}-contested-key`;
    await scene.secret("contested", { key });
    await scene.secret("contested-too", { key });
    const credentials = (name: string) => ({ credentials: [{ type: "key-auth", secretRef: { name } }] });
    await scene.apply(["KongConsumer", "first", credentials("contested")]);
    await scene.ready("KongConsumer", "first");
    await scene.apply(["KongConsumer", "second", credentials("contested-too")]);
    const expected = { status: "False", reason: "Conflict", message: /belongs to KongConsumer \S+\/first/ } as const;
    await scene.condition("KongConsumer", "second", "Programmed", expected);
    assert.ok(!JSON.stringify(await scene.get("KongConsumer", "second")).includes(key));
    await scene.delete("KongConsumer", "first");
    await eventually(() => scene.ready("KongConsumer", "second"));
  });
});
