import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { makeCertificate } from "../dev/certificates.ts";
import { startOperator, type OperatorProcess } from "../dev/operator-process.ts";
import { OUR_KINDS } from "./setup-cluster.ts";
import { eventually } from "./setup-eventually.ts";
import { RUN } from "./setup-run.ts";
import { useScene, type Spec } from "./setup-scene.ts";
import { tlsData } from "./setup-tls.ts";
import { env, OPERATOR_NAMESPACE } from "./setup.ts";

/** A value that stands nowhere else and looks different as base64 and in a URL. */
const canary = (name: string): string => `${RUN}/${name}+${randomBytes(8).toString("hex")}=`;

const API_KEY = canary("api-key");
const TOKEN = canary("token");
const CREDENTIALS = {
  "key-auth": { key: API_KEY },
  jwt: { key: canary("jwt-key"), secret: canary("jwt-secret") },
  "basic-auth": { username: canary("basic-user"), password: canary("basic-password") },
  "hmac-auth": { username: canary("hmac-user"), secret: canary("hmac-secret") },
  oauth2: { name: `${RUN}-app`, client_id: canary("client-id"), client_secret: canary("client-secret") },
};
const REDIS = { password: canary("redis-password"), username: canary("redis-user") };
const REFUSED = { patched: canary("not-an-address"), whole: canary("not-an-address-either") };
const OTHERS = {
  header: canary("header"),
  wrongToken: canary("wrong-token"),
  tag: canary("yaml-tag"),
  rsa: canary("rsa-public-key"),
  drifted: canary("drifted"),
  vault: canary("vault-token"),
  consul: canary("consul-token"),
  badKey: canary("bad-key"),
  // Fit for a header.
  verify: canary("verify"),
};
const TLS = makeCertificate({ name: "canary" });
const OTHER_TLS = makeCertificate({ name: "other" });

/** A real Kong looks for changes every five seconds. */
const SLOW = { timeoutMs: 20_000 };

