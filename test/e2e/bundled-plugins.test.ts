import assert from "node:assert/strict";
import { conditionOf } from "./setup-cluster.ts";
import { eventually } from "./setup-eventually.ts";
import { useScene, type Spec } from "./setup-scene.ts";
import { env } from "./setup.ts";

const AI_MODEL = {
  route_type: "llm/v1/chat",
  model: { provider: "openai", name: "gpt-4" },
  auth: { header_name: "Authorization", header_value: "Bearer none" },
};
const SINK = "http://127.0.0.1:9";

/** A small configuration of each plugin that comes with Kong; none of them is asked to do anything. */
const CONFIGS: Readonly<Record<string, Spec>> = {
  acl: { allow: ["readers"] },
  "ai-prompt-decorator": { prompts: { prepend: [{ role: "system", content: "be brief" }] } },
  "ai-prompt-guard": { allow_patterns: ["^hello"] },
  "ai-prompt-template": { templates: [{ name: "hello", template: '{"prompt": "hello {{name}}"}' }] },
  "ai-proxy": AI_MODEL,
  "ai-request-transformer": { prompt: "translate", llm: AI_MODEL },
  "ai-response-transformer": { prompt: "translate", llm: AI_MODEL },
  "aws-lambda": { function_name: "hello", aws_region: "eu-central-1" },
  "azure-functions": { appname: "app", functionname: "hello" },
  "basic-auth": {},
  "bot-detection": { deny: ["harvester"] },
  "correlation-id": { header_name: "x-id", generator: "uuid" },
  cors: { origins: ["https://app.example"] },
  datadog: {},
  "file-log": { path: "/dev/null" },
  "grpc-gateway": {},
  "grpc-web": {},
  "hmac-auth": { algorithms: ["hmac-sha256"] },
  "http-log": { http_endpoint: SINK, headers: { "x-from": "kong" } },
  "ip-restriction": { deny: ["192.0.2.1"] },
  jwt: { claims_to_verify: ["exp"] },
  "key-auth": { key_names: ["apikey"] },
  "ldap-auth": { ldap_host: "ldap.invalid", base_dn: "dc=example", attribute: "cn" },
  loggly: { key: "a-loggly-token" },
  oauth2: { enable_client_credentials: true, scopes: ["email"] },
  opentelemetry: { traces_endpoint: SINK },
  "post-function": { log: ["return"] },
  "pre-function": { access: ["return"] },
  prometheus: { status_code_metrics: true },
  "proxy-cache": { strategy: "memory" },
  "rate-limiting": { minute: 1000, policy: "local" },
  redirect: { location: "https://other.example" },
  "request-size-limiting": { allowed_payload_size: 8 },
  "request-termination": { status_code: 503 },
  "request-transformer": { add: { headers: ["x-added:1"] } },
  "response-ratelimiting": { limits: { sms: { minute: 10 } } },
  "response-transformer": { remove: { headers: ["server"] } },
  session: { secret: "a-session-secret" },
  "standard-webhooks": { secret_v1: "d2ViaG9va3M=" },
  statsd: { metrics: [{ name: "request_count", stat_type: "counter", sample_rate: 1 }] },
  syslog: { log_level: "info" },
  "tcp-log": { host: "127.0.0.1", port: 9 },
  "udp-log": { host: "127.0.0.1", port: 9 },
  zipkin: { http_endpoint: SINK },
};
/** Kong takes these only for the whole gateway. */
const GLOBAL_ONLY: Readonly<Record<string, Spec>> = {
  acme: { account_email: "team@example.test", tos_accepted: true },
};

describe("e2e: every plugin that comes with Kong", function () {
  const scene = useScene("bundled", { gateway: { drift: { intervalSeconds: 3600 } } });
  let available: string[] = [];
  let names: string[] = [];

  const idsInKong = async (): Promise<string[]> => {
    const plugins = await env().kong.list("/plugins");
    const marks = `kjo.object:KongPluginBinding:${scene.namespace}:`;
    return plugins
      .filter(({ tags }) => tags?.some((tag) => tag.startsWith(marks)))
      .map(({ id, name }) => `${String(name)} ${id}`);
  };

  before(async function () {
    this.timeout(120_000);
    const { plugins } = await env().kong.admin<{ plugins: { available_on_server: object } }>("GET", "/");
    available = Object.keys(plugins.available_on_server);
    const inUse = new Set((await env().kong.list("/plugins")).map(({ name }) => name));
    const global = Object.keys(GLOBAL_ONLY).filter((name) => !inUse.has(name));
    names = [...Object.keys(CONFIGS), ...global].filter((name) => available.includes(name));
    await scene.apply(
      ["KongService", "all", { url: env().backends.a.url }],
      ...names.map((plugin) => {
        const where = GLOBAL_ONLY[plugin] ? { scope: "Global" } : { targets: [{ serviceRef: { name: "all" } }] };
        return [
          "KongPluginBinding",
          plugin,
          { plugin, config: CONFIGS[plugin] ?? GLOBAL_ONLY[plugin], ...where },
        ] as const;
      }),
    );
    await scene.ready("KongPluginBinding", ...names);
  });

  it("is in the table of this test", () => {
    const known = new Set([...Object.keys(CONFIGS), ...Object.keys(GLOBAL_ONLY)]);
    const missing = env().kong.isReal ? [] : available.filter((name) => !known.has(name));
    assert.deepEqual(missing, []);
    assert.ok(names.length >= 40, `only ${names.length} of them were tried`);
  });

  it("gets what its binding says, and every field of it", async () => {
    for (const name of names) {
      const accepted = conditionOf(await scene.get("KongPluginBinding", name), "Accepted");
      assert.equal(accepted?.reason, "Accepted", `${name}: ${accepted?.message}`);
    }
    assert.equal((await idsInKong()).length, names.length);
  });

  it("is in sync afterwards: nothing is written when asked to look again", async function () {
    this.timeout(120_000);
    scene.front.reset();
    for (const name of names) await scene.reconcile("KongPluginBinding", name);
    assert.deepEqual(scene.front.writes, []);
  });

  it("is in sync for an operator that has just started", async function () {
    this.timeout(120_000);
    const before = (await idsInKong()).sort();
    await env().operator.stop();
    scene.front.reset();
    await env().operator.start();
    await eventually(() => assert.ok(scene.front.checks > 0));
    for (const name of names) await scene.reconcile("KongPluginBinding", name);
    assert.deepEqual(scene.front.writes, []);
    assert.deepEqual((await idsInKong()).sort(), before);
  });

  it("goes with its binding", async function () {
    this.timeout(120_000);
    await scene.deleteAll(["KongPluginBinding"]);
    assert.deepEqual(await idsInKong(), []);
  });
});
