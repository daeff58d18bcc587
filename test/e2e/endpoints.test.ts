import assert from "node:assert/strict";
import { podAddress } from "../dev/own-network.ts";
import { skip } from "../dev/skip.ts";
import { openBackend, type KongBackend } from "./setup-backends.ts";
import { conditionOf } from "./setup-cluster.ts";
import { applyPods, applyService } from "./setup-endpoints.ts";
import { eventually } from "./setup-eventually.ts";
import { echoOf, isDbless, type KongEntityFields } from "./setup-kong.ts";
import { useScene, type Scene } from "./setup-scene.ts";
import { env } from "./setup.ts";

const REQUESTS = 200;
/** A real Kong's workers each go round their own ring, and start anywhere on it. */
const TOLERANCE = 20;

const serviceRef = (name: string) => ({ name, port: "http" });

/** What the writes to a gateway are: one for each entity, or one load for each change. */
const writes = (...methods: readonly string[]): readonly string[] =>
  isDbless(process.env) ? methods.map(() => "POST") : methods;

/** Of an upstream by its name, `address weight`, sorted. */
async function targetsOf(scene: Scene, upstream: string): Promise<string[]> {
  const { id } = await scene.inKong("upstreams", upstream);
  const targets = await env().kong.list(`/upstreams/${id}/targets`);
  return targets.map(({ target, weight }: KongEntityFields) => `${String(target)} ${String(weight)}`).sort();
}

/** How many of {@link REQUESTS} requests each backend got. */
async function share(path: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let done = 0; done < REQUESTS; done += 20) {
    const replies = await Promise.all(Array.from({ length: 20 }, () => env().kong.get(path)));
    for (const reply of replies) counts[echoOf(reply).backend] = (counts[echoOf(reply).backend] ?? 0) + 1;
  }
  return counts;
}

describe("e2e: a KongService with a Kubernetes Service as its backend", () => {
  const scene = useScene("backend", { gateway: { drift: { intervalSeconds: 3600 } } });
  const path = scene.path("/orders");
  const upstream = `orders.service.${scene.namespace}.kjo.invalid`;
  const backends: KongBackend[] = [];

  const answering = (...names: readonly string[]) =>
    eventually(async () => assert.deepEqual(Object.keys(await share(path)).sort(), names));

  before(async function () {
    const pod = podAddress();
    if ("reason" in pod) skip(this, pod.reason);
    for (const name of ["one", "two"]) backends.push(await openBackend(name, pod.address));
    await applyService(scene, "orders");
    await applyPods(scene, "orders", [backends[0]!]);
    await scene.apply(
      ["KongService", "orders", { backend: { serviceRef: serviceRef("orders") } }],
      ["KongRoute", "orders", { serviceRef: { name: "orders" }, paths: [path] }],
    );
    await scene.ready("KongService", "orders");
  });
  after(() => Promise.all(backends.map((backend) => backend.stop())));

  it("has an upstream of its own, named by no DNS server, that leads to the Pods", async () => {
    assert.equal((await scene.inKong("services", scene.kongName("orders")))["host"], upstream);
    assert.deepEqual(await targetsOf(scene, upstream), [`${backends[0]!.address} 100`]);
    await answering("one");
  });

  it("follows a Pod that comes by one write and no read", async () => {
    scene.front.reset();
    await applyPods(scene, "orders", backends);
    await eventually(async () => assert.equal((await targetsOf(scene, upstream)).length, 2));
    assert.deepEqual(
      scene.front.writes.map(({ method }) => method),
      writes("POST"),
    );
    await answering("one", "two");
  });

  it("gives a Pod that is going nothing new, and forgets it when it is gone", async () => {
    const [first, second] = backends as [KongBackend, KongBackend];
    scene.front.reset();
    await applyPods(scene, "orders", [{ ...first, terminating: true }, second]);
    await eventually(async () =>
      assert.deepEqual(await targetsOf(scene, upstream), [`${first.address} 0`, `${second.address} 100`].sort()),
    );
    await answering("two");
    await applyPods(scene, "orders", [second]);
    await eventually(async () => assert.deepEqual(await targetsOf(scene, upstream), [`${second.address} 100`]));
    assert.deepEqual(
      scene.front.writes.map(({ method }) => method),
      writes("PATCH", "DELETE"),
    );
  });

  it("stays Ready without any Pod, and says so in the reason", async () => {
    await applyPods(scene, "orders", []);
    await scene.condition("KongService", "orders", "Ready", { status: "True", reason: "NoEndpoints" });
    assert.deepEqual(await targetsOf(scene, upstream), []);
  });

  it("waits for a Service that is not there, and names it", async () => {
    await scene.patch("KongService", "orders", { backend: { serviceRef: serviceRef("later") } });
    await scene.condition("KongService", "orders", "ResolvedRefs", {
      status: "False",
      reason: "ServiceNotFound",
      message: /spec\.backend\.serviceRef: Service .*later does not exist/,
    });
    await applyService(scene, "later");
    await applyPods(scene, "later", [backends[0]!]);
    await scene.ready("KongService", "orders");
    await answering("one");
  });

  it("takes an ExternalName for the host that it names", async () => {
    await applyService(scene, "external", { type: "ExternalName", externalName: "orders.example.test" });
    await scene.patch("KongService", "orders", { backend: { serviceRef: serviceRef("external") } });
    await eventually(async () => assert.deepEqual(await targetsOf(scene, upstream), ["orders.example.test:80 100"]));
  });
});

