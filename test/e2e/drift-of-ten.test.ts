import assert from "node:assert/strict";
import { eventually } from "./setup-eventually.ts";
import { useScene } from "./setup-scene.ts";
import { env } from "./setup.ts";

const INTERVAL_SECONDS = 5;
/** For the repair itself and for what tells of it: an Event is an object of its own. */
const REPAIR_MS = 3_000;

describe("e2e: ten entities changed or deleted behind the operator's back", () => {
  const scene = useScene("ten", { gateway: { drift: { intervalSeconds: INTERVAL_SECONDS } } });
  const upstream = `pool.${scene.namespace}.kjo.invalid`;
  const at = (collection: string, name: string): string => `/${collection}/${scene.kongName(name)}`;
  const onRoute = (name: string) => ({ targets: [{ routeRef: { name } }] });

  before(async () => {
    await scene.secret("key", { key: `${scene.namespace}-key-of-alice` });
    await scene.apply(
      ["KongUpstream", "pool", { targets: [{ target: env().backends.a.address, weight: 50 }] }],
      ["KongUpstream", "hashed", { algorithm: "least-connections" }],
      ["KongService", "shop", { upstreamRef: { name: "pool" }, retries: 2 }],
      ["KongService", "lost", { url: env().backends.a.url }],
      ["KongRoute", "shop", { serviceRef: { name: "shop" }, paths: [scene.path("/shop")] }],
      ["KongRoute", "lost", { serviceRef: { name: "shop" }, paths: [scene.path("/lost")] }],
      ["KongConsumer", "alice", { groups: ["ten"], credentials: [{ type: "key-auth", secretRef: { name: "key" } }] }],
      ["KongConsumer", "bob", { custom_id: scene.kongName("bob-of-before") }],
      ["KongPluginBinding", "limit", { plugin: "rate-limiting", config: { minute: 1000 }, ...onRoute("shop") }],
      ["KongPluginBinding", "lost", { plugin: "correlation-id", ...onRoute("shop") }],
    );
    await scene.ready("KongUpstream", "pool", "hashed");
    for (const kind of ["KongService", "KongRoute"]) await scene.ready(kind, "shop", "lost");
    await scene.ready("KongConsumer", "alice", "bob");
    await scene.ready("KongPluginBinding", "limit", "lost");
  });

  it("are found and put right within the interval, each with an Event that says what differed", async () => {
    const { kong } = env();
    const plugins = await kong.list(`${at("routes", "shop")}/plugins`);
    const plugin = (name: string): string => `/plugins/${plugins.find((each) => each["name"] === name)?.id}`;
    const target = async (): Promise<string> =>
      `/upstreams/${upstream}/targets/${(await kong.list(`/upstreams/${upstream}/targets`))[0]?.id}`;
    const credential = async (): Promise<string> =>
      `${at("consumers", "alice")}/key-auth/${(await kong.list(`${at("consumers", "alice")}/key-auth`))[0]?.id}`;
    const harm: readonly [kind: string, name: string, said: RegExp, act: readonly [string, string, object?]][] = [
      ["KongService", "shop", /: retries$/, ["PATCH", at("services", "shop"), { retries: 9 }]],
      ["KongService", "lost", /: services \(missing\)$/, ["DELETE", at("services", "lost")]],
      ["KongRoute", "shop", /: preserve_host$/, ["PATCH", at("routes", "shop"), { preserve_host: true }]],
      ["KongRoute", "lost", /: routes \(missing\)$/, ["DELETE", at("routes", "lost")]],
      [
        "KongUpstream",
        "hashed",
        /: algorithm$/,
        ["PATCH", `/upstreams/hashed.${scene.namespace}.kjo.invalid`, { algorithm: "round-robin" }],
      ],
      ["KongUpstream", "pool", /: targets\[.*\]\.weight$/, ["PATCH", await target(), { weight: 1 }]],
      ["KongConsumer", "bob", /: custom_id$/, ["PATCH", at("consumers", "bob"), { custom_id: scene.kongName("eve") }]],
      ["KongConsumer", "alice", /: keyauth_credentials\[.*\] \(missing\)$/, ["DELETE", await credential()]],
      [
        "KongPluginBinding",
        "limit",
        /: .*config\.minute$/,
        ["PATCH", plugin("rate-limiting"), { config: { minute: 1 } }],
      ],
      ["KongPluginBinding", "lost", /: plugins.* \(missing\)$/, ["DELETE", plugin("correlation-id")]],
    ];
    const before = await snapshot();
    for (const [, , , [method, path, body]] of harm) await kong.admin(method, path, body);
    const harmedAtMs = Date.now();
    for (const [kind, name, said] of harm) {
      await eventually(
        async () => {
          const notes = (await scene.events(kind, name, "DriftRepaired")).map(({ note }) => note);
          assert.ok(
            notes.some((note) => said.test(note)),
            `${kind} ${name}: ${JSON.stringify(notes)}`,
          );
        },
        { timeoutMs: Math.max(0, harmedAtMs + INTERVAL_SECONDS * 1_000 + REPAIR_MS - Date.now()) },
      );
    }
    assert.deepEqual(await snapshot(), before);
  });

  /** What the ten say now, ids included and times left out. */
  async function snapshot(): Promise<unknown> {
    const lists = ["services", "routes", "upstreams", "consumers", "key-auths", "plugins"].map(async (collection) => {
      const found = await env().kong.list(`/${collection}?tags=kjo.instance:${scene.namespace}.default`);
      return found.map((entity) => ({ ...entity, created_at: 0, updated_at: 0 }));
    });
    const [target] = await env().kong.list(`/upstreams/${upstream}/targets`);
    return [await Promise.all(lists), target?.["weight"]];
  }
});
