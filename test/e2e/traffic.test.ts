import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";
import { podAddress } from "../dev/own-network.ts";
import { skip } from "../dev/skip.ts";
import { openBackend, type KongBackend } from "./setup-backends.ts";
import { applyPods, applyService } from "./setup-endpoints.ts";
import { eventually } from "./setup-eventually.ts";
import { echoOf, isDbless, type ProxyRequest } from "./setup-kong.ts";
import { useScene, type Scene, type Spec } from "./setup-scene.ts";
import { env } from "./setup.ts";

const EXAMPLES = fileURLToPath(new URL("../../examples", import.meta.url));
const REQUESTS = 300;
/** Above four standard deviations: a real Kong's workers each go round their own ring, and start anywhere on it. */
const TOLERANCE = 25;
const LEAST = 200;

/** The objects of an example as they are in its folder, with paths and hosts of the scene's own. */
async function applyExample(scene: Scene, name: string): Promise<void> {
  const read = (file: string): string => readFileSync(path.join(EXAMPLES, name, file), "utf8");
  const { resources } = parse(read("kustomization.yaml")) as { resources: string[] };
  const documents = resources.flatMap((file) => parseAllDocuments(read(file)));
  for (const document of documents) {
    const { kind, metadata, spec } = document.toJS() as { kind: string; metadata: { name: string }; spec: Spec };
    const { paths, hosts } = spec as { paths?: string[]; hosts?: string[] };
    await scene.apply([
      kind,
      metadata.name,
      {
        ...spec,
        ...(paths ? { paths: paths.map((each) => scene.path(each)) } : {}),
        ...(hosts ? { hosts: hosts.map((each) => scene.host(each.split(".")[0] ?? "")) } : {}),
      },
    ]);
  }
}

/** How many of {@link REQUESTS} requests each version got. */
async function share(route: string, request?: ProxyRequest): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let sent = 0; sent < REQUESTS; sent += 20) {
    const replies = await Promise.all(Array.from({ length: 20 }, () => env().kong.get(route, request)));
    for (const { backend } of replies.map(echoOf)) counts[backend] = (counts[backend] ?? 0) + 1;
  }
  return counts;
}

/** Waits until the version gets this part of the requests; none and all are exact. */
async function expectShare(route: string, version: string, part: number, request?: ProxyRequest): Promise<void> {
  await eventually(async () => {
    const { [version]: count = 0 } = await share(route, request);
    const tolerance = part === 0 || part === 1 ? 0 : TOLERANCE;
    assert.ok(Math.abs(count - part * REQUESTS) <= tolerance, `${version} got ${count} of ${REQUESTS}`);
  });
}

/** Sends requests without a pause while something is done, and some more where that was soon over; returns their statuses. */
async function statusesDuring(route: string, act: () => Promise<void>): Promise<number[]> {
  const statuses: number[] = [];
  let isOver = false;
  const traffic = Array.from({ length: 4 }, async () => {
    while (!isOver || statuses.length < LEAST) statuses.push((await env().kong.get(route)).status);
  });
  try {
    await act();
  } finally {
    isOver = true;
  }
  await Promise.all(traffic);
  return statuses;
}

/** A version behind each Kubernetes Service, in as many Pods. */
class Versions {
  readonly #pods: KongBackend[] = [];