describe("e2e: no value of a Secret is seen anywhere, at log level debug", () => {
  let operator: OperatorProcess | undefined;
  // Before the scene's own: it cannot go without an operator.
  after(async () => {
    await operator?.stop();
    await env().operator.start();
  });
  const scene = useScene("canary", { gateway: { drift: { intervalSeconds: 3600 } } });
  const lines: string[] = [];
  /** All that people can look at, as it was at the end of each step. */
  const seen: { readonly where: string; readonly text: string }[] = [];
  /** What the operator has made itself. */
  const made: string[] = [];
  /** What Kong makes of a password. */
  const hashes: string[] = [];

  const credential = (type: string, name: string): Spec => ({ credentials: [{ type, secretRef: { name } }] });
  const valueFrom = (name: string, key: string): Spec => ({ secretKeyRef: { name, key } });

  async function look(step: string): Promise<void> {
    const { cluster } = env();
    for (const kind of OUR_KINDS) {
      const objects = await cluster.list(kind, scene.namespace);
      seen.push({ where: `${kind} (${step})`, text: JSON.stringify(objects) });
    }
    for (const namespace of [scene.namespace, OPERATOR_NAMESPACE]) {
      seen.push({ where: `Events (${step})`, text: JSON.stringify(await cluster.events(namespace)) });
    }
    const { output } = await scene.kubectl("describe", "kjo");
    seen.push({ where: `kubectl describe (${step})`, text: output });
    assert.ok(operator);
    for (const path of ["metrics", "readyz", "healthz"]) {
      seen.push({ where: `${path} (${step})`, text: await (await fetch(`${operator.url}/${path}`)).text() });
    }
  }

  before(async () => {
    await scene.secret("admin-api", { token: TOKEN, header: OTHERS.header });
    const secretRef = (key: string): Spec => ({ name: "admin-api", key });
    scene.front.requireToken(TOKEN);
    await scene.patch("KongGateway", "default", {
      adminApi: {
        tokenSecretRef: secretRef("token"),
        headersFrom: [{ name: "X-Extra", secretRef: secretRef("header") }],
      },
    });
    // In the place of the suite's own, and with the same Lease: for this namespace alone, and talkative.
    await env().operator.stop();
    operator = await startOperator({
      kubeconfig: env().cluster.kubeconfig,
      args: ["--operator-namespace", OPERATOR_NAMESPACE, "--watch-namespaces", scene.namespace, "--log-level", "debug"],
      onLine: (line) => lines.push(line),
    });
    await scene.ready("KongGateway", "default");
  });

  it("while everything is as it should be", async () => {
    for (const [type, data] of Object.entries(CREDENTIALS)) await scene.secret(type, data);
    await scene.secret("redis", { whole: JSON.stringify({ redis: { host: "r.test", ...REDIS } }), ...REDIS });
    const credentials = Object.keys(CREDENTIALS).map((type) => ({ type, secretRef: { name: type } }));
    await scene.apply(
      ["KongService", "api", { url: env().backends.a.url }],
      ["KongRoute", "api", { serviceRef: { name: "api" }, paths: [scene.path("/api")] }],
      ["KongRoute", "other", { serviceRef: { name: "api" }, paths: [scene.path("/other")] }],
      ["KongConsumer", "app", { credentials }],
      [
        "KongPluginBinding",
        "limit-from",
        {
          plugin: "rate-limiting",
          config: { minute: 1000, policy: "local" },
          configFrom: valueFrom("redis", "whole"),
          targets: [{ routeRef: { name: "api" } }],
        },
      ],
      [
        "KongPluginBinding",
        "limit-patched",
        {
          plugin: "rate-limiting",
          config: { minute: 1000, policy: "local", redis: { host: "r.test" } },
          configPatches: [{ path: "/redis/password", valueFrom: valueFrom("redis", "password") }],
          targets: [{ routeRef: { name: "other" } }],
        },
      ],
    );
    await scene.ready("KongConsumer", "app");
    await scene.ready("KongPluginBinding", "limit-from", "limit-patched");
    const { id } = await scene.inKong("consumers", scene.kongName("app"));
    for (const { password } of await env().kong.list(`/consumers/${id}/basic-auth`)) hashes.push(String(password));
    assert.match(hashes.join(), /^[0-9a-f]{40}$/);
    await look("in sync");
  });

  it("when Kong quotes a key that is taken, an address that is none, and a public key that is none", async () => {
    await scene.secret("same-key", { key: API_KEY });
    await scene.secret("bad", { patched: REFUSED.patched, whole: JSON.stringify({ allow: [REFUSED.whole] }) });
    await scene.secret("tag", { whole: `password: !${OTHERS.tag}` });
    await scene.secret("rsa", { key: canary("rsa-key"), algorithm: "RS256", rsa_public_key: OTHERS.rsa });
    const targets = [{ routeRef: { name: "api" } }];
    const plugin = "ip-restriction";
    const patched = [{ path: "/allow/-", valueFrom: valueFrom("bad", "patched") }];
    await scene.apply(
      ["KongConsumer", "same-key", credential("key-auth", "same-key")],
      ["KongConsumer", "rsa", credential("jwt", "rsa")],
      ["KongPluginBinding", "bad-patched", { plugin, config: { allow: [] }, configPatches: patched, targets }],
      ["KongPluginBinding", "bad-whole", { plugin, configFrom: valueFrom("bad", "whole"), targets }],
      ["KongPluginBinding", "bad-tag", { plugin, configFrom: valueFrom("tag", "whole"), targets }],
    );
    const refused = { status: "False", reason: "Rejected" } as const;
    await scene.condition("KongConsumer", "same-key", "Programmed", { status: "False", reason: "Conflict" });
    await scene.condition("KongConsumer", "rsa", "Programmed", refused);
    await scene.condition("KongPluginBinding", ["bad-patched", "bad-whole"], "Programmed", refused);
    await scene.condition("KongPluginBinding", "bad-tag", "Accepted", { status: "False", reason: "InvalidSecret" });
    // That Kong does quote them is what makes this a test.
    const quoted = await env().kong.tryAdmin("POST", "/plugins", { name: plugin, config: { allow: [REFUSED.whole] } });
    assert.ok(quoted.text.includes(REFUSED.whole), quoted.text);
    await look("refused");
  });

  it("with certificates, vaults, generated credentials, a Consul that does not answer and routes that are verified", async () => {
    await scene.secret("tls", tlsData(TLS));
    await scene.secret("tls-mixed", { "tls.crt": TLS.cert, "tls.key": OTHER_TLS.key });
    await scene.secret("tls-broken", {
      "tls.crt": TLS.cert,
      "tls.key": `-----BEGIN PRIVATE KEY-----\n${OTHERS.badKey}\n-----END PRIVATE KEY-----`,
    });
    const { vault, consul, verify } = OTHERS;
    await scene.secret("others", { vault, consul, verify: `Basic ${verify}` });
    const certificate = (name: string): Spec => ({ secretRef: { name }, snis: [scene.host(name)] });
    const prefix = `${scene.namespace}-hcv`;
    const patches = (path: string): Spec[] => [{ path, valueFrom: valueFrom("others", "vault") }];
    const hcv = { name: "hcv", config: { host: "vault.example.test", protocol: "https", mount: "secret" } };
    const address = "http://127.0.0.1:9";
    const backends = [{ consul: { address, service: "shop", secretRef: { name: "others", key: "consul" } } }];
    await scene.patch("KongGateway", "default", { proxy: { url: env().kong.proxyUrl } });
    const headersFrom = [{ name: "Authorization", secretRef: { name: "others", key: "verify" } }];
    const route = { serviceRef: { name: "api" }, verify: { headersFrom, intervalSeconds: 1, deadlineSeconds: 1 } };
    await scene.apply(
      ["KongCertificate", "tls", certificate("tls")],
      ["KongCertificate", "tls-mixed", certificate("tls-mixed")],
      ["KongCertificate", "tls-broken", certificate("tls-broken")],
      ["KongVault", "env", { name: "env", prefix: `${scene.namespace}-env`, configPatches: patches("/prefix") }],
      ["KongVault", "hcv", { ...hcv, prefix, configPatches: patches("/token") }],
      ["KongVault", "odd", { ...hcv, prefix: `${prefix}-odd`, configPatches: patches("/port") }],
      ["KongUpstream", "shop", { backends }],
      [
        "KongConsumer",
        "made",
        { credentials: [{ type: "jwt", algorithm: "ES256", generate: true, secretRef: { name: "made" } }] },
      ],
      ["KongRoute", "asked", { ...route, paths: [scene.path("/asked")] }],
      [
        "KongRoute",
        "wrong",
        { ...route, paths: [scene.path("/wrong")], verify: { ...route.verify, expectStatus: [599] } },
      ],
    );
    await scene.ready("KongCertificate", "tls");
    await scene.ready("KongConsumer", "made");
    await scene.condition("KongCertificate", ["tls-mixed", "tls-broken"], "Ready", { status: "False" });
    await scene.condition("KongVault", "odd", "Ready", { status: "False" });
    await scene.condition("KongUpstream", "shop", "Ready", { status: "Unknown", reason: "ConsulUnavailable" });
    await scene.condition("KongRoute", "asked", "Serving", { status: "True" }, SLOW);
    await scene.condition("KongRoute", "wrong", "Serving", { status: "False", reason: "UnexpectedStatus" }, SLOW);
    const { data } = (await env().cluster.find("Secret", scene.namespace, "made")) as unknown as {
      data: Record<string, string>;
    };
    for (const name of ["key", "private_key"]) made.push(Buffer.from(data[name] ?? "", "base64").toString());
    assert.match(made.join(), /BEGIN PRIVATE KEY/);
    await look("other kinds");
  });

  it("when the Admin API refuses the token, and takes the next", async () => {
    await scene.secret("admin-api", { token: OTHERS.wrongToken, header: OTHERS.header });
    await scene.condition("KongGateway", "default", "Ready", { status: "False", reason: "AuthFailed" });
    await look("wrong token");
    await scene.secret("admin-api", { token: TOKEN, header: OTHERS.header });
    await scene.ready("KongGateway", "default");
  });

  it("when somebody has changed a credential's and a plugin's secret in Kong", async () => {
    const { kong } = env();
    const consumer = await scene.inKong("consumers", scene.kongName("app"));
    const [jwt] = await kong.list(`/consumers/${consumer.id}/jwt`);
    await kong.admin("PATCH", `/consumers/${consumer.id}/jwt/${jwt?.id}`, { secret: OTHERS.drifted });
    const route = await scene.inKong("routes", scene.kongName("api"));
    const [plugin] = await kong.list(`/routes/${route.id}/plugins`);
    await kong.admin("PATCH", `/plugins/${plugin?.id}`, { config: { redis: { password: OTHERS.drifted } } });
    await scene.reconcile("KongConsumer", "app");
    await eventually(async () => assert.ok((await scene.events("KongConsumer", "app", "DriftRepaired")).length > 0));
    const events = await eventually(async () => {
      const found = await scene.events("KongPluginBinding", "limit-from", "DriftRepaired");
      assert.ok(found.length > 0);
      return found;
    });
    assert.match(events[0]?.note ?? "", /config\.redis\.password/);
    await look("drifted");
  });

  it("when everything goes", async () => {
    const { cluster } = env();
    const kinds = OUR_KINDS.filter((kind) => kind !== "KongGateway");
    await Promise.all(kinds.map((kind) => cluster.delete(kind, scene.namespace)));
    await eventually(async () => assert.equal((await scene.objects()).length, 1));
    await look("deleted");
  });

  it("neither as it is, nor as base64, in a URL, in JSON, or as the hash that Kong stores", async () => {
    await operator?.stop();
    const values = [CREDENTIALS, { REDIS, REFUSED, OTHERS, TOKEN: { TOKEN } }]
      .flatMap((group) => Object.values(group) as Readonly<Record<string, string>>[])
      .flatMap((data) => Object.values(data))
      .filter((value) => value !== CREDENTIALS.oauth2.name);
    assert.ok(lines.some((line) => line.includes('"level":"debug"')));
    assert.ok(lines.some((line) => /entity written|configuration is loaded/.test(line)));
    const texts = [...seen, ...lines.map((text) => ({ where: "the log", text }))];
    const keys = [TLS.key, OTHER_TLS.key, ...made].flatMap((pem) => [pem, pem.split("\n")[1] ?? pem]);
    for (const value of [...values, ...hashes, ...keys]) {
      const found = formsOf(value).flatMap((form) => texts.filter(({ text }) => text.includes(form)));
      assert.deepEqual(
        found.map(({ where, text }) => `${where}: ${text.slice(0, 2000)}`),
        [],
        value,
      );
    }
  });
});

function formsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  return [
    value,
    bytes.toString("base64"),
    bytes.toString("base64url"),
    bytes.toString("hex"),
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
    createHash("sha1").update(value).digest("hex"),
  ];
}
