import assert from "node:assert/strict";
import { eventually } from "./setup-eventually.ts";
import type { KongEntityFields } from "./setup-kong.ts";
import { useScene, type Applied, type Spec } from "./setup-scene.ts";
import { env } from "./setup.ts";

/** Kong's PUT replaces all that an entity is: what a change does not mention must be said again, or be gone on purpose. */
describe("e2e: a change of one thing leaves the others", () => {
  const scene = useScene("whole", { gateway: { drift: { intervalSeconds: 3600 } } });
  const upstream = `pool.${scene.namespace}.kjo.invalid`;
  const places = { routeRef: { name: "shop" }, consumerRef: { name: "alice" } };

  const limit = (config: Spec): Applied => [
    "KongPluginBinding",
    "limit",
    { plugin: "rate-limiting", config, targets: [places] },
  ];
  const pool = (fields: Spec): Applied => ["KongUpstream", "pool", { targets: [{ target: "10.0.0.1:80" }], ...fields }];
  const route = (fields: Spec): Applied => ["KongRoute", "shop", { serviceRef: { name: "shop" }, ...fields }];
  const plugin = async (): Promise<KongEntityFields> => {
    const [found] = await env().kong.list(`/routes/${scene.kongName("shop")}/plugins`);
    assert.ok(found, "the plugin is not on its route");
    return found;
  };
  const jwt = async (): Promise<unknown> => {
    const [found] = await env().kong.list(`/consumers/${scene.kongName("alice")}/jwt`);
    return { ...found, tags: null, created_at: null };
  };
  const config = async (): Promise<Record<string, unknown>> => (await plugin())["config"] as Record<string, unknown>;

  before(async () => {
    await scene.secret("jwt", { key: `${scene.namespace}-issuer`, secret: `${scene.namespace}-signing-secret` });
    await scene.apply(
      pool({ healthchecks: { active: { http_path: "/health", timeout: 3, headers: { "x-a": ["1"], "x-b": ["2"] } } } }),
      ["KongService", "shop", { url: env().backends.a.url }],
      route({ paths: [scene.path("/shop")], headers: { "x-a": ["1"], "x-b": ["2", "3"] } }),
      ["KongConsumer", "alice", { credentials: [{ type: "jwt", secretRef: { name: "jwt" } }] }],
      limit({ minute: 5, hour: 100, error_code: 430, policy: "redis", redis: { host: "redis.invalid", port: 6380 } }),
    );
    await scene.ready("KongUpstream", "pool");
    await scene.ready("KongRoute", "shop");
    await scene.ready("KongPluginBinding", "limit");
  });

  it("a plugin stays where it is when its configuration changes, under the same id", async () => {
    const before = await plugin();
    await scene.apply(
      limit({ minute: 6, hour: 100, error_code: 430, policy: "redis", redis: { host: "redis.invalid", port: 6380 } }),
    );
    await eventually(async () => assert.equal((await config())["minute"], 6));
    const after = await plugin();
    assert.equal(after.id, before.id);
    assert.ok(before["route"] && before["consumer"]);
    assert.deepEqual([after["route"], after["consumer"]], [before["route"], before["consumer"]]);
    await scene.ready("KongPluginBinding", "limit");
  });

  it("what a configuration no longer says, deep inside too, goes back to the gateway's default", async () => {
    await scene.apply(limit({ minute: 6, redis: { host: "redis.invalid" } }));
    await scene.ready("KongPluginBinding", "limit");
    const { minute, hour, error_code, policy, redis } = await config();
    assert.deepEqual({ minute, hour, error_code, policy }, { minute: 6, hour: null, error_code: 429, policy: "local" });
    assert.equal((redis as { host: string; port: number }).host, "redis.invalid");
    assert.equal((redis as { host: string; port: number }).port, 6379);
  });

  it("an upstream's health checks lose what is no longer said, down to a header", async () => {
    await scene.apply(pool({ healthchecks: { active: { timeout: 3, headers: { "x-b": ["2"] } } } }));
    await scene.ready("KongUpstream", "pool");
    const { healthchecks } = await scene.inKong("upstreams", upstream);
    const { active } = healthchecks as { active: Record<string, unknown> };
    assert.equal(active["http_path"], "/");
    assert.equal(active["timeout"], 3);
    assert.deepEqual(active["headers"], { "x-b": ["2"] });
    assert.equal((await env().kong.list(`/upstreams/${upstream}/targets`)).length, 1);
  });

  it("a route keeps its service when it changes, and loses a header and a value that are no longer said", async () => {
    const { service } = await scene.inKong("routes", scene.kongName("shop"));
    await scene.apply(route({ paths: [scene.path("/shop")], headers: { "x-b": ["3"] } }));
    await scene.ready("KongRoute", "shop");
    const after = await scene.inKong("routes", scene.kongName("shop"));
    assert.ok(service);
    assert.deepEqual(after["service"], service);
    assert.deepEqual(after["headers"], { "x-b": ["3"] });
    await scene.served(scene.path("/shop"), { headers: { "x-b": "3" } });
  });

  it("a consumer's secret stays when the consumer itself changes", async () => {
    const before = await jwt();
    await scene.patch("KongConsumer", "alice", { custom_id: scene.kongName("custom"), tags: ["team-a"] });
    await eventually(async () =>
      assert.equal((await scene.inKong("consumers", scene.kongName("alice")))["custom_id"], scene.kongName("custom")),
    );
    await scene.ready("KongConsumer", "alice");
    assert.deepEqual(await jwt(), before);
    assert.equal((before as { secret?: string }).secret, `${scene.namespace}-signing-secret`);
  });
});
