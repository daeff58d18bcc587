import assert from "node:assert/strict";
import { eventually } from "./setup-eventually.ts";
import { RUN_TAG } from "./setup-run.ts";
import { useScene, type Scene } from "./setup-scene.ts";
import { env } from "./setup.ts";

const IDLE_CHECKS = 20;

/** One object of each kind, as served things usually are. */
async function populate(scene: Scene): Promise<void> {
  await scene.secret("key", { key: `${scene.namespace}-api-key` });
  await scene.apply(
    ["KongUpstream", "pool", { targets: [{ target: env().backends.a.address, weight: 50 }] }],
    ["KongService", "shop", { upstreamRef: { name: "pool" } }],
    ["KongRoute", "shop", { serviceRef: { name: "shop" }, paths: [scene.path("/shop")] }],
    ["KongConsumer", "alice", { groups: ["drift"], credentials: [{ type: "key-auth", secretRef: { name: "key" } }] }],
    ["KongPluginBinding", "limit", limit()],
  );
  for (const kind of ["KongRoute", "KongService"]) await scene.ready(kind, "shop");
  await scene.ready("KongUpstream", "pool");
  await scene.ready("KongConsumer", "alice");
  await scene.ready("KongPluginBinding", "limit");
}

function limit() {
  return { plugin: "rate-limiting", config: { minute: 1000 }, targets: [{ routeRef: { name: "shop" } }] };
}

describe("e2e: drift, repaired", () => {
  const scene = useScene("repaired", { gateway: { drift: { intervalSeconds: 1 } } });

  before(() => populate(scene));

  const upstreamName = `pool.${scene.namespace}.kjo.invalid`;
  const targetsOf = async () => {
    const { id } = await scene.inKong("upstreams", upstreamName);
    return env().kong.list(`/upstreams/${id}/targets`);
  };
  const drifted = async (kind: string, name: string, fields: RegExp): Promise<void> => {
    await eventually(async () => {
      const events = await scene.events(kind, name, "DriftRepaired");
      assert.ok(
        events.some(({ note }) => fields.test(note)),
        JSON.stringify(events.map(({ note }) => note)),
      );
    });
  };

  it(`writes nothing in ${IDLE_CHECKS} looks at a Kong that is as it should be`, async () => {
    scene.front.reset();
    const changes = await env().cluster.countWrites("KongRoute", scene.namespace);
    await eventually(() => assert.ok(scene.front.checks >= IDLE_CHECKS, `${scene.front.checks} looks`), {
      timeoutMs: IDLE_CHECKS * 2_000,
      everyMs: 500,
    });
    assert.deepEqual(scene.front.writes, []);
    assert.equal(changes.count(), 0, "statuses written");
    await changes.stop();
  });

  it("puts a changed field back and names it in an Event, without a word about what it was", async () => {
    const { id } = await scene.inKong("routes", scene.kongName("shop"));
    await env().kong.admin("PATCH", `/routes/${id}`, { paths: ["/hijacked"], regex_priority: 9 });
    await eventually(async () => assert.deepEqual((await scene.inKong("routes", id))["paths"], [scene.path("/shop")]));
    await drifted("KongRoute", "shop", /put back: .*paths/);
    await drifted("KongRoute", "shop", /regex_priority/);
    const notes = (await scene.events("KongRoute", "shop", "DriftRepaired")).map(({ note }) => note);
    assert.ok(!notes.join().includes("hijacked"));
    await scene.served(scene.path("/shop"));
  });

  it("puts a changed plugin, a changed target and a changed credential back", async () => {
    const [plugin] = await env().kong.list(`/routes/${scene.kongName("shop")}/plugins`);
    await env().kong.admin("PATCH", `/plugins/${plugin?.id}`, { config: { minute: 1 } });
    const [target] = await targetsOf();
    await env().kong.admin("PATCH", `/upstreams/${upstreamName}/targets/${target?.id}`, { weight: 1 });
    const credentials = `/consumers/${scene.kongName("alice")}/key-auth`;
    const [credential] = await env().kong.list(credentials);
    await env().kong.admin("PATCH", `${credentials}/${credential?.id}`, { key: `${scene.namespace}-stolen` });
    await eventually(async () => {
      const { config } = await scene.inKong("plugins", plugin?.id ?? "");
      assert.equal((config as { minute: number }).minute, 1000);
    });
    await eventually(async () => assert.equal((await targetsOf())[0]?.["weight"], 50));
    await eventually(async () =>
      assert.equal((await env().kong.list(credentials))[0]?.["key"], `${scene.namespace}-api-key`),
    );
    await drifted("KongPluginBinding", "limit", /config\.minute/);
    await drifted("KongConsumer", "alice", /key/);
    await drifted("KongUpstream", "pool", /weight/);
  });

  it("makes what somebody deleted again, with what hangs on it, under the same ids", async () => {
    const route = await scene.inKong("routes", scene.kongName("shop"));
    const service = await scene.inKong("services", scene.kongName("shop"));
    const consumer = await scene.inKong("consumers", scene.kongName("alice"));
    const before = (await scene.ownedInKong()).length;
    await env().kong.admin("DELETE", `/routes/${route.id}`);
    await env().kong.admin("DELETE", `/services/${service.id}`);
    await env().kong.admin("DELETE", `/consumers/${consumer.id}`);
    await env().kong.admin("DELETE", `/upstreams/${upstreamName}`);
    await eventually(async () => assert.equal((await scene.ownedInKong()).length, before));
    await eventually(async () => assert.equal((await targetsOf()).length, 1));
    assert.equal((await scene.inKong("routes", scene.kongName("shop"))).id, route.id);
    assert.equal((await scene.inKong("consumers", scene.kongName("alice"))).id, consumer.id);
    await scene.served(scene.path("/shop"));
  });

  it("leaves alone what others put beside ours", async () => {
    const plugin = { name: "correlation-id", tags: [RUN_TAG] };
    const theirs = await env().kong.admin("POST", `/routes/${scene.kongName("shop")}/plugins`, plugin);
    const checks = scene.front.checks;
    await eventually(() => assert.ok(scene.front.checks > checks + 2));
    assert.deepEqual(await scene.inKong("plugins", theirs.id), theirs);
    await env().kong.admin("DELETE", `/plugins/${theirs.id}`);
  });

  it("puts its marks back where somebody took them off", async () => {
    const { id } = await scene.inKong("routes", scene.kongName("shop"));
    await env().kong.admin("PATCH", `/routes/${id}`, { tags: null });
    await eventually(async () => assert.equal((await scene.inKong("routes", id)).tags?.length, 3));
  });
});

