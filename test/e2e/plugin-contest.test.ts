import assert from "node:assert/strict";
import { eventually } from "./setup-eventually.ts";
import { isDbless } from "./setup-kong.ts";
import { conditionOf } from "./setup-cluster.ts";
import { useScene, type Spec } from "./setup-scene.ts";
import { env } from "./setup.ts";

describe("e2e: two plugin bindings that meet", () => {
  const scene = useScene("contest", { gateway: { drift: { intervalSeconds: 3600 } } });
  const path = scene.path("/contest");
  const binding = (status: number, rest: Spec = {}): Spec => ({
    plugin: "request-termination",
    config: { status_code: status },
    targets: [{ routeRef: { name: "shop" } }],
    ...rest,
  });
  /** creationTimestamp counts whole seconds. */
  const nextSecond = () =>
    eventually(async () => assert.notEqual(Math.floor(Date.now() / 1000), started), { everyMs: 50 });
  let started = 0;

  before(async () => {
    await scene.apply(["KongService", "shop", { url: env().backends.a.url }]);
    await scene.apply(["KongRoute", "shop", { serviceRef: { name: "shop" }, paths: [path] }]);
    await scene.ready("KongRoute", "shop");
  });

  const standing = async () => {
    const { id } = await scene.inKong("routes", scene.kongName("shop"));
    const plugins = await env().kong.list(`/routes/${id}/plugins`);
    return plugins.map(({ config }) => (config as { status_code: number }).status_code);
  };

  async function shadowed(loser: string, winner: string): Promise<void> {
    const message = new RegExp(`KongPluginBinding/${scene.namespace}/${winner} is older`);
    await scene.condition("KongPluginBinding", loser, "Programmed", { status: "False", reason: "Shadowed", message });
    const against = new RegExp(`KongPluginBinding/${scene.namespace}/${loser}`);
    await scene.condition("KongPluginBinding", winner, "Contested", { status: "True", message: against });
    await scene.ready("KongPluginBinding", winner);
  }

  it("let the older one have the place, and both say so", async () => {
    await scene.apply(["KongPluginBinding", "z-old", binding(410)]);
    await scene.ready("KongPluginBinding", "z-old");
    started = Math.floor(Date.now() / 1000);
    await nextSecond();
    await scene.apply(["KongPluginBinding", "a-young", binding(411)]);
    await shadowed("a-young", "z-old");
    assert.deepEqual(await standing(), [410]);
    await scene.answered(410, path);
  });

  it("decide the same after a restart", async () => {
    await env().operator.stop();
    await env().operator.start();
    scene.front.reset();
    await scene.reconcile("KongPluginBinding", "a-young");
    await scene.reconcile("KongPluginBinding", "z-old");
    await shadowed("a-young", "z-old");
    assert.deepEqual(scene.front.writes, []);
    assert.deepEqual(await standing(), [410]);
  });

  it("hand over when the winner goes, by one write to the same plugin", async () => {
    const { id } = await scene.inKong("routes", scene.kongName("shop"));
    const [before] = await env().kong.list(`/routes/${id}/plugins`);
    scene.front.reset();
    await scene.delete("KongPluginBinding", "z-old");
    await scene.gone("KongPluginBinding", "z-old");
    await scene.ready("KongPluginBinding", "a-young");
    assert.deepEqual(
      scene.front.writes.map(({ method }) => method),
      [isDbless(process.env) ? "POST" : "PUT"],
    );
    const after = (await env().kong.list(`/routes/${id}/plugins`)).map((plugin) => plugin.id);
    // Without a database the two change places in one load, each with a plugin of its own.
    if (isDbless(process.env)) assert.equal(after.length, 1);
    else assert.deepEqual(after, [before?.id]);
    assert.deepEqual(await standing(), [411]);
    const { status } = await scene.get("KongPluginBinding", "a-young");
    assert.deepEqual(status?.["plugins"], [{ id: after[0], target: "route.shop" }]);
    assert.equal(conditionOf(await scene.get("KongPluginBinding", "a-young"), "Contested"), undefined);
  });

  it("give way to an older one that comes to the place later, without a moment without the plugin", async () => {
    await scene.apply(["KongRoute", "other", { serviceRef: { name: "shop" }, paths: [scene.path("/other")] }]);
    await scene.apply(["KongPluginBinding", "m-middle", binding(412, { targets: [{ routeRef: { name: "other" } }] })]);
    started = Math.floor(Date.now() / 1000);
    await nextSecond();
    await scene.delete("KongPluginBinding", "a-young");
    await scene.gone("KongPluginBinding", "a-young");
    await scene.apply(["KongPluginBinding", "a-young", binding(411)]);
    await scene.ready("KongPluginBinding", "m-middle", "a-young");
    scene.front.reset();
    await scene.patch("KongPluginBinding", "m-middle", {
      targets: [{ routeRef: { name: "other" } }, { routeRef: { name: "shop" } }],
    });
    await shadowed("a-young", "m-middle");
    assert.deepEqual(await standing(), [412]);
    assert.deepEqual(
      scene.front.writes.map(({ method }) => method),
      [isDbless(process.env) ? "POST" : "PUT"],
    );
  });

  it("let the younger one back when the older one leaves the place by its spec", async () => {
    scene.front.reset();
    await scene.patch("KongPluginBinding", "m-middle", { targets: [{ routeRef: { name: "other" } }] });
    await scene.ready("KongPluginBinding", "a-young", "m-middle");
    await eventually(async () => assert.deepEqual(await standing(), [411]));
    assert.deepEqual(
      scene.front.writes.map(({ method }) => method),
      [isDbless(process.env) ? "POST" : "PUT"],
    );
  });

  it("do not let one that Kong refuses keep one that is good from its place", async () => {
    await scene.patch("KongPluginBinding", "m-middle", {
      config: { status_code: 9999 },
      targets: [{ routeRef: { name: "shop" } }],
    });
    await scene.condition("KongPluginBinding", "m-middle", "Programmed", { status: "False", reason: "Rejected" });
    await scene.ready("KongPluginBinding", "a-young");
    assert.deepEqual(await standing(), [411]);
  });

  it("leave the other targets of the loser alone", async () => {
    await scene.delete("KongPluginBinding", "m-middle");
    await scene.gone("KongPluginBinding", "m-middle");
    started = Math.floor(Date.now() / 1000);
    await nextSecond();
    const targets = [{ routeRef: { name: "shop" } }, { routeRef: { name: "other" } }];
    await scene.apply(["KongPluginBinding", "both", binding(413, { targets })]);
    const expected = { status: "False", reason: "Shadowed", message: /1 of 2 targets, such as route\.shop/ } as const;
    await scene.condition("KongPluginBinding", "both", "Programmed", expected);
    assert.deepEqual(await standing(), [411]);
    await scene.answered(413, scene.path("/other"));
  });
});
