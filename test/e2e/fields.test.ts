import assert from "node:assert/strict";
import { skip } from "../dev/skip.ts";
import { eventually } from "./setup-eventually.ts";
import type { KongEntityFields } from "./setup-kong.ts";
import { RUN } from "./setup-run.ts";
import { useScene, type Applied, type Spec } from "./setup-scene.ts";
import { env } from "./setup.ts";

/** The fields of Kong's own in a spec: ours are camelCase. */
function kongsOwn(spec: Spec): Spec {
  return Object.fromEntries(Object.entries(spec).filter(([name]) => !/[A-Z]/.test(name) && !OURS.has(name)));
}
const OURS = new Set(["targets", "plugin", "groups", "credentials", "url"]);

/** The path of something in `expected` that `actual` does not hold; lists hold their items in any order, among others. */
function lacks(actual: unknown, expected: unknown, path: string): string | undefined {
  if (Array.isArray(expected)) {
    const items: unknown[] = Array.isArray(actual) ? actual : [];
    const missing = expected.findIndex((item) => items.every((other) => lacks(other, item, "") !== undefined));
    return missing < 0 ? undefined : `${path}[${missing}]`;
  }
  if (typeof expected !== "object" || expected === null) return actual === expected ? undefined : path;
  const fields = (actual ?? {}) as Record<string, unknown>;
  return Object.entries(expected)
    .map(([name, value]) => lacks(fields[name], value, `${path}.${name}`))
    .find((lacking) => lacking !== undefined);
}

