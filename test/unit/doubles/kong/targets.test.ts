import assert from "node:assert/strict";
import type { JsonObject } from "../../../../src/model/json.ts";
import type { KongDouble } from "../../../doubles/kong/double.ts";
import { startKongDouble } from "../../../doubles/kong/double.ts";
import type { Answer } from "./admin-client.ts";
import { send } from "./admin-client.ts";

const ACTIVE = { active: { healthy: { interval: 5, successes: 1 }, unhealthy: { interval: 5, tcp_failures: 1 } } };

describe("doubles/kong: targets", () => {
  let kong: KongDouble;
  const call = (method: string, path: string, body?: Parameters<typeof send>[3]): Promise<Answer> =>
    send(kong.adminUrl, method, path, body);
  const shown = async (path: string): Promise<JsonObject[]> => (await call("GET", path)).body["data"] as JsonObject[];

  before(async () => {
    kong = await startKongDouble();
  });

  beforeEach(async () => {
    await call("DELETE", "/upstreams/u");
    await call("PUT", "/upstreams/u", { healthchecks: ACTIVE });
  });

  after(async () => {
    await kong.stop();
  });

  const SPELLINGS: readonly (readonly [given: string, kept: string])[] = [
    ["10.1.2.3:80", "10.1.2.3:80"],
    ["10.1.2.3", "10.1.2.3:8000"],
    ["svc.ns.svc", "svc.ns.svc:8000"],
    ["[fe80::1]:90", "[fe80:0000:0000:0000:0000:0000:0000:0001]:90"],
    ["::1", "[0000:0000:0000:0000:0000:0000:0000:0001]:8000"],
  ];
  for (const [given, kept] of SPELLINGS) {
    it(`keep ${given} as ${kept}`, async () => {
      assert.equal((await call("POST", "/upstreams/u/targets", { target: given })).body["target"], kept);
    });
  }

  it("are refused where they are no address", async () => {
    for (const target of ["two words", "10.1.2.3:70000", "1.2.3.400"]) {
      const { status, body } = await call("POST", "/upstreams/u/targets", { target });
      assert.equal(status, 400, target);
      assert.deepEqual(body["fields"], { target: "Invalid target; not a valid hostname or ip address" });
    }
  });

  it("are changed by PUT but never created by it", async () => {
    assert.equal((await call("PUT", "/upstreams/u/targets/10.1.2.3:80", { weight: 5 })).status, 404);
    await call("POST", "/upstreams/u/targets", { target: "10.1.2.3:80", tags: ["keep"] });
    const { body } = await call("PUT", "/upstreams/u/targets/10.1.2.3:80", { weight: 5 });
    assert.deepEqual([body["weight"], body["tags"]], [5, ["keep"]]);
  });

  it("are there once, and list the newest first, those of weight 0 included", async () => {
    await call("POST", "/upstreams/u/targets", { target: "10.0.0.1:80", weight: 0 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    await call("POST", "/upstreams/u/targets", { target: "10.0.0.2:80" });
    assert.equal((await call("POST", "/upstreams/u/targets", { target: "10.0.0.1:80" })).status, 409);
    const targets = await shown("/upstreams/u/targets");
    assert.deepEqual(
      targets.map(({ target }) => target),
      ["10.0.0.2:80", "10.0.0.1:80"],
    );
    assert.equal(String(targets[0]?.["created_at"]).includes("."), true);
  });

  it("page by number and forget the size", async () => {
    for (const n of [1, 2, 3]) await call("POST", "/upstreams/u/targets", { target: `10.0.0.${String(n)}:80` });
    const first = await call("GET", "/upstreams/u/targets?size=2");
    assert.equal(first.body["next"], "/upstreams/u/targets?offset=2");
    assert.equal((await shown(String(first.body["next"]))).length, 1);
  });

  it("have no health until the balancer is there, then a health that can be set", async () => {
    await call("POST", "/upstreams/u/targets", { target: "127.0.0.1:9", weight: 7 });
    assert.equal("health" in ((await shown("/upstreams/u/health"))[0] ?? {}), false);
    const early = await call("PUT", "/upstreams/u/targets/127.0.0.1:9/unhealthy");
    assert.deepEqual([early.status, early.body], [400, { message: "Upstream u has no balancer" }]);
    await until(async () => "health" in ((await shown("/upstreams/u/health"))[0] ?? {}));
    assert.equal((await call("PUT", "/upstreams/u/targets/127.0.0.1:9/unhealthy")).status, 204);
    assert.equal((await shown("/upstreams/u/health"))[0]?.["health"], "UNHEALTHY");
    assert.equal((await call("PUT", "/upstreams/u/targets/127.0.0.1:9/healthy")).status, 204);
    const [target] = await shown("/upstreams/u/health");
    assert.equal(target?.["health"], "HEALTHY");
    assert.deepEqual((target["data"] as JsonObject)["weight"], { available: 7, unavailable: 0, total: 7 });
  });

  it("have no path of their own", async () => {
    assert.equal((await call("GET", "/targets")).status, 404);
    assert.equal((await call("DELETE", "/upstreams/u/targets/10.9.9.9:1")).status, 404);
  });
});

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 1500;
  while (!(await isTrue())) {
    assert.ok(Date.now() < endMs, "it took longer than 1.5 s");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
