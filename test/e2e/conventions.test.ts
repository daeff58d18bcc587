import assert from "node:assert/strict";
import { eventually } from "./setup-eventually.ts";
import { RUN } from "./setup-run.ts";
import { useScene } from "./setup-scene.ts";
import { env } from "./setup.ts";

describe("e2e: names in Kong", () => {
  const scene = useScene("plain", { gateway: { naming: "Plain", drift: { intervalSeconds: 3600 } } });
  const name = `${RUN}-plain`;
  const upstream = `${name}.${scene.namespace}.kjo.invalid`;

  it("are those of the objects with naming: Plain, but for upstreams, which no DNS server may know", async () => {
    await scene.apply(
      ["KongUpstream", name, { targets: [{ target: env().backends.a.address }] }],
      ["KongService", name, { upstreamRef: { name } }],
      ["KongRoute", name, { serviceRef: { name }, paths: [scene.path("/plain")] }],
      ["KongConsumer", name, {}],
    );
    for (const kind of ["KongUpstream", "KongService", "KongRoute", "KongConsumer"]) await scene.ready(kind, name);
    for (const collection of ["services", "routes", "consumers"]) await scene.inKong(collection, name);
    assert.equal((await scene.inKong("services", name))["host"], upstream);
    await scene.inKong("upstreams", upstream);
    await scene.served(scene.path("/plain"));
  });

  it("change with the naming, under the same ids and without a request being dropped", async () => {
    const before = await scene.inKong("services", name);
    let isOver = false;
    const statuses = new Set<number>();
    const traffic = (async () => {
      while (!isOver) statuses.add((await env().kong.get(scene.path("/plain"))).status);
    })();
    await scene.patch("KongGateway", "default", { naming: "Namespaced" });
    try {
      await eventually(async () => {
        for (const collection of ["services", "routes", "consumers"])
          await scene.inKong(collection, scene.kongName(name));
      });
      for (const kind of ["KongService", "KongRoute", "KongConsumer"]) await scene.ready(kind, name);
    } finally {
      isOver = true;
      await traffic;
    }
    assert.equal((await scene.inKong("services", scene.kongName(name))).id, before.id);
    assert.equal(await env().kong.find("services", name), undefined);
    assert.deepEqual([...statuses], [200]);
  });
});

describe("e2e: what people and tools say to objects", () => {
  const scene = useScene("said", { gateway: { drift: { intervalSeconds: 3600 } } });

  before(async () => {
    await scene.apply(["KongService", "shop", { url: env().backends.a.url }]);
    await scene.ready("KongService", "shop");
  });

  it("is answered where Flux asks for a reconcile", async () => {
    scene.front.reset();
    await scene.annotate("KongService", "shop", { "reconcile.fluxcd.io/requestedAt": "2026-01-02T03:04:05Z" });
    await eventually(async () =>
      assert.equal((await scene.get("KongService", "shop")).status?.["lastHandledReconcileAt"], "2026-01-02T03:04:05Z"),
    );
    assert.deepEqual(scene.front.writes, []);
  });

  it("can be said by short names", async () => {
    for (const short of ["kjg", "kjs", "kjr", "kju", "kjpb", "kjc"]) {
      await eventually(async () => {
        const { code, output } = await scene.kubectl("get", short);
        assert.equal(code, 0, output);
      });
    }
    const { output } = await scene.kubectl("get", "kjs");
    assert.match(output, new RegExp(`shop .*${scene.kongName("shop")}.*True`));
  });
});

describe("e2e: a gateway that asks for a pause", () => {
  const scene = useScene("pause", { gateway: { drift: { intervalSeconds: 3600 } } });
  const SECONDS = 2;

  it("gets one: what was to be written is written when that is over", async () => {
    await scene.apply(["KongService", "first", { url: env().backends.a.url }]);
    await scene.ready("KongService", "first");
    scene.front.reset();
    scene.front.askForPause(1, SECONDS);
    await scene.apply(["KongService", "paused", { url: env().backends.a.url }]);
    await scene.ready("KongService", "paused");
    const [refused, next] = scene.front.writes;
    assert.equal(refused?.status, 429);
    const waitedMs = (next?.atMs ?? 0) - refused.atMs;
    assert.ok(waitedMs >= SECONDS * 1_000 - 50, `written again after ${waitedMs} ms`);
    await scene.ready("KongGateway", "default");
  });
});