describe("e2e: fields", () => {
  const scene = useScene("fields", { gateway: { drift: { intervalSeconds: 1 } } });
  const named = (name: string): string => `${RUN}-${name}`;

  const service: Spec = {
    name: named("service"),
    protocol: "https",
    host: "users.example.test",
    port: 8443,
    path: "/base/v1",
    retries: 0,
    connect_timeout: 1,
    write_timeout: 2147483646,
    read_timeout: 60000,
    tls_verify: true,
    tls_verify_depth: 3,
    enabled: false,
    tags: ["a b", "größe", "t:1"],
  };
  const route: Spec = {
    name: named("route"),
    serviceRef: { name: "all" },
    protocols: ["https"],
    methods: ["GET", "PATCH"],
    hosts: [scene.host("users"), `*.${scene.host("users")}`],
    paths: [scene.path("/users"), `~${scene.path("/users")}/\\d+$`],
    headers: { "x-version": ["v1", "v2"] },
    snis: [scene.host("users")],
    regex_priority: -5,
    strip_path: false,
    path_handling: "v1",
    preserve_host: true,
    https_redirect_status_code: 308,
    request_buffering: false,
    response_buffering: false,
    tags: ["team-a"],
  };
  const stream: Spec = {
    serviceRef: { name: "stream" },
    protocols: ["tcp", "tls"],
    sources: [{ ip: "10.0.0.0/8" }, { ip: "2001:db8::/32", port: 0 }],
    destinations: [{ port: 9000 }],
  };
  const upstream: Spec = {
    name: `${named("upstream")}.test`,
    algorithm: "consistent-hashing",
    hash_on: "header",
    hash_on_header: "x-user",
    hash_fallback: "cookie",
    hash_on_cookie: "session",
    hash_on_cookie_path: "/users",
    slots: 10,
    host_header: "users.example.test:8443",
    use_srv_name: true,
    tags: ["team-a"],
    targets: [
      { target: "[2001:db8::1]:8080", weight: 0, tags: ["blue"] },
      { target: "users.example.test", weight: 65535 },
      { target: "10.0.0.1" },
    ],
    healthchecks: {
      threshold: 33.3,
      active: {
        type: "https",
        concurrency: 2,
        timeout: 0.5,
        http_path: "/health",
        headers: { "x-probe": ["1"] },
        https_sni: "users.example.test",
        https_verify_certificate: false,
        healthy: { interval: 0, http_statuses: [200, 999], successes: 255 },
        unhealthy: { interval: 0, http_statuses: [429], tcp_failures: 1, timeouts: 2, http_failures: 3 },
      },
      passive: {
        type: "http",
        healthy: { http_statuses: [201], successes: 3 },
        unhealthy: { http_statuses: [500], tcp_failures: 2, timeouts: 4, http_failures: 255 },
      },
    },
  };
  const consumer: Spec = { username: named("consumer"), custom_id: named("custom"), tags: ["team-a"], groups: [RUN] };
  const plugin: Spec = {
    plugin: "rate-limiting",
    instance_name: named("plugin"),
    enabled: false,
    protocols: ["http", "https", "grpc"],
    tags: ["team-a"],
    config: {
      second: 5,
      hour: 10_000,
      limit_by: "header",
      header_name: "x-user",
      policy: "redis",
      redis: { host: "redis.example.test", port: 6380, ssl: true, database: 2 },
      error_code: 430,
    },
    targets: [{ serviceRef: { name: "all" }, routeRef: { name: "all" }, consumerRef: { name: "all" } }],
  };

  const objects: readonly Applied[] = [
    ["KongService", "all", service],
    ["KongService", "stream", { url: "tcp://redis.example.test:6379" }],
    ["KongRoute", "all", route],
    ["KongRoute", "stream", stream],
    ["KongUpstream", "all", upstream],
    ["KongConsumer", "all", consumer],
    ["KongPluginBinding", "all", plugin],
  ];

  before(async () => {
    await scene.apply(...objects);
    for (const [kind, name] of objects) await scene.ready(kind, name);
  });

  const pluginOf = async (): Promise<KongEntityFields> => {
    const plugins = (await scene.get("KongPluginBinding", "all")).status?.["plugins"] as { id: string }[];
    return scene.inKong("plugins", plugins[0]?.id ?? "");
  };

  const cases: [what: string, spec: Spec, inKong: () => Promise<KongEntityFields>][] = [
    ["a service", service, () => scene.inKong("services", named("service"))],
    ["a route", route, () => scene.inKong("routes", named("route"))],
    ["a route of streams", stream, () => scene.inKong("routes", scene.kongName("stream"))],
    ["an upstream", upstream, () => scene.inKong("upstreams", `${named("upstream")}.test`)],
    ["a consumer", consumer, () => scene.inKong("consumers", named("consumer"))],
    ["a plugin", plugin, pluginOf],
  ];
  for (const [what, spec, inKong] of cases) {
    it(`brings every field of ${what} to Kong`, async () => {
      const entity = await inKong();
      assert.equal(lacks(entity, kongsOwn(spec), what), undefined, JSON.stringify(entity));
    });
  }

  it("brings targets to Kong with their weight and tags, and a port where they have none", async () => {
    const { id } = await scene.inKong("upstreams", `${named("upstream")}.test`);
    const targets = await env().kong.list(`/upstreams/${id}/targets`);
    const weights = Object.fromEntries(targets.map(({ target, weight }) => [target, weight]));
    assert.equal(weights["users.example.test:8000"], 65535);
    assert.equal(weights["10.0.0.1:8000"], 100);
    assert.equal(targets.length, 3);
    assert.ok(targets.find(({ weight }) => weight === 0)?.tags?.includes("blue"));
  });

  it("finds all of it as it should be: on later looks at Kong, and asked for each object", async () => {
    scene.front.reset();
    for (const [kind, name] of objects) await scene.reconcile(kind, name);
    await eventually(() => assert.ok(scene.front.checks >= 3));
    assert.deepEqual(scene.front.writes, []);
    for (const [kind, name] of objects) await scene.ready(kind, name);
  });

  it("puts a field that the spec no longer has back to the gateway's default", async () => {
    await scene.patch("KongService", "all", { retries: null, read_timeout: null, enabled: null });
    await scene.ready("KongService", "all");
    const { retries, read_timeout, enabled } = await scene.inKong("services", named("service"));
    assert.deepEqual({ retries, read_timeout, enabled }, { retries: 5, read_timeout: 60000, enabled: true });
  });

  it("does not send a field that the gateway does not know, and says so", async function () {
    const schema = JSON.stringify(await env().kong.admin("GET", "/schemas/plugins"));
    if (schema.includes('"ordering"')) skip(this, "this Kong knows every field that a plugin can have, ordering too");
    await scene.patch("KongPluginBinding", "all", { ordering: { before: { access: ["key-auth"] } } });
    const expected = { status: "True", reason: "FieldsNotSent", message: /\bordering\b/ } as const;
    await scene.condition("KongPluginBinding", "all", "Accepted", expected);
    await scene.ready("KongPluginBinding", "all");
    assert.equal((await pluginOf())["ordering"], undefined);
  });
});