describe("e2e: a KongUpstream with several backends", () => {
  const scene = useScene("backends", { gateway: { drift: { intervalSeconds: 3600 } } });
  const path = scene.path("/shared");
  const upstream = `pool.${scene.namespace}.kjo.invalid`;
  const stable: KongBackend[] = [];
  const canary: KongBackend[] = [];

  const backends = (stable: number, canary: number) => [
    { serviceRef: serviceRef("stable"), weight: stable },
    { serviceRef: serviceRef("canary"), weight: canary },
  ];
  const canarysShare = (expected: number) =>
    eventually(async () => {
      const { canary = 0 } = await share(path);
      const allowed = expected === 0 || expected === REQUESTS ? 0 : TOLERANCE;
      assert.ok(Math.abs(canary - expected) <= allowed, `the canary got ${canary} of ${REQUESTS}`);
    });

  before(async function () {
    const pod = podAddress();
    if ("reason" in pod) skip(this, pod.reason);
    for (let count = 0; count < 3; count += 1) stable.push(await openBackend("stable", pod.address));
    canary.push(await openBackend("canary", pod.address));
    await applyService(scene, "stable");
    await applyService(scene, "canary");
    await applyPods(scene, "stable", stable);
    await applyPods(scene, "canary", canary);
    await scene.apply(
      ["KongUpstream", "pool", { backends: backends(90, 10) }],
      ["KongService", "pool", { upstreamRef: { name: "pool" } }],
      ["KongRoute", "pool", { serviceRef: { name: "pool" }, paths: [path] }],
    );
    await scene.ready("KongUpstream", "pool");
    await scene.served(path);
  });
  after(() => Promise.all([...stable, ...canary].map((backend) => backend.stop())));

  it("gives a canary of one Pod beside three its tenth of the requests", () => canarysShare(REQUESTS / 10));

  it("shifts the requests by writes to targets alone", async () => {
    scene.front.reset();
    await scene.patch("KongUpstream", "pool", { backends: backends(50, 50) });
    await scene.ready("KongUpstream", "pool");
    const { id } = await scene.inKong("upstreams", upstream);
    if (isDbless(process.env)) assert.equal(scene.front.writes.length, 1);
    else {
      assert.equal(scene.front.writes.length, 4);
      for (const { path } of scene.front.writes) assert.ok(path.startsWith(`/upstreams/${id}/targets/`), path);
    }
    await canarysShare(REQUESTS / 2);
  });

  it("keeps the shares when one backend loses a Pod, and writes only that backend's targets", async () => {
    scene.front.reset();
    await applyPods(scene, "stable", stable.slice(0, 2));
    await eventually(async () => assert.equal((await targetsOf(scene, upstream)).length, 3));
    await eventually(() => assert.equal(scene.front.writes.length, isDbless(process.env) ? 1 : 3));
    assert.deepEqual(await targetsOf(scene, upstream), [
      ...[`${stable[0]!.address} 2500`, `${stable[1]!.address} 2500`, `${canary[0]!.address} 5000`].sort(),
    ]);
    await canarysShare(REQUESTS / 2);
  });

  it("sends everything to the other backend where one has no Pods, and says which", async () => {
    await applyPods(scene, "stable", []);
    await scene.condition("KongUpstream", "pool", "ResolvedRefs", {
      status: "True",
      reason: "NoEndpoints",
      message: /spec\.backends\[0\]: Service .*stable has no ready endpoint/,
    });
    await canarysShare(REQUESTS);
  });

  it("goes on with the other backend where a Service is missing, and is not Ready", async () => {
    await env().cluster.delete("Service", scene.namespace, "stable");
    await scene.condition("KongUpstream", "pool", "Ready", { status: "False", reason: "ServiceNotFound" });
    assert.equal(conditionOf(await scene.get("KongUpstream", "pool"), "Programmed")?.status, "True");
    await canarysShare(REQUESTS);
  });
});

