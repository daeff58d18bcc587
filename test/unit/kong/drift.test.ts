import assert from "node:assert/strict";
import type { GatewayConnection } from "../../../src/kong/gateway-connection.ts";
import { entity, keyOf, Rig, route, service } from "./rig.ts";

const USERS = service("users");

describe("kong/gateway-connection: drift", () => {
  let rig: Rig;
  let connection: GatewayConnection;

  beforeEach(async () => {
    rig = await Rig.start();
    connection = await rig.ready();
    await connection.sync(USERS.owner, [USERS]);
    rig.owners.length = 0;
    rig.double.resetCounts();
  });
  afterEach(() => rig.stop());

  it("writes nothing and tells nobody in an interval without a difference", async () => {
    for (let round = 0; round < 5; round++) await connection.refresh();
    assert.equal(rig.writes, 0);
    assert.deepEqual(rig.owners, []);
  });

  it("tells the owner of what somebody changed, and puts it back", async () => {
    await rig.admin("PATCH", `/services/${USERS.id}`, { retries: 9 });
    await connection.refresh();
    assert.deepEqual(rig.owners, [{ why: "drift", keys: ["KongService/team-a/users"] }]);
    const outcome = await connection.sync(USERS.owner, [USERS], { inSyncBefore: true });
    assert.deepEqual(outcome.drifted, [{ path: "retries" }]);
    assert.deepEqual(outcome.leftDrifted, []);
    assert.equal((await rig.admin("GET", `/services/${USERS.id}`)).body["retries"], 5);
  });

  it("puts back what somebody deleted, under the same id", async () => {
    await rig.admin("DELETE", `/services/${USERS.id}`);
    await connection.refresh();
    const outcome = await connection.sync(USERS.owner, [USERS], { inSyncBefore: true });
    assert.deepEqual(outcome.drifted, [{ path: "services (missing)" }]);
    assert.equal((await rig.admin("GET", `/services/${USERS.id}`)).status, 200);
  });

  it("finds an entity whose marks somebody took off", async () => {
    await rig.admin("PATCH", `/services/${USERS.id}`, { tags: null });
    await connection.refresh();
    assert.deepEqual(rig.owners, [{ why: "drift", keys: ["KongService/team-a/users"] }]);
    assert.equal((await connection.sync(USERS.owner, [USERS], { inSyncBefore: true })).writes, 1);
  });

  it("tells of drift once, not in every interval", async () => {
    await rig.admin("PATCH", `/services/${USERS.id}`, { retries: 9 });
    for (let round = 0; round < 3; round++) await connection.refresh();
    assert.equal(rig.owners.length, 1);
  });

  it("finds changed and removed targets, which have lists of their own", async () => {
    const owner = keyOf("KongUpstream", "pool");
    const upstream = entity(owner, "upstreams", { name: "pool.team-a.kjo.invalid" });
    const target = entity(
      owner,
      "targets",
      { target: "10.0.0.1:80", upstream: { id: upstream.id } },
      { part: "target.10.0.0.1:80" },
    );
    await connection.sync(owner, [upstream, target]);
    await rig.admin("PATCH", `/upstreams/${upstream.id}/targets/${target.id}`, { weight: 7 });
    await connection.refresh();
    assert.deepEqual(rig.owners, [{ why: "drift", keys: ["KongUpstream/team-a/pool"] }]);
    const outcome = await connection.sync(owner, [upstream, target], { inSyncBefore: true });
    assert.deepEqual(outcome.drifted, [{ path: "targets[target.10.0.0.1:80].weight" }]);
  });

  describe("with the policy Report", () => {
    beforeEach(async () => {
      connection = await rig.ready({ driftPolicy: "Report" });
      await connection.sync(USERS.owner, [USERS], { inSyncBefore: true });
      await rig.admin("PATCH", `/services/${USERS.id}`, { retries: 9, path: "/x" });
      await connection.refresh();
      rig.double.resetCounts();
    });

    it("writes nothing and names the fields", async () => {
      const outcome = await connection.sync(USERS.owner, [USERS], { inSyncBefore: true });
      assert.deepEqual(outcome.leftDrifted.map(({ path }) => path).sort(), ["path", "retries"]);
      assert.equal(rig.double.count(), 0);
    });

    it("writes what the object itself now asks for", async () => {
      const edited = service("users", { retries: 3 });
      const outcome = await connection.sync(USERS.owner, [edited], { inSyncBefore: false });
      assert.deepEqual([outcome.writes, outcome.leftDrifted], [1, []]);
    });

    it("does not take a changed Secret or reference for drift", async () => {
      const fedAnew = service("users", { connect_timeout: 1000 });
      const outcome = await connection.sync(USERS.owner, [fedAnew], { inSyncBefore: true });
      assert.deepEqual([outcome.writes, outcome.leftDrifted], [1, []]);
    });

    it("finds nothing any more once somebody has put it back", async () => {
      await rig.admin("PATCH", `/services/${USERS.id}`, { retries: 5, path: null });
      rig.owners.length = 0;
      await connection.refresh();
      assert.equal(rig.owners.length, 1);
      assert.deepEqual((await connection.sync(USERS.owner, [USERS], { inSyncBefore: true })).leftDrifted, []);
    });
  });

  it("does not take its own writes during a list for drift", async () => {
    const own = Array.from({ length: 40 }, (_, index) => route(`r${index}`, USERS.id));
    const syncing = Promise.all(own.map((each) => connection.sync(each.owner, [each])));
    for (let round = 0; round < 5; round++) await connection.refresh();
    await syncing;
    await connection.refresh();
    assert.deepEqual(rig.owners, []);
    assert.equal(rig.writes, 40);
    assert.equal(connection.state.counts["routes"], 40);
  });
});
