import assert from "node:assert/strict";
import { eventually } from "./setup-eventually.ts";
import { openBackend, openRefusingAddress, type KongBackend } from "./setup-backends.ts";
import { echoOf } from "./setup-kong.ts";
import { useScene } from "./setup-scene.ts";
import { env } from "./setup.ts";

describe("e2e: the health of targets", () => {
  const scene = useScene("health", { gateway: { drift: { intervalSeconds: 2 } } });
  let dead = "";
  const started: KongBackend[] = [];

  const targets = () => [{ target: env().backends.a.address }, { target: dead }];
  const health = async (name: string): Promise<Record<string, string | undefined>> => {
    const { status } = await scene.get("KongUpstream", name);
    const listed = (status?.["targetHealth"] ?? []) as { target: string; health?: string }[];
    return Object.fromEntries(listed.map(({ target, health }) => [target, health]));
  };
  const routed = async (name: string, upstream: object): Promise<string> => {
    const path = scene.path(`/${name}`);
    await scene.apply(
      ["KongUpstream", name, { targets: targets(), ...upstream }],
      ["KongService", name, { upstreamRef: { name }, retries: 0 }],
      ["KongRoute", name, { serviceRef: { name }, paths: [path] }],
    );
    await scene.ready("KongUpstream", name);
    await eventually(async () => assert.notEqual((await env().kong.get(path)).status, 404));
    return path;
  };
  const onlyAnswers = (path: string, backend: string) =>
    eventually(async () => {
      for (let request = 0; request < 20; request += 1) {
        assert.equal(echoOf(await env().kong.get(path)).backend, backend);
      }
    });

  before(async () => {
    dead = await openRefusingAddress(process.env["KJO_E2E_HOST"]);
  });
  after(() => Promise.all(started.map((backend) => backend.stop())));

  it("is HEALTHCHECKS_OFF where nobody looks", async () => {
    await routed("unchecked", {});
    assert.deepEqual(await health("unchecked"), {
      [env().backends.a.address]: "HEALTHCHECKS_OFF",
      [dead]: "HEALTHCHECKS_OFF",
    });
  });

  it("takes a dead target out by active checks, and says so in status, Event and metric", async () => {
    const active = {
      type: "http",
      http_path: "/",
      healthy: { interval: 1, successes: 1 },
      unhealthy: { interval: 1, tcp_failures: 1, http_failures: 1, timeouts: 1 },
    };
    const path = await routed("active", { healthchecks: { active } });
    await onlyAnswers(path, "a");
    await eventually(async () =>
      assert.deepEqual(await health("active"), { [env().backends.a.address]: "HEALTHY", [dead]: "UNHEALTHY" }),
    );
    assert.equal((await scene.get("KongUpstream", "active")).status?.["unhealthyTargets"], 1);
    await eventually(async () => {
      const [event] = await scene.events("KongUpstream", "active", "TargetUnhealthy");
      assert.match(event?.note ?? "", new RegExp(dead.replaceAll(".", "\\.")));
    });
    const gateway = `KongGateway/${scene.namespace}/default`;
    assert.equal(await env().operator.metric("kjo_kong_targets", { gateway, health: "UNHEALTHY" }), 1);
  });

  it("takes a dead target out by what the traffic shows, with passive checks", async () => {
    const path = await routed("passive", { healthchecks: { passive: { unhealthy: { tcp_failures: 1 } } } });
    await onlyAnswers(path, "a");
    await eventually(async () => assert.equal((await health("passive"))[dead], "UNHEALTHY"));
  });

  it("is followed without a write to Kong, and without one to the cluster while nothing changes", async () => {
    scene.front.reset();
    const statuses = await env().cluster.countWrites("KongUpstream", scene.namespace);
    await eventually(() => assert.ok(scene.front.checks >= 3));
    await statuses.stop();
    assert.deepEqual([scene.front.writes, statuses.count()], [[], 0]);
  });

  it("comes back with the target, and is told", async () => {
    const port = Number(dead.slice(dead.lastIndexOf(":") + 1));
    started.push(await openBackend("back", process.env["KJO_E2E_HOST"], port));
    await eventually(async () => assert.equal((await health("active"))[dead], "HEALTHY"));
    await eventually(async () => assert.ok((await scene.events("KongUpstream", "active", "TargetHealthy")).length > 0));
  });
});

describe("e2e: how an upstream spreads requests", () => {
  const scene = useScene("algorithms", { gateway: { drift: { intervalSeconds: 3600 } } });
  const path = scene.path("/spread");

  const backends = async (headersOf: (request: number) => Readonly<Record<string, string>>): Promise<string[]> => {
    const requests = Array.from({ length: 40 }, async (_, request) =>
      echoOf(await env().kong.get(path, { headers: headersOf(request) })),
    );
    // At once, or the target with the fewest connections would always be the same.
    return (await Promise.all(requests)).map(({ backend }) => backend);
  };
  const upstream = (spec: object) => ({
    targets: [{ target: env().backends.a.address }, { target: env().backends.b.address }],
    ...spec,
  });

  before(async () => {
    await scene.apply(
      ["KongUpstream", "spread", upstream({})],
      ["KongService", "spread", { upstreamRef: { name: "spread" } }],
      ["KongRoute", "spread", { serviceRef: { name: "spread" }, paths: [path] }],
    );
    await scene.served(path);
  });

  for (const algorithm of ["round-robin", "least-connections", "latency"]) {
    it(`by ${algorithm}, to every target`, async () => {
      await scene.apply(["KongUpstream", "spread", upstream({ algorithm })]);
      await scene.ready("KongUpstream", "spread");
      await eventually(async () => assert.deepEqual(new Set(await backends(() => ({}))), new Set(["a", "b"])));
    });
  }

  it("by the hash of a header: the same value goes to the same target, others elsewhere", async () => {
    await scene.apply([
      "KongUpstream",
      "spread",
      upstream({ algorithm: "consistent-hashing", hash_on: "header", hash_on_header: "x-user", hash_fallback: "ip" }),
    ]);
    await scene.ready("KongUpstream", "spread");
    await eventually(async () => {
      assert.equal(new Set(await backends(() => ({ "x-user": "anna" }))).size, 1);
      assert.equal(new Set(await backends((request) => ({ "x-user": `user-${request}` }))).size, 2);
      assert.equal(new Set(await backends(() => ({}))).size, 1);
    });
  });
});
