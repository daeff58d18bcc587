import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import { needsDatabase } from "./setup-database.ts";
import { eventually } from "./setup-eventually.ts";
import { RUN, RUN_TAG } from "./setup-run.ts";
import { useScene, type Applied } from "./setup-scene.ts";
import { env } from "./setup.ts";

const SEEDS = [1, 20, 300];

describe("e2e: deletion", () => {
  const scene = useScene("deletion", { gateway: false });
  const gateway = (): Applied => [
    "KongGateway",
    "default",
    { adminApi: { url: scene.front.url }, drift: { intervalSeconds: 3600 } },
  ];

  const everything = (): Applied[] => [
    gateway(),
    ["KongUpstream", "pool", { targets: [{ target: env().backends.a.address }, { target: "10.0.0.1:80" }] }],
    ["KongService", "shop", { upstreamRef: { name: "pool" } }],
    ["KongService", "plain", { url: env().backends.a.url }],
    ["KongRoute", "shop", { serviceRef: { name: "shop" }, paths: [scene.path("/shop")] }],
    ["KongRoute", "plain", { serviceRef: { name: "plain" }, paths: [scene.path("/plain")] }],
    ["KongConsumer", "alice", { groups: [RUN], credentials: [{ type: "key-auth", secretRef: { name: "key" } }] }],
    [
      "KongPluginBinding",
      "keyed",
      {
        plugin: "request-termination",
        targets: [
          { routeRef: { name: "plain" } },
          { serviceRef: { name: "shop" }, consumerRef: { name: "alice" } },
          { consumerRef: { name: "alice" } },
        ],
      },
    ],
  ];

  before(async () => {
    await scene.secret("key", { key: `${scene.namespace}-api-key` });
  });

  async function applyEverything(): Promise<void> {
    await scene.apply(...everything());
    for (const [kind, name] of everything()) await scene.ready(kind, name);
  }

  for (const seed of SEEDS) {
    it(`ends with nothing of ours, in the order that seed ${seed} makes of the files of kubectl delete -f dir/`, async () => {
      await applyEverything();
      assert.ok((await scene.ownedInKong()).length >= 10);
      const folder = await mkdtemp(path.join(os.tmpdir(), `${RUN}-`));
      try {
        const files = shuffled(everything(), seed);
        for (const [index, object] of files.entries()) {
          // kubectl takes the files of a folder in the order of their names.
          const name = `${String(index).padStart(2, "0")}.yaml`;
          await writeFile(path.join(folder, name), stringify(scene.object(object)));
        }
        const { code, output } = await scene.kubectl("delete", "-f", folder, "--timeout=45s");
        assert.equal(code, 0, `${output}\n${(await scene.objects()).join("\n")}`);
      } finally {
        await rm(folder, { recursive: true });
      }
      assert.deepEqual(await scene.objects(), []);
      assert.deepEqual(await scene.ownedInKong(), []);
      assert.deepEqual(await env().foreign.now(), env().foreign.before);
    });
  }

  it("keeps a KongGateway that is deleted first until its objects have left Kong", async () => {
    await applyEverything();
    await scene.delete("KongGateway", "default");
    const message = /KongRoute|KongService|KongUpstream|KongConsumer|KongPluginBinding/;
    await scene.condition("KongGateway", "default", "Ready", { status: "False", reason: "InUse", message });
    for (const [kind, name] of everything()) if (kind !== "KongGateway") await scene.delete(kind, name);
    await eventually(async () => assert.deepEqual(await scene.objects(), []));
    assert.deepEqual(await scene.ownedInKong(), []);
  });

  it("keeps a service that a route uses and names the route; both go when the route does", async () => {
    await scene.apply(gateway(), ...everything().filter(([, name]) => name === "plain"));
    await scene.ready("KongRoute", "plain");
    await scene.delete("KongService", "plain");
    const message = new RegExp(`KongRoute/${scene.namespace}/plain`);
    await scene.condition("KongService", "plain", "Ready", { status: "False", reason: "InUse", message });
    await scene.served(scene.path("/plain"));
    await scene.delete("KongRoute", "plain");
    await scene.gone("KongService", "plain");
    await scene.gone("KongRoute", "plain");
  });

  it("keeps a service that somebody else's plugin hangs on and names it; force-delete lets both go", async function () {
    needsDatabase(this, "nobody else has anything in it");
    await scene.apply(gateway(), ["KongService", "decorated", { url: env().backends.a.url }]);
    await scene.ready("KongService", "decorated");
    const { id } = await scene.inKong("services", scene.kongName("decorated"));
    const theirs = await env().kong.admin("POST", `/services/${id}/plugins`, { name: "key-auth", tags: [RUN_TAG] });
    await scene.delete("KongService", "decorated");
    const message = new RegExp(`plugin key-auth \\(${theirs.id}\\).*kjo\\.dev/force-delete`);
    const expected = { status: "False", reason: "ForeignDependents", message } as const;
    await scene.condition("KongService", "decorated", "Ready", expected);
    assert.deepEqual(await scene.inKong("plugins", theirs.id), theirs);
    await scene.annotate("KongService", "decorated", { "kjo.dev/force-delete": "true" });
    await scene.gone("KongService", "decorated");
    assert.equal(await env().kong.find("services", id), undefined);
    assert.equal(await env().kong.find("plugins", theirs.id), undefined);
  });

  it("keeps a service that somebody else's route needs; when that is gone, a word is enough", async function () {
    needsDatabase(this, "nobody else has anything in it");
    await scene.apply(gateway(), ["KongService", "shared", { url: env().backends.a.url }]);
    await scene.ready("KongService", "shared");
    const { id } = await scene.inKong("services", scene.kongName("shared"));
    const name = `${RUN}-their-route`;
    const theirs = { name, paths: [scene.path("/theirs")], service: { id }, tags: [RUN_TAG] };
    await env().kong.admin("POST", "/routes", theirs);
    await scene.delete("KongService", "shared");
    const expected = { status: "False", reason: "ForeignDependents", message: new RegExp(`route ${name}`) } as const;
    await scene.condition("KongService", "shared", "Ready", expected);
    await scene.served(scene.path("/theirs"));
    await env().kong.admin("DELETE", `/routes/${name}`);
    await scene.annotate("KongService", "shared", { "kjo.dev/reconcile": "now" });
    await scene.gone("KongService", "shared");
  });

  it("leaves a service that somebody else's route needs to them, without our marks, by force-delete", async function () {
    needsDatabase(this, "nobody else has anything in it");
    await scene.apply(gateway(), ["KongService", "given", { url: env().backends.a.url }]);
    await scene.ready("KongService", "given");
    const { id } = await scene.inKong("services", scene.kongName("given"));
    const name = `${RUN}-their-other-route`;
    await env().kong.admin("POST", "/routes", { name, paths: ["/x"], service: { id }, tags: [RUN_TAG] });
    await scene.annotate("KongService", "given", { "kjo.dev/force-delete": "true" });
    await scene.delete("KongService", "given");
    await scene.gone("KongService", "given");
    const left = await scene.inKong("services", id);
    assert.equal(left.tags, null);
    const [event] = await eventually(async () => {
      const events = await scene.events("KongService", "given", "LeftBehind");
      assert.ok(events.length > 0);
      return events;
    });
    assert.match(event?.note ?? "", /keeps, without our marks: service/);
    await env().kong.admin("DELETE", `/routes/${name}`);
    await env().kong.admin("DELETE", `/services/${id}`);
  });

  it("releases objects of a Kong that is gone by force-delete, says what stays and prunes it if Kong comes back", async () => {
    await scene.apply(gateway(), ["KongConsumer", "left", {}]);
    await scene.ready("KongConsumer", "left");
    await scene.front.refuse();
    await scene.delete("KongConsumer", "left");
    await scene.condition("KongConsumer", "left", "Ready", { status: "Unknown" });
    await scene.annotate("KongConsumer", "left", { "kjo.dev/force-delete": "true" });
    await scene.gone("KongConsumer", "left");
    await eventually(async () => {
      const [event] = await scene.events("KongConsumer", "left", "LeftBehind");
      assert.match(event?.note ?? "", /cannot be reached/);
    });
    assert.ok(await env().kong.find("consumers", scene.kongName("left")));
    await scene.front.restore();
    await eventually(async () => assert.deepEqual(await scene.ownedInKong(), []));
  });
});

/** Fisher-Yates with a small generator of its own, so that a seed always means the same order. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  const result = [...items];
  let state = seed;
  for (let last = result.length - 1; last > 0; last -= 1) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    const other = Math.floor((state / 2_147_483_648) * (last + 1));
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}
