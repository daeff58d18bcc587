import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { startOperator, type OperatorProcess } from "../dev/operator-process.ts";
import { OUR_KINDS } from "./setup-cluster.ts";
import { eventually } from "./setup-eventually.ts";
import { RUN } from "./setup-run.ts";
import { useScene, type Spec } from "./setup-scene.ts";
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
};

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
    assert.ok(lines.some((line) => line.includes("entity written")));
    const texts = [...seen, ...lines.map((text) => ({ where: "the log", text }))];
    for (const value of [...values, ...hashes]) {
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
