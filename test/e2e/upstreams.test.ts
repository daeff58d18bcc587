import assert from "node:assert/strict";
import { needsDatabase } from "./setup-database.ts";
import { eventually } from "./setup-eventually.ts";
import { echoOf } from "./setup-kong.ts";
import { useScene } from "./setup-scene.ts";
import { env } from "./setup.ts";

const REQUESTS = 200;
/** A real Kong's workers each go round their own ring, and start anywhere on it. */
const TOLERANCE = 20;

describe("e2e: upstreams", () => {
  const scene = useScene("upstreams", { gateway: { drift: { intervalSeconds: 3600 } } });
  const path = scene.path("/balanced");

  const targets = (a: number, b: number) => [
    { target: env().backends.a.address, weight: a },
    { target: env().backends.b.address, weight: b },
  ];

  /** How many of {@link REQUESTS} requests each backend got. */
  async function share(): Promise<{ a: number; b: number }> {
    const counts = { a: 0, b: 0 };
    for (let done = 0; done < REQUESTS; done += 20) {
      const replies = await Promise.all(Array.from({ length: 20 }, () => env().kong.get(path)));
      for (const reply of replies) counts[echoOf(reply).backend as "a" | "b"] += 1;
    }
    return counts;
  }

  async function expectShare(a: number): Promise<void> {
    await eventually(async () => {
      const counts = await share();
      assert.ok(Math.abs(counts.a - a) <= (a === REQUESTS ? 0 : TOLERANCE), `a got ${counts.a} of ${REQUESTS}`);
    });
  }

  before(async () => {
    await scene.apply(
      ["KongUpstream", "pool", { targets: targets(90, 10) }],
      ["KongService", "shop", { upstreamRef: { name: "pool" } }],
      ["KongRoute", "shop", { serviceRef: { name: "shop" }, paths: [path] }],
    );
    await scene.served(path);
  });

  it("gives a service that names an upstream by upstreamRef the upstream's name as host", async () => {
    const name = `pool.${scene.namespace}.kjo.invalid`;
    const upstream = await scene.inKong("upstreams", name);
    assert.equal((await scene.inKong("services", scene.kongName("shop")))["host"], name);
    assert.equal((await env().kong.list(`/upstreams/${upstream.id}/targets`)).length, 2);
    assert.equal((await scene.get("KongUpstream", "pool")).status?.["targets"], 2);
  });

  it("spreads 200 requests 90 to 10 over its targets", async () => {
    await expectShare(180);
  });

  it("changes weights by writes to the targets alone", async function () {
    needsDatabase(this, "whatever changes is written along with everything");
    scene.front.reset();
    await scene.patch("KongUpstream", "pool", { targets: targets(50, 50) });
    await scene.ready("KongUpstream", "pool");
    const { id } = await scene.inKong("upstreams", `pool.${scene.namespace}.kjo.invalid`);
    assert.equal(scene.front.writes.length, 2);
    for (const { path } of scene.front.writes) assert.ok(path.startsWith(`/upstreams/${id}/targets/`), path);
    assert.deepEqual(scene.front.reads, []);
    await expectShare(100);
  });

  it("writes one target where one weight changes", async () => {
    scene.front.reset();
    await scene.patch("KongUpstream", "pool", { targets: targets(50, 150) });
    await scene.ready("KongUpstream", "pool");
    assert.equal(scene.front.writes.length, 1);
    await expectShare(50);
  });

  it("sends nothing to a target of weight 0, and keeps it", async () => {
    await scene.patch("KongUpstream", "pool", { targets: targets(100, 0) });
    await scene.ready("KongUpstream", "pool");
    await expectShare(REQUESTS);
    const { id } = await scene.inKong("upstreams", `pool.${scene.namespace}.kjo.invalid`);
    assert.equal((await env().kong.list(`/upstreams/${id}/targets`)).length, 2);
  });

  it("removes a target that the spec no longer names", async () => {
    await scene.patch("KongUpstream", "pool", { targets: targets(0, 100).slice(1) });
    await scene.ready("KongUpstream", "pool");
    const { id } = await scene.inKong("upstreams", `pool.${scene.namespace}.kjo.invalid`);
    const left = await env().kong.list(`/upstreams/${id}/targets`);
    assert.deepEqual(
      left.map(({ target }) => target),
      [env().backends.b.address],
    );
    await eventually(async () => assert.equal((await share()).b, REQUESTS));
  });

  it("points the service to the host of an upstream that is given another name", async () => {
    const name = `renamed.${scene.namespace}.kjo.invalid`;
    await scene.patch("KongUpstream", "pool", { name });
    await eventually(async () => assert.equal((await scene.inKong("services", scene.kongName("shop")))["host"], name));
    await scene.ready("KongUpstream", "pool");
    await eventually(async () => assert.equal((await share()).b, REQUESTS));
  });
});
