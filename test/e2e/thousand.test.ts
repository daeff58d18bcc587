import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { conditionOf, type ClusterObject } from "./setup-cluster.ts";
import { eventually } from "./setup-eventually.ts";
import { isDbless } from "./setup-kong.ts";
import { useScene, type Applied } from "./setup-scene.ts";
import { env } from "./setup.ts";

const COUNT = 1_000;
/** The one whose path Kong refuses: the API server cannot tell, Kong's regular expressions can. */
const REFUSED = 500;
const CHANGED = 40;
const IS_DBLESS = isDbless(process.env);
/** One every two seconds while a busy machine makes the objects. */
const MOST_LOADS = 40;
/** Reads that a restart may cost: lists of what is ours, or of all there is where nobody else has anything. */
const CHEAP = IS_DBLESS ? /^\/($|status$|schemas\/|[\w-]+\?size=)/ : /^\/($|schemas\/|[\w-]+\?(.*&)?tags=)/;
/** How long the gateway is away, in all. */
const OUTAGE_MS = process.env["KJO_E2E_LONG"] ? 60_000 : 20_000;
/** Drift interval in which nothing happens that is not asked for. */
const QUIET = { intervalSeconds: 3600 };

describe(`e2e: ${COUNT} services and ${COUNT} routes`, () => {
  const scene = useScene("thousand", { gateway: { drift: QUIET } });
  const nameOf = (index: number): string => `n${String(index).padStart(4, "0")}`;
  const pathsOf = (index: number): string[] =>
    index === REFUSED ? ["~/(unclosed"] : [scene.path(`/${nameOf(index)}`)];

  const routes = () => env().cluster.list("KongRoute", scene.namespace);
  const services = () => env().cluster.list("KongService", scene.namespace);
  const isReady = (object: ClusterObject): boolean => {
    const ready = conditionOf(object, "Ready");
    return ready?.status === "True" && ready.observedGeneration === object.metadata.generation;
  };
  const ownedIn = (collection: string) =>
    env().kong.list(`/${collection}?tags=kjo.instance:${scene.namespace}.default`);

  async function createAll(objects: readonly Applied[]): Promise<void> {
    const rest = [...objects];
    const lanes = Array.from({ length: 12 }, async () => {
      for (let next = rest.pop(); next; next = rest.pop()) await env().cluster.create(scene.object(next));
    });
    await Promise.all(lanes);
  }

  before(async function () {
    this.timeout(240_000);
    const indexes = Array.from({ length: COUNT }, (_, index) => index);
    await createAll(
      indexes.flatMap((index) => [
        ["KongService", nameOf(index), { url: env().backends.a.url }] as const,
        ["KongRoute", nameOf(index), { serviceRef: { name: nameOf(index) }, paths: pathsOf(index) }] as const,
      ]),
    );
    await eventually(async () => assert.equal((await services()).filter(isReady).length, COUNT), {
      timeoutMs: 150_000,
      everyMs: 1_000,
    });
    await eventually(
      async () => assert.ok((await routes()).every((route) => conditionOf(route, "Ready") !== undefined)),
      { timeoutMs: 60_000, everyMs: 1_000 },
    );
  });

  it("serves 999 and shows Kong's reason and field on the one that Kong refuses", async () => {
    await eventually(async () => {
      const refused = (await routes()).filter((route) => !isReady(route)).map(({ metadata }) => metadata.name);
      assert.deepEqual(refused, [nameOf(REFUSED)]);
    });
    const expected = { status: "False", reason: "Rejected", message: /paths/ } as const;
    await scene.condition("KongRoute", nameOf(REFUSED), "Programmed", expected);
    assert.equal((await ownedIn("routes")).length, COUNT - 1);
    for (const index of [0, REFUSED - 1, REFUSED + 1, COUNT - 1]) await scene.served(scene.path(`/${nameOf(index)}`));
  });

  it("are brought to Kong in one write each, or all in a few loads", () => {
    const puts = scene.front.writes.filter(({ status }) => status < 300);
    if (IS_DBLESS) return assert.ok(puts.length <= MOST_LOADS, `${puts.length} loads`);
    assert.equal(new Set(puts.map(({ path }) => path)).size, COUNT * 2 - 1);
    assert.equal(puts.length, COUNT * 2 - 1);
  });

  it("cost a restart only paged lists, schemas and no write", async function () {
    this.timeout(120_000);
    // The one that Kong refuses would be tried again.
    await scene.patch("KongRoute", nameOf(REFUSED), { paths: [scene.path(`/${nameOf(REFUSED)}`)] });
    await scene.ready("KongRoute", nameOf(REFUSED));
    const { operator, cluster } = env();
    await operator.stop();
    scene.front.reset();
    const changes = await cluster.countWrites("KongRoute", scene.namespace);
    await operator.start();
    for (const kind of ["KongService", "KongRoute"]) {
      await eventually(
        async () => assert.ok((await operator.metric("kjo_reconcile_total", { kind, result: "success" })) >= COUNT),
        { timeoutMs: 60_000 },
      );
    }
    assert.deepEqual(scene.front.writes, []);
    const others = scene.front.reads.filter(({ path }) => !CHEAP.test(path));
    assert.deepEqual(others, []);
    assert.ok(scene.front.reads.length < 60, `${scene.front.reads.length} reads`);
    assert.ok(scene.front.reads.some(({ path }) => path.startsWith("/routes?") && path.includes("size=1000")));
    assert.equal(changes.count(), 0, "objects written in the cluster");
    await changes.stop();
  });

  it(`get over ${OUTAGE_MS / 1000} s without Kong: it is said once, tried seldom, and all converges by itself`, async function () {
    this.timeout(OUTAGE_MS + 150_000);
    const { cluster, operator } = env();
    await scene.ready("KongGateway", "default");
    const routeWrites = await cluster.countWrites("KongRoute", scene.namespace);
    const gatewayWrites = await cluster.countWrites("KongGateway", scene.namespace);
    const startedAt = Date.now();
    scene.front.reset();
    scene.front.cut();
    const changed = Array.from({ length: CHANGED }, (_, index) => nameOf(index * 3));
    for (const name of changed) {
      await scene.patch("KongRoute", name, { paths: [scene.path(`/${name}`), scene.path(`/new-${name}`)] });
    }
    await scene.condition("KongGateway", "default", "Ready", { status: "False" });
    for (const name of changed) await scene.condition("KongRoute", name, "Programmed", { status: "Unknown" });
    const unknown = (await routes()).filter((route) => conditionOf(route, "Programmed")?.status !== "True");
    assert.deepEqual(unknown.map(({ metadata }) => metadata.name).sort(), changed);
    await sleep(Math.max(0, OUTAGE_MS / 2 - (Date.now() - startedAt)));
    assert.ok(scene.front.connections < 60 + OUTAGE_MS / 500, `${scene.front.connections} connections while cut off`);

    await scene.front.refuse();
    const unanswered = await operator.metric("kjo_kong_requests_total", { status: "0" });
    await sleep(Math.max(0, OUTAGE_MS - (Date.now() - startedAt)));
    const tried = (await operator.metric("kjo_kong_requests_total", { status: "0" })) - unanswered;
    assert.ok(tried < 30 + OUTAGE_MS / 1000, `${tried} requests while refused`);
    // A spec, a status and perhaps another reason for it; far from one for each of the 2,000.
    assert.ok(routeWrites.count() <= CHANGED * 5, `${routeWrites.count()} writes to routes`);

    scene.front.reset();
    await scene.front.restore();
    const back = { timeoutMs: 60_000 };
    await scene.condition("KongGateway", "default", "Ready", { status: "True" }, back);
    for (const name of changed) await scene.condition("KongRoute", name, "Ready", { status: "True" }, back);
    await scene.served(scene.path(`/new-${changed.at(-1)}`));
    await settled(() => scene.front.requests.length);
    const { length } = scene.front.writes;
    assert.ok(IS_DBLESS ? length <= 3 : length === CHANGED, `${length} writes`);
    assert.ok(routeWrites.count() <= CHANGED * 7, `${routeWrites.count()} writes to routes`);
    assert.ok(gatewayWrites.count() <= 20, `${gatewayWrites.count()} writes to the gateway`);
    await Promise.all([routeWrites.stop(), gatewayWrites.stop()]);
  });

  afterEach(() => scene.front.restore());

  it("leave Kong when they are deleted, in whatever order", async function () {
    this.timeout(180_000);
    await scene.deleteAll(["KongService", "KongRoute"], { timeoutMs: 150_000, everyMs: 2_000 });
    assert.equal((await scene.ownedInKong()).length, 0);
  });
});

/** Waits until a count has stood still for two seconds. */
async function settled(count: () => number): Promise<void> {
  for (let before = -1; before !== count();) {
    before = count();
    await sleep(2_000);
  }
}