describe("e2e: ten Pods replaced one after the other", () => {
  const scene = useScene("roll", { gateway: { drift: { intervalSeconds: 3600 } } });
  const PODS = 10;
  const pod = (number: number) => ({ address: `192.0.2.${100 + number}:8080` });

  it("costs one write for each Pod that comes, is going and is gone, each soon after its EndpointSlice", async () => {
    let pods: { address: string; terminating?: boolean }[] = Array.from({ length: PODS }, (_, index) => pod(index));
    await applyService(scene, "web");
    await applyPods(scene, "web", pods);
    await scene.apply(["KongUpstream", "web", { backends: [{ serviceRef: serviceRef("web") }] }]);
    await scene.ready("KongUpstream", "web");
    scene.front.reset();
    const tookMs: number[] = [];
    const change = async (next: typeof pods): Promise<void> => {
      pods = next;
      const before = scene.front.writes.length;
      const startedAtMs = Date.now();
      await applyPods(scene, "web", pods);
      await eventually(() => assert.equal(scene.front.writes.length, before + 1), { everyMs: 10 });
      tookMs.push((scene.front.writes.at(-1)?.atMs ?? 0) - startedAtMs);
    };
    for (let index = 0; index < PODS; index += 1) {
      await change([...pods, pod(PODS + index)]);
      const [going, ...others] = pods;
      await change([{ ...going!, terminating: true }, ...others]);
      await change(others);
    }
    tookMs.sort((a, b) => a - b);
    const p95 = tookMs[Math.floor(tookMs.length * 0.95)] ?? 0;
    console.info(`      from the EndpointSlice's PATCH to Kong's answer: median ${tookMs[15]} ms, p95 ${p95} ms`);
    assert.ok(p95 < 1_000, `p95 ${p95} ms: ${tookMs.join(" ")}`);
    const methods = scene.front.writes.map(({ method }) => method);
    assert.deepEqual(methods, Array.from({ length: PODS }, () => writes("POST", "PATCH", "DELETE")).flat());
    const upstream = await targetsOf(scene, `web.${scene.namespace}.kjo.invalid`);
    assert.deepEqual(
      upstream,
      Array.from({ length: PODS }, (_, index) => `${pod(PODS + index).address} 100`),
    );
  });

  it("is followed by the proxy: the time until a new Pod takes requests", async function () {
    const address = podAddress();
    if ("reason" in address) skip(this, address.reason);
    this.timeout(120_000);
    const path = scene.path("/web");
    const pair = [await openBackend("blue", address.address), await openBackend("green", address.address)];
    try {
      await applyPods(scene, "web", [pair[0]!]);
      await scene.apply(
        ["KongService", "web", { upstreamRef: { name: "web" } }],
        ["KongRoute", "web", { serviceRef: { name: "web" }, paths: [path] }],
      );
      await scene.served(path);
      const tookMs: number[] = [];
      for (let round = 1; round <= 6; round += 1) {
        const startedAtMs = Date.now();
        await applyPods(scene, "web", [pair[round % 2]!]);
        const name = ["blue", "green"][round % 2];
        await eventually(async () => assert.equal(echoOf(await env().kong.get(path)).backend, name), { everyMs: 10 });
        tookMs.push(Date.now() - startedAtMs);
      }
      tookMs.sort((a, b) => a - b);
      console.info(
        `      from the EndpointSlice's PATCH to the proxy: median ${tookMs[2]} ms, at most ${tookMs[5]} ms`,
      );
      // A Kong looks at its database every 5 s unless it is told otherwise.
      assert.ok((tookMs[5] ?? 0) < 15_000, tookMs.join(" "));
    } finally {
      await Promise.all(pair.map((backend) => backend.stop()));
    }
  });
});
