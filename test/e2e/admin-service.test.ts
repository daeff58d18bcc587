import assert from "node:assert/strict";
import type { Context } from "mocha";
import { podAddress } from "../dev/own-network.ts";
import { skip } from "../dev/skip.ts";
import { startKongDouble, type KongDouble } from "../doubles/kong/double.ts";
import { conditionOf } from "./setup-cluster.ts";
import { needsDatabase } from "./setup-database.ts";
import { applyPods, applyService } from "./setup-endpoints.ts";
import { eventually } from "./setup-eventually.ts";
import { AdminFront } from "./setup-front.ts";
import { useScene } from "./setup-scene.ts";
import { env } from "./setup.ts";

/** Nothing but what has gone wrong stands between the event and its end. */
const AT_ONCE = { timeoutMs: 5_000 };

/** An address that EndpointSlices take, and on which the tests' own servers can listen. */
function ownPodAddress(context: Context): string {
  const pod = podAddress();
  return "reason" in pod ? skip(context, pod.reason) : pod.address;
}

/** A Kong without a database as a Pod: its Admin API on an address of its own. */
interface DblessPod {
  readonly double: KongDouble;
  readonly front: AdminFront;
}

const namesIn = ({ double }: DblessPod, type: string): unknown[] =>
  [...double.store.table(type).rows.values()].map(({ name }) => name).sort();

describe("e2e: a gateway without a database behind a Service", () => {
  const scene = useScene("admin-service", { gateway: false });
  const pods: DblessPod[] = [];
  const service = (name: string, url = "http://shop.example.test") => ["KongService", name, { url }] as const;
  const stand = (...these: readonly DblessPod[]): Promise<void> =>
    applyPods(
      scene,
      "kong-admin",
      these.map(({ front: { address } }) => ({ address })),
    );

  async function startPod(host: string): Promise<DblessPod> {
    const double = await startKongDouble({ dbless: true });
    const pod = { double, front: await AdminFront.start(double.adminUrl, host) };
    pods.push(pod);
    return pod;
  }

  before(async function () {
    if (env().kong.isReal) skip(this, "one real Kong cannot be several Pods");
    const host = ownPodAddress(this);
    await startPod(host);
    await startPod(host);
    await applyService(scene, "kong-admin");
    await stand(...pods);
    await scene.apply(
      ["KongGateway", "default", { adminApi: { serviceRef: { name: "kong-admin", port: "http" } } }],
      service("shop"),
      ["KongRoute", "shop", { serviceRef: { name: "shop" }, paths: ["/shop"] }],
    );
  });
  after(async () => {
    for (const { front, double } of pods) {
      await front.stop();
      await double.stop();
    }
  });

  it("gives every Pod the same configuration, and says so", async () => {
    await scene.ready("KongRoute", "shop");
    const [first, second] = pods as [DblessPod, DblessPod];
    for (const pod of pods) {
      assert.deepEqual(namesIn(pod, "services"), [scene.kongName("shop")]);
      assert.deepEqual(namesIn(pod, "routes"), [scene.kongName("shop")]);
    }
    await eventually(async () => {
      const { mode, dbless } = (await scene.get("KongGateway", "default")).status as unknown as {
        mode: string;
        dbless: { configurationHash: string; pods: { address: string; configurationHash: string }[] };
      };
      assert.equal(mode, "db-less");
      const expected = [first, second].map(({ front: { address } }) => address).sort();
      assert.deepEqual(
        dbless.pods,
        expected.map((address) => ({ address, configurationHash: dbless.configurationHash })),
      );
    });
  });

  it("gives a Pod that comes later the configuration at once, and the others nothing", async function () {
    const [first, second] = pods as [DblessPod, DblessPod];
    const third = await startPod(ownPodAddress(this));
    for (const { front } of [first, second]) front.reset();
    await stand(...pods);
    await eventually(() => assert.deepEqual(namesIn(third, "services"), [scene.kongName("shop")]), AT_ONCE);
    assert.equal(third.front.writes.length, 1);
    assert.deepEqual([...first.front.writes, ...second.front.writes], []);
  });

  it("is not held up by a Pod that is away: that is named, and given everything when it is back", async () => {
    const [first, second, third] = pods as [DblessPod, DblessPod, DblessPod];
    await first.front.refuse();
    await scene.apply(service("late"));
    await scene.ready("KongService", "late");
    for (const pod of [second, third]) assert.ok(namesIn(pod, "services").includes(scene.kongName("late")));
    const away = { status: "True", reason: "PodUnreachable", message: new RegExp(first.front.address) } as const;
    await scene.condition("KongGateway", "default", "PodsBehind", away);
    await scene.condition("KongGateway", "default", "Ready", { status: "True" });
    for (const { front } of [second, third]) front.reset();
    await first.front.restore();
    await eventually(() => assert.ok(namesIn(first, "services").includes(scene.kongName("late"))), AT_ONCE);
    assert.deepEqual([...second.front.writes, ...third.front.writes], []);
    await eventually(async () => {
      const status = conditionOf(await scene.get("KongGateway", "default"), "PodsBehind")?.status;
      assert.ok(status === undefined || status === "False", status);
    });
  });

  it("forgets a Pod that is gone", async () => {
    const [first, second, third] = pods as [DblessPod, DblessPod, DblessPod];
    await stand(second, third);
    await eventually(async () => {
      const { dbless } = (await scene.get("KongGateway", "default")).status as unknown as {
        dbless: { pods: { address: string }[] };
      };
      assert.deepEqual(
        dbless.pods.map(({ address }) => address),
        [second, third].map(({ front: { address } }) => address).sort(),
      );
    });
    first.front.reset();
    await scene.apply(service("later"));
    await scene.ready("KongService", "later");
    assert.deepEqual(first.front.requests, []);
  });

  it("says what is missing where no Pod is left, and goes on with the next one", async () => {
    const [first] = pods as [DblessPod];
    await stand();
    await scene.condition("KongGateway", "default", "Ready", { status: "False", message: /no endpoints/ });
    await scene.apply(service("last"));
    await stand(first);
    await scene.ready("KongService", "last");
    const expected = ["last", "late", "later", "shop"].map((name) => scene.kongName(name));
    assert.deepEqual(namesIn(first, "services"), expected);
  });
});

