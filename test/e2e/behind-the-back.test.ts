import assert from "node:assert/strict";
import { eventually } from "./setup-eventually.ts";
import { useScene } from "./setup-scene.ts";
import { env } from "./setup.ts";

/** Looks at Kong are an hour apart here: the operator learns of it only by what Kong answers to its own requests. */
describe("e2e: what was taken out of Kong, met by the next change of its object", () => {
  const scene = useScene("met", { gateway: { drift: { intervalSeconds: 3600 } } });
  const upstream = `pool.${scene.namespace}.kjo.invalid`;
  const [a, b] = ["10.0.0.1:80", "10.0.0.2:80"];
  const path = scene.path("/shop");
  const key = (name: string): string => `${scene.namespace}-${name}`;

  const targets = async (): Promise<Record<string, unknown>> => {
    const found = await env().kong.list(`/upstreams/${upstream}/targets`);
    return Object.fromEntries(found.map(({ target, weight }) => [target, weight]));
  };
  const remove = async (collection: string, name: string): Promise<void> => {
    const { id } = await scene.inKong(collection, name);
    await env().kong.admin("DELETE", `/${collection}/${id}`);
  };
  const removeChild = async (list: string, field: string, value: string): Promise<void> => {
    const child = (await env().kong.list(list)).find((each) => each[field] === value);
    await env().kong.admin("DELETE", `${list}/${child?.id}`);
  };
  const consumer = (groups: readonly string[], keys: readonly string[]) =>
    [
      "KongConsumer",
      "alice",
      { groups, credentials: keys.map((name) => ({ type: "key-auth", secretRef: { name } })) },
    ] as const;

  beforeEach(async () => {
    for (const name of ["one", "two"]) await scene.secret(name, { key: key(name) });
    await scene.apply(
      [
        "KongUpstream",
        "pool",
        {
          targets: [
            { target: a, weight: 10 },
            { target: b, weight: 20 },
          ],
        },
      ],
      ["KongService", "shop", { url: env().backends.a.url }],
      ["KongRoute", "shop", { serviceRef: { name: "shop" }, paths: [path] }],
      ["KongPluginBinding", "of-route", { plugin: "correlation-id", targets: [{ routeRef: { name: "shop" } }] }],
      ["KongPluginBinding", "of-service", { plugin: "cors", targets: [{ serviceRef: { name: "shop" } }] }],
      consumer(["gold", "blue"], ["one", "two"]),
    );
    for (const kind of ["KongService", "KongRoute"]) await scene.ready(kind, "shop");
    await scene.ready("KongUpstream", "pool");
    await scene.ready("KongPluginBinding", "of-route", "of-service");
    await scene.ready("KongConsumer", "alice");
  });

  it("a route comes back by an edit of it, and with it its service and the plugins that went with both", async () => {
    await scene.served(path);
    await remove("routes", scene.kongName("shop"));
    await remove("services", scene.kongName("shop"));
    await scene.patch("KongRoute", "shop", { paths: [path, scene.path("/more")] });
    await scene.served(scene.path("/more"));
    await scene.ready("KongRoute", "shop");
    await scene.ready("KongService", "shop");
    for (const [place, plugin] of [
      ["routes", "correlation-id"],
      ["services", "cors"],
    ]) {
      await eventually(async () => {
        const there = await env().kong.list(`/${place}/${scene.kongName("shop")}/plugins`);
        assert.deepEqual(
          there.map(({ name }) => name),
          [plugin],
        );
      });
    }
  });

  it("a target comes back by an edit of its weight, the others as they are", async () => {
    await removeChild(`/upstreams/${upstream}/targets`, "target", a);
    await scene.patch("KongUpstream", "pool", {
      targets: [
        { target: a, weight: 11 },
        { target: b, weight: 20 },
      ],
    });
    await eventually(async () => assert.deepEqual(await targets(), { [a]: 11, [b]: 20 }));
    await scene.ready("KongUpstream", "pool");
  });

  it("targets, credentials and groups can be taken out of the spec", async () => {
    const { id } = await scene.inKong("consumers", scene.kongName("alice"));
    await removeChild(`/upstreams/${upstream}/targets`, "target", a);
    await removeChild(`/consumers/${id}/key-auth`, "key", key("one"));
    await removeChild(`/consumers/${id}/acls`, "group", "gold");
    await scene.apply(["KongUpstream", "pool", { targets: [{ target: b, weight: 20 }] }], consumer(["blue"], ["two"]));
    await scene.ready("KongUpstream", "pool");
    await scene.ready("KongConsumer", "alice");
    assert.deepEqual(await targets(), { [b]: 20 });
    const keys = await env().kong.list(`/consumers/${id}/key-auth`);
    assert.deepEqual(
      keys.map((each) => each["key"]),
      [key("two")],
    );
    const groups = await env().kong.list(`/consumers/${id}/acls`);
    assert.deepEqual(
      groups.map((each) => each["group"]),
      ["blue"],
    );
  });

  it("objects of every kind can be deleted", async () => {
    const { id } = await scene.inKong("consumers", scene.kongName("alice"));
    await removeChild(`/routes/${scene.kongName("shop")}/plugins`, "name", "correlation-id");
    await removeChild(`/consumers/${id}/key-auth`, "key", key("one"));
    await removeChild(`/upstreams/${upstream}/targets`, "target", b);
    await remove("routes", scene.kongName("shop"));
    await remove("services", scene.kongName("shop"));
    await remove("upstreams", upstream);
    await remove("consumers", scene.kongName("alice"));
    await scene.deleteAll(["KongPluginBinding", "KongRoute", "KongService", "KongUpstream", "KongConsumer"], {
      timeoutMs: 20_000,
    });
    assert.deepEqual(await scene.ownedInKong(), []);
  });
});