describe("e2e: drift, reported", () => {
  const scene = useScene("reported", { gateway: { drift: { intervalSeconds: 1, policy: "Report" } } });

  before(() => populate(scene));

  it("leaves a changed field alone, and names it in the condition Drifted and an Event; Ready stays", async () => {
    const { id } = await scene.inKong("routes", scene.kongName("shop"));
    await env().kong.admin("PATCH", `/routes/${id}`, { preserve_host: true });
    const expected = { status: "True", reason: "DriftFound", message: /preserve_host/ } as const;
    await scene.condition("KongRoute", "shop", "Drifted", expected);
    await scene.ready("KongRoute", "shop");
    await eventually(async () => {
      const [event] = await scene.events("KongRoute", "shop", "DriftFound");
      assert.match(event?.note ?? "", /left so: preserve_host/);
    });
    assert.equal((await scene.inKong("routes", id))["preserve_host"], true);
  });

  it("is no longer drifted when somebody puts it back", async () => {
    const { id } = await scene.inKong("routes", scene.kongName("shop"));
    await env().kong.admin("PATCH", `/routes/${id}`, { preserve_host: false });
    await eventually(async () => {
      const { status } = await scene.get("KongRoute", "shop");
      assert.equal(
        status?.conditions?.find(({ type }) => type === "Drifted"),
        undefined,
      );
    });
  });

  it("still brings a changed spec to Kong", async () => {
    const { id } = await scene.inKong("routes", scene.kongName("shop"));
    await env().kong.admin("PATCH", `/routes/${id}`, { preserve_host: true });
    await scene.condition("KongRoute", "shop", "Drifted", { status: "True" });
    await scene.patch("KongRoute", "shop", { paths: [scene.path("/shop"), scene.path("/store")] });
    await scene.ready("KongRoute", "shop");
    assert.equal((await scene.inKong("routes", id))["preserve_host"], false);
    await scene.served(scene.path("/store"));
  });

  it("repairs what it has reported once the policy is Repair", async () => {
    const { id } = await scene.inKong("routes", scene.kongName("shop"));
    await env().kong.admin("PATCH", `/routes/${id}`, { preserve_host: true });
    await scene.condition("KongRoute", "shop", "Drifted", { status: "True" });
    await scene.patch("KongGateway", "default", { drift: { intervalSeconds: 1, policy: "Repair" } });
    await eventually(async () => assert.equal((await scene.inKong("routes", id))["preserve_host"], false));
  });
});
