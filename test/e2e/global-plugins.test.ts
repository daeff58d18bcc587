import assert from "node:assert/strict";
import { needsDatabase } from "./setup-database.ts";
import { eventually } from "./setup-eventually.ts";
import { isDbless } from "./setup-kong.ts";
import { RUN_TAG } from "./setup-run.ts";
import { useScene, type Spec } from "./setup-scene.ts";
import { env } from "./setup.ts";

/** Every way by which a plugin of ours could come to act on more than was asked for. */
describe("e2e: no plugin becomes global by accident", () => {
  const scene = useScene("global", { gateway: { drift: { intervalSeconds: 1 } } });
  const cors = (targets: readonly Spec[]): Spec => ({ plugin: "cors", targets });

  before(async () => {
    await scene.apply(
      ["KongService", "shop", { url: env().backends.a.url }],
      ["KongRoute", "shop", { serviceRef: { name: "shop" }, paths: [scene.path("/shop")] }],
      ["KongConsumer", "alice", {}],
    );
    await scene.ready("KongRoute", "shop");
    await scene.ready("KongConsumer", "alice");
  });

  /** Plugins of this scene that act on everything. */
  async function globals(): Promise<unknown[]> {
    const plugins = await env().kong.list(`/plugins?tags=kjo.instance:${scene.namespace}.default`);
    return plugins.filter(({ service, route, consumer }) => !service && !route && !consumer);
  }

  afterEach(async () => assert.deepEqual(await globals(), []));

  it("when what it names is not there", async () => {
    await scene.apply(["KongPluginBinding", "missing", cors([{ routeRef: { name: "missing" } }])]);
    await scene.condition("KongPluginBinding", "missing", "ResolvedRefs", { status: "False", reason: "RefNotFound" });
  });

  it("when one of two things that it names is not there", async () => {
    const targets = [{ routeRef: { name: "shop" }, consumerRef: { name: "missing" } }];
    await scene.apply(["KongPluginBinding", "half", { plugin: "rate-limiting", config: { minute: 5 }, targets }]);
    await scene.condition("KongPluginBinding", "half", "ResolvedRefs", { status: "False", reason: "RefNotFound" });
  });

  it("when the gateway has no such scope", async () => {
    await scene.apply(["KongPluginBinding", "group", cors([{ consumerGroupRef: { name: "gold" } }])]);
    await scene.condition("KongPluginBinding", "group", "Ready", { status: "False" });
  });

  it("when the route that it is on is taken away and comes back behind the operator's back", async () => {
    await scene.apply(["KongPluginBinding", "route", cors([{ routeRef: { name: "shop" } }])]);
    await scene.ready("KongPluginBinding", "route");
    const { id } = await scene.inKong("routes", scene.kongName("shop"));
    await env().kong.admin("DELETE", `/routes/${id}`);
    await eventually(async () => {
      const [plugin] = await env().kong.list(`/routes/${id}/plugins`);
      assert.equal((plugin?.["route"] as { id: string } | undefined)?.id, id);
    });
  });

  it("when its scope is taken off in Kong: it is put back", async () => {
    const { id } = await scene.inKong("routes", scene.kongName("shop"));
    const [plugin] = await env().kong.list(`/routes/${id}/plugins`);
    await env().kong.admin("PATCH", `/plugins/${plugin?.id}`, { route: null });
    await eventually(async () => assert.deepEqual(await globals(), []));
    assert.equal((await env().kong.list(`/routes/${id}/plugins`))[0]?.id, plugin?.id);
  });

  it("when its consumer is taken away behind the operator's back", async () => {
    const targets = [{ routeRef: { name: "shop" }, consumerRef: { name: "alice" } }];
    await scene.apply(["KongPluginBinding", "both", { plugin: "rate-limiting", config: { minute: 5 }, targets }]);
    await scene.ready("KongPluginBinding", "both");
    const { id } = await scene.inKong("consumers", scene.kongName("alice"));
    await env().kong.admin("DELETE", `/consumers/${id}`);
    await eventually(async () => {
      const plugins = await env().kong.list(`/consumers/${id}/plugins`);
      assert.equal(plugins.length, 1);
      assert.ok(plugins[0]?.["route"]);
    });
  });

  it("when a global one of somebody else's is adopted by an object with a target", async function () {
    needsDatabase(this, "it has one owner, so there is nothing to adopt");
    const theirs = await env().kong.admin("POST", "/plugins", {
      name: "correlation-id",
      enabled: false,
      tags: [RUN_TAG],
    });
    const adopt = { mode: "override", id: theirs.id };
    const targets = [{ routeRef: { name: "shop" } }];
    await scene.apply(["KongPluginBinding", "adopted", { plugin: "correlation-id", targets, adopt }]);
    await scene.ready("KongPluginBinding", "adopted");
    const { id } = await scene.inKong("routes", scene.kongName("shop"));
    const after = await scene.inKong("plugins", theirs.id);
    assert.equal((after["route"] as { id: string } | null)?.id, id);
  });

  it("when its object is let go of: it keeps its place", async () => {
    const spec = { plugin: "bot-detection", targets: [{ routeRef: { name: "shop" } }], tags: [RUN_TAG] };
    await scene.apply(["KongPluginBinding", "kept", { ...spec, deletionPolicy: "Orphan" }]);
    await scene.ready("KongPluginBinding", "kept");
    await scene.delete("KongPluginBinding", "kept");
    await scene.gone("KongPluginBinding", "kept");
    const { id } = await scene.inKong("routes", scene.kongName("shop"));
    const kept = (await env().kong.list(`/routes/${id}/plugins`)).find(({ name }) => name === "bot-detection");
    assert.ok(kept);
    if (!isDbless(process.env)) return env().kong.admin("DELETE", `/plugins/${kept.id}`);
    // Only what is loaded goes: an object takes it over, and then leaves with it.
    await scene.apply(["KongPluginBinding", "kept", { ...spec, adopt: { mode: "match" } }]);
    await scene.ready("KongPluginBinding", "kept");
    await scene.delete("KongPluginBinding", "kept");
    await scene.gone("KongPluginBinding", "kept");
    assert.deepEqual(
      (await env().kong.list(`/routes/${id}/plugins`)).filter(({ name }) => name === "bot-detection"),
      [],
    );
  });
});