describe("e2e: a gateway without a database that restarts", () => {
  const scene = useScene("restarted-pod", { gateway: false });
  /** Long enough for pauses that double to have become longer than the limit. */
  const AWAY_MS = 8_000;
  const LIMIT_MS = 4_000;
  let double: KongDouble;

  before(async function () {
    if (env().kong.isReal) skip(this, "a real Kong is not restarted by tests");
    double = await startKongDouble({ dbless: true });
    await scene.apply(
      ["KongGateway", "default", { adminApi: { url: double.adminUrl } }],
      ["KongService", "shop", { url: "http://shop.example.test" }],
    );
    await scene.ready("KongService", "shop");
  });
  after(() => double?.stop());

  it("empty is given its configuration within seconds of answering again, however long it was away", async () => {
    const { adminUrl, store } = double;
    const filled = [...store.table("services").rows.values()];
    assert.equal(filled.length, 1);
    await double.stop();
    await scene.condition("KongGateway", "default", "Ready", { status: "False" });
    await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
    double = await startKongDouble({ dbless: true, port: Number(new URL(adminUrl).port) });
    await eventually(() => assert.equal([...double.store.table("services").rows.values()].length, 1), {
      timeoutMs: LIMIT_MS,
    });
    await scene.ready("KongGateway", "default");
  });
});

describe("e2e: a gateway with a database behind a Service", () => {
  const scene = useScene("admin-service-database", { gateway: false });
  const fronts: AdminFront[] = [];
  const applyShop = (path: string): Promise<void> =>
    scene.apply(["KongService", "shop", { url: `${env().backends.a.url}${path}` }]);

  before(async function () {
    needsDatabase(this, "all of its Pods are given everything");
    const host = ownPodAddress(this);
    for (const _ of ["one", "two"]) fronts.push(await AdminFront.start(env().kong.adminUrl, host));
    await applyService(scene, "kong-admin");
    await applyPods(
      scene,
      "kong-admin",
      fronts.map(({ address }) => ({ address })),
    );
    await scene.apply(["KongGateway", "default", { adminApi: { serviceRef: { name: "kong-admin", port: "http" } } }]);
    await applyShop("/one");
    await scene.ready("KongService", "shop");
  });
  after(() => Promise.all(fronts.map((front) => front.stop())));

  it("is written to through one of its Pods", () => {
    assert.deepEqual(fronts.map(({ writes }) => writes.length).sort(), [0, 1]);
  });

  it("is written to through another one when that is away, without a word of an outage", async () => {
    const used = fronts.find(({ writes }) => writes.length > 0)!;
    const other = fronts.find((front) => front !== used)!;
    const { lastTransitionTime } = conditionOf(await scene.get("KongGateway", "default"), "Ready") ?? {};
    await used.refuse();
    for (const front of fronts) front.reset();
    await applyShop("/two");
    await scene.ready("KongService", "shop");
    assert.equal((await scene.inKong("services", scene.kongName("shop")))["path"], "/two");
    assert.deepEqual(
      other.writes.map(({ status }) => status),
      [200],
    );
    const ready = conditionOf(await scene.get("KongGateway", "default"), "Ready");
    assert.deepEqual([ready?.status, ready?.lastTransitionTime], ["True", lastTransitionTime]);
  });

  it("is away when all are, and goes on with whichever comes back", async () => {
    const [first, second] = fronts as [AdminFront, AdminFront];
    await first.refuse();
    await second.refuse();
    await applyShop("/three");
    await scene.condition("KongGateway", "default", "Ready", { status: "False" });
    await first.restore();
    await scene.ready("KongService", "shop");
    assert.equal((await scene.inKong("services", scene.kongName("shop")))["path"], "/three");
    assert.deepEqual(second.writes, []);
    await second.restore();
  });
});