  async open(scene: Scene, address: string, pods: Readonly<Record<string, number>>): Promise<void> {
    for (const [service, count] of Object.entries(pods)) {
      const made: KongBackend[] = [];
      for (let pod = 0; pod < count; pod++) made.push(await openBackend(service, address));
      this.#pods.push(...made);
      await applyService(scene, service);
      await applyPods(scene, service, made);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#pods.map((pod) => pod.stop()));
  }
}

const backend = (name: string, weight: number): Spec => ({ serviceRef: { name, port: "http" }, weight });

describe("e2e: examples/canary", () => {
  const scene = useScene("canary-release", { gateway: { drift: { intervalSeconds: 3600 } } });
  const route = scene.path("/shop");
  const versions = new Versions();
  before(async function () {
    const pod = podAddress();
    if ("reason" in pod) skip(this, pod.reason);
    await versions.open(scene, pod.address, { "shop-stable": 3, "shop-canary": 1 });
    await applyExample(scene, "canary");
    await scene.ready("KongUpstream", "shop");
    await scene.served(route);
  });
  after(() => versions.stop());

  const weigh = (stable: number, canary: number) =>
    scene.patch("KongUpstream", "shop", { backends: [backend("shop-stable", stable), backend("shop-canary", canary)] });

  it("sends a tenth to one Pod of the new version beside three of the old", async () => {
    await expectShare(route, "shop-canary", 0.1);
  });

  it("sends half by one edit, by writes to targets alone, and drops no request", async () => {
    scene.front.reset();
    const statuses = await statusesDuring(route, async () => {
      await weigh(50, 50);
      await expectShare(route, "shop-canary", 0.5);
    });
    assert.deepEqual([...new Set(statuses)], [200]);
    if (isDbless(process.env)) return;
    assert.equal(scene.front.writes.length, 4);
    for (const { path } of scene.front.writes) assert.match(path, /^\/upstreams\/[^/]+\/targets\//);
  });

  it("rolls back by one edit: the new version gets nothing, and no request is dropped", async () => {
    const statuses = await statusesDuring(route, async () => {
      await weigh(100, 0);
      await expectShare(route, "shop-canary", 0);
    });
    assert.deepEqual([...new Set(statuses)], [200]);
  });

  it("goes over to the new version, and the former one is taken out", async () => {
    const statuses = await statusesDuring(route, async () => {
      await weigh(0, 100);
      await expectShare(route, "shop-canary", 1);
      await scene.patch("KongUpstream", "shop", { backends: [backend("shop-canary", 100)] });
      await scene.ready("KongUpstream", "shop");
      await expectShare(route, "shop-canary", 1);
    });
    assert.deepEqual([...new Set(statuses)], [200]);
  });
});

describe("e2e: examples/ab-by-header", () => {
  const scene = useScene("ab", { gateway: { drift: { intervalSeconds: 3600 } } });
  const route = scene.path("/shop");
  const versions = new Versions();
  const byHeader = { headers: { "x-variant": "b" } };
  before(async function () {
    const pod = podAddress();
    if ("reason" in pod) skip(this, pod.reason);
    await versions.open(scene, pod.address, { "shop-a": 1, "shop-b": 1 });
    await applyExample(scene, "ab-by-header");
    await scene.ready("KongRoute", "shop", "shop-b-by-header", "shop-b-by-host");
    await scene.served(route);
  });
  after(() => versions.stop());

  it("sends everyone to A, who asks by the header to B, and any other value to A", async () => {
    await expectShare(route, "shop-a", 1);
    await expectShare(route, "shop-b", 1, byHeader);
    await expectShare(route, "shop-a", 1, { headers: { "x-variant": "c" } });
  });

  it("sends who comes by the other host to B", async () => {
    await expectShare(route, "shop-b", 1, { headers: { host: scene.host("beta") } });
    await expectShare(route, "shop-a", 1, { headers: { host: scene.host("www") } });
  });

  it("sends everyone to B by one edit, and back by one", async () => {
    for (const service of ["shop-b", "shop-a"]) {
      const statuses = await statusesDuring(route, async () => {
        await scene.patch("KongRoute", "shop", { serviceRef: { name: service } });
        await expectShare(route, service, 1);
      });
      assert.deepEqual([...new Set(statuses)], [200]);
      await expectShare(route, "shop-b", 1, byHeader);
    }
  });
});

describe("e2e: examples/blue-green", () => {
  const scene = useScene("blue-green", { gateway: { drift: { intervalSeconds: 3600 } } });
  const route = scene.path("/shop");
  const versions = new Versions();
  before(async function () {
    const pod = podAddress();
    if ("reason" in pod) skip(this, pod.reason);
    await versions.open(scene, pod.address, { "shop-blue": 2, "shop-green": 2 });
    await applyExample(scene, "blue-green");
    await scene.ready("KongUpstream", "shop");
    await scene.served(route);
  });
  after(() => versions.stop());

  it("sends all requests to blue", () => expectShare(route, "shop-blue", 1));

  it("sends all to green by one edit, back by one, and drops no request", async () => {
    const swaps: readonly [blue: number, green: number, all: string][] = [
      [0, 100, "shop-green"],
      [100, 0, "shop-blue"],
      [0, 100, "shop-green"],
    ];
    for (const [blue, green, all] of swaps) {
      const statuses = await statusesDuring(route, async () => {
        await scene.patch("KongUpstream", "shop", {
          backends: [backend("shop-blue", blue), backend("shop-green", green)],
        });
        await expectShare(route, all, 1);
      });
      assert.deepEqual([...new Set(statuses)], [200]);
    }
  });
});
