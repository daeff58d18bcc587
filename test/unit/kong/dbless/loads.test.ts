import assert from "node:assert/strict";
import { PendingError } from "../../../../src/errors.ts";
import type { GatewayConnection, SyncOptions, SyncOutcome } from "../../../../src/kong/gateway-connection.ts";
import type { KongEntity } from "../../../../src/model/kong-entity.ts";
import type { ObjectKey } from "../../../../src/model/object-key.ts";
import { startKongDouble, type KongDouble } from "../../../doubles/kong/double.ts";
import { entity, keyOf, Rig, route, service, until } from "../rig.ts";

/** Syncs as the work queue does: again whenever the owner is told, until it is no longer pending. */
async function settle(
  connection: GatewayConnection,
  owner: ObjectKey,
  desired: readonly KongEntity[],
  options: SyncOptions = {},
): Promise<SyncOutcome> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    try {
      return await connection.sync(owner, desired, options);
    } catch (error) {
      if (!(error instanceof PendingError) || performance.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const settleOne = (connection: GatewayConnection, one: KongEntity): Promise<SyncOutcome> =>
  settle(connection, one.owner, [one]);

describe("kong/dbless: loads", () => {
  let rig: Rig;
  const others: KongDouble[] = [];
  beforeEach(async () => {
    rig = await Rig.start({ dbless: true });
  });
  afterEach(async () => {
    await rig.stop();
    await Promise.all(others.splice(0).map((double) => double.stop()));
  });
  const loads = (double = rig.double): number =>
    double.requests.filter(({ method, path }) => method === "POST" && path.startsWith("/config")).length;
  const names = async (collection: string): Promise<unknown[]> => {
    const { body } = await rig.admin("GET", `/${collection}`);
    return (body["data"] as { name: string }[]).map(({ name }) => name).sort();
  };

  it("brings many objects to the gateway in one load, what refers to what included", async () => {
    const connection = await rig.ready();
    const services = Array.from({ length: 40 }, (_, index) => service(`s${index}`));
    const routes = services.map(({ id }, index) => route(`r${index}`, id));
    await Promise.all([...services, ...routes].map((one) => settleOne(connection, one)));
    assert.equal(loads(), 1);
    assert.equal((await names("routes")).length, 40);
  });

  it("makes no load where nothing differs, also after a restart of the operator", async () => {
    const first = await rig.ready();
    const shop = service("shop", { retries: 3 });
    const users = route("users", shop.id);
    await Promise.all([settleOne(first, shop), settleOne(first, users)]);
    const { hash } = first.state.dbless ?? {};
    await first.stop();
    rig.double.resetCounts();
    const second = await rig.connectAndWait({}, { loadedHash: hash ?? "" });
    assert.equal((await second.sync(shop.owner, [shop], { inSyncBefore: true })).drifted.length, 0);
    await second.sync(users.owner, [users], { inSyncBefore: true });
    assert.equal(rig.writes, 0);
  });

  it("takes a refused entity out, says Kong's words to its own object and loads the others", async () => {
    const connection = await rig.ready();
    const good = service("good");
    const bad = route("bad", good.id, { paths: ["no-slash"] });
    const [outcome, refusal] = await Promise.allSettled([settleOne(connection, good), settleOne(connection, bad)]);
    assert.equal(outcome.status, "fulfilled");
    assert.equal(refusal.status, "rejected");
    const { reason } = refusal as PromiseRejectedResult;
    assert.match(String(reason), /Kong refused it.*paths/s);
    assert.deepEqual(await names("services"), ["team-a.good"]);
    assert.deepEqual(await names("routes"), []);
  });

  it("loads nothing while only what is refused waits, although seconds that are left change the text", async () => {
    const connection = await rig.ready();
    const owner = keyOf("KongConsumer", "app");
    const consumer = entity(owner, "consumers", { username: "app" });
    const key = entity(owner, "keyauth_credentials", { key: "k", consumer: { id: consumer.id } }, { part: "key" });
    await settle(connection, owner, [consumer, { ...key, lifetime: { seconds: 600 } }]);
    await assert.rejects(settleOne(connection, route("bad", service("good").id, { paths: ["no-slash"] })));
    const before = loads();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await connection.refresh();
    await settleOne(connection, service("other"));
    assert.equal(loads(), before + 1);
    await connection.refresh();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await connection.refresh();
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.equal(loads(), before + 1);
    assert.deepEqual(
      connection.state.dbless?.pods.map(({ hash }) => hash),
      [connection.state.dbless?.hash],
    );
  });

  it("keeps the last good version of what is refused later, also over a restart of the operator", async () => {
    const first = await rig.ready();
    const shop = service("shop");
    const good = route("users", shop.id);
    await Promise.all([settleOne(first, shop), settleOne(first, good)]);
    const bad = route("users", shop.id, { paths: ["no-slash"] });
    await assert.rejects(settleOne(first, bad), /paths/);
    await first.stop();
    const second = await rig.ready();
    await assert.rejects(settleOne(second, bad), /paths/);
    await settleOne(second, service("other"));
    assert.deepEqual(await names("routes"), ["team-a.users"]);
    assert.deepEqual(await names("services"), ["team-a.other", "team-a.shop"]);
  });

  it("lets the older of two newcomers have a name, and names it to the younger", async () => {
    const connection = await rig.ready();
    const named = (name: string): KongEntity =>
      entity(keyOf("KongService", name), "services", { name: "x", host: "h" });
    const [young, old] = [named("young"), named("old")];
    const results = await Promise.allSettled([
      settle(connection, young.owner, [young], { createdAt: "2026-01-02T00:00:00Z" }),
      settle(connection, old.owner, [old], { createdAt: "2026-01-01T00:00:00Z" }),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["rejected", "fulfilled"],
    );
    assert.match(String((results[0] as PromiseRejectedResult).reason), /belongs to KongService team-a\/old/);
    await settle(connection, old.owner, [], { deletion: { policy: "Delete", force: false } });
    await settle(connection, young.owner, [young]);
    assert.deepEqual(await names("services"), ["x"]);
  });

  it("removes what an object had, and leaves it without an owner with Orphan", async () => {
    const connection = await rig.ready();
    const [a, b] = [service("a"), service("b")];
    await Promise.all([settleOne(connection, a), settleOne(connection, b)]);
    await settle(connection, a.owner, [], { deletion: { policy: "Delete", force: false } });
    assert.deepEqual(await names("services"), ["team-a.b"]);
    await settle(connection, b.owner, [], { deletion: { policy: "Orphan", force: false } });
    await settleOne(connection, service("c"));
    assert.deepEqual(await names("services"), ["team-a.b", "team-a.c"]);
    const { body } = await rig.admin("GET", "/services/team-a.b");
    assert.deepEqual(body["tags"], ["kjo.left:team-a.default"]);
    await connection.stop();
    const again = await rig.ready();
    await settleOne(again, service("d"));
    assert.deepEqual(await names("services"), ["team-a.b", "team-a.c", "team-a.d"]);
  });

  it("removes what belongs to no object, in one load with everything else, and not more than it may", async () => {
    const first = await rig.ready();
    const all = ["a", "b", "c"].map((name) => service(name));
    await Promise.all(all.map((one) => settleOne(first, one)));
    await first.stop();
    const second = await rig.ready();
    const options = {
      known: ({ name }: ObjectKey) => name === "c",
      watches: () => true,
      policy: "Delete",
      maxPercent: 50,
    } as const;
    assert.equal((await second.prune(options)).isOverLimit, true);
    assert.equal(rig.writes, 0);
    const { deleted } = await second.prune({ ...options, maxPercent: 100 });
    assert.deepEqual(deleted.map(({ entity: { owner } }) => owner.name).sort(), ["a", "b"]);
    assert.deepEqual(await names("services"), ["team-a.c"]);
    assert.equal(loads(), 1);
  });

  it("does not replace what somebody else loaded, unless it may", async () => {
    const theirs = { _format_version: "3.0", services: [{ name: "theirs", host: "h" }] };
    await rig.admin("POST", "/config", theirs);
    const connection = rig.connect();
    await until(() => connection.state.phase === "Refused");
    assert.equal(connection.state.reason, "ForeignConfiguration");
    assert.match(connection.state.message, /theirs.*replaceForeign/);
    connection.update({ ...rig.settings, replaceForeign: true });
    await until(() => connection.state.phase === "Ready");
    assert.deepEqual(await names("services"), ["theirs"]);
    await settleOne(connection, service("ours"));
    assert.deepEqual(await names("services"), ["team-a.ours"]);
  });

  it("finds a configuration that was replaced behind its back, puts it right and says what differed", async () => {
    const connection = await rig.ready({ driftIntervalMs: 100 });
    const shop = service("shop");
    await settleOne(connection, shop);
    await rig.admin("POST", "/config", { _format_version: "3.0", services: [{ name: "theirs", host: "h" }] });
    await until(() => rig.owners.some(({ why }) => why === "drift"));
    const { drifted } = await connection.sync(shop.owner, [shop], { inSyncBefore: true });
    assert.deepEqual(drifted, [{ path: "services (missing)" }]);
    assert.deepEqual(await names("services"), ["team-a.shop"]);
    assert.deepEqual((await connection.sync(shop.owner, [shop], { inSyncBefore: true })).drifted, []);
  });

  it("leaves a replaced configuration alone with the policy Report until something is new", async () => {
    const connection = await rig.ready({ driftIntervalMs: 100, driftPolicy: "Report" });
    const shop = service("shop");
    await settleOne(connection, shop);
    await rig.admin("POST", "/config", { _format_version: "3.0", services: [{ name: "theirs", host: "h" }] });
    await until(() => rig.owners.some(({ why }) => why === "drift"));
    const { leftDrifted } = await connection.sync(shop.owner, [shop], { inSyncBefore: true });
    assert.deepEqual(leftDrifted, [{ path: "services (missing)" }]);
    assert.deepEqual(await names("services"), ["theirs"]);
    await settleOne(connection, service("new"));
    assert.deepEqual(await names("services"), ["team-a.new", "team-a.shop"]);
  });

  it("fills a Pod that starts later, and one that has lost its configuration", async () => {
    const second = await startKongDouble({ dbless: true });
    others.push(second);
    const connection = await rig.ready({ pods: [rig.double.adminUrl] });
    await settleOne(connection, service("shop"));
    connection.update({ ...rig.settings, pods: [rig.double.adminUrl, second.adminUrl] });
    await until(() => loads(second) === 1);
    assert.equal(loads(), 1);
    await rig.admin("POST", "/config", { _format_version: "3.0" });
    await until(() => loads() === 3);
    assert.deepEqual(await names("services"), ["team-a.shop"]);
    const pods = (): unknown[] => connection.state.dbless?.pods.map(({ hash }) => hash) ?? [];
    await until(() => new Set([connection.state.dbless?.hash, ...pods()]).size === 1);
  });

  it("does not let one Pod that is away hold the others, and names it", async () => {
    const away = "http://127.0.0.1:9";
    const connection = await rig.ready({ pods: [rig.double.adminUrl, away] });
    await settleOne(connection, service("shop"));
    assert.deepEqual(await names("services"), ["team-a.shop"]);
    const pod = connection.state.dbless?.pods.find(({ address }) => address === "127.0.0.1:9");
    assert.match(pod?.problem ?? "", /cannot connect/);
  });

  it("waits as long as a busy gateway asks for", async () => {
    const connection = await rig.ready();
    let refused = 0;
    const startedAt = performance.now();
    rig.fault = ({ method, path }) =>
      method === "POST" && path.startsWith("/config") && refused++ < 1
        ? { status: 429, retryAfter: "1", body: "{}" }
        : undefined;
    await settleOne(connection, service("shop"));
    assert.ok(performance.now() - startedAt > 1_000);
    assert.equal(refused, 2);
    assert.equal(connection.state.phase, "Ready");
  });

  it("finds by trying whom Kong does not take where it does not say", async () => {
    const connection = await rig.ready();
    const all = Array.from({ length: 8 }, (_, index) => service(`s${index}`));
    // Kong says no to whatever holds s5, and not why.
    rig.fault = ({ method, path, body }) =>
      method === "POST" && path.startsWith("/config") && body?.includes("team-a.s5")
        ? { status: 400, contentType: "application/json", body: '{"code":14,"message":"no","fields":{}}' }
        : undefined;
    const results = await Promise.allSettled(all.map((one) => settleOne(connection, one)));
    assert.deepEqual(
      results.flatMap(({ status }, index) => (status === "rejected" ? [index] : [])),
      [5],
    );
    assert.equal((await names("services")).length, 7);
  });

  it("takes up another kind of gateway at the same address", async () => {
    const connection = await rig.ready({ driftIntervalMs: 100 });
    await settleOne(connection, service("shop"));
    const root = JSON.stringify({ version: "3.9.1", configuration: { database: "postgres", role: "traditional" } });
    rig.fault = ({ path }) => (path === "/" ? { status: 200, contentType: "application/json", body: root } : undefined);
    await until(() => connection.state.phase === "Ready" && connection.state.dbless === undefined);
    rig.fault = () => undefined;
    await until(() => connection.state.phase === "Ready" && connection.state.dbless !== undefined);
    assert.equal((await settleOne(connection, service("shop"))).drifted.length, 0);
  });

  it("tells who waits for a load that does not come any more", async () => {
    const connection = await rig.ready();
    const shop = service("shop");
    await assert.rejects(connection.sync(shop.owner, [shop]), PendingError);
    await connection.stop();
    assert.deepEqual(rig.owners.at(-1), { why: "recovered", keys: ["KongService/team-a/shop"] });
    assert.equal(loads(), 0);
  });

  it("takes a load whose answer got lost for what it is", async () => {
    const connection = await rig.ready();
    rig.fault = ({ method, path }) =>
      method === "POST" && path.startsWith("/config") ? { afterwards: "lost" } : undefined;
    await settleOne(connection, service("shop"));
    assert.equal(loads(), 1);
  });
});
