import assert from "node:assert/strict";
import type { GatewayConnection, PruneOptions } from "../../../src/kong/gateway-connection.ts";
import { CLUSTER, entity, keyOf, Rig, route, service } from "./rig.ts";

describe("kong/gateway-connection: prune", () => {
  let rig: Rig;
  let connection: GatewayConnection;

  beforeEach(async () => {
    rig = await Rig.start();
    connection = await rig.ready();
  });
  afterEach(() => rig.stop());

  const options = (overrides: Partial<PruneOptions> = {}): PruneOptions => ({
    known: () => false,
    watches: () => true,
    policy: "Delete",
    maxPercent: 100,
    ...overrides,
  });

  async function fill(count: number): Promise<void> {
    const services = Array.from({ length: count }, (_, index) => service(`s${index}`));
    await Promise.all(services.map((each) => connection.sync(each.owner, [each])));
    rig.double.resetCounts();
  }

  it("removes what belongs to no object, and nothing else", async () => {
    await fill(4);
    await rig.admin("PUT", "/services/theirs", { host: "h.test" });
    const { deleted, orphans } = await connection.prune(options({ known: ({ name }) => name !== "s1" }));
    assert.deepEqual([deleted.length, orphans.length], [1, 1]);
    assert.equal(connection.state.counts["services"], 3);
    assert.equal((await rig.admin("GET", "/services/theirs")).status, 200);
  });

  it("leaves namespaces alone that it does not see", async () => {
    await fill(1);
    const { orphans } = await connection.prune(options({ watches: (namespace) => namespace !== "team-a" }));
    assert.deepEqual(orphans, []);
    assert.equal(rig.double.count(), 0);
  });

  it("leaves what belongs to an object that is made anew while others are removed", async () => {
    await fill(3);
    let isBack = false;
    rig.hold = ({ method, path }) => {
      if (method === "DELETE" && path.includes(service("s0").id)) isBack = true;
      return undefined;
    };
    const known = ({ name }: { name: string }): boolean => isBack && name === "s2";
    const { deleted } = await connection.prune(options({ known }));
    assert.deepEqual(deleted.map(({ entity }) => entity.owner.name).sort(), ["s0", "s1"]);
    assert.equal((await rig.admin("GET", "/services/team-a.s2")).status, 200);
  });

  it("only tells with the policy Report", async () => {
    await fill(2);
    const { orphans, deleted } = await connection.prune(options({ policy: "Report" }));
    assert.deepEqual([orphans.length, deleted.length], [2, 0]);
    assert.equal(rig.writes, 0);
  });

  it("deletes nothing where that would be more than the guard allows, and says how many it would", async () => {
    await fill(10);
    const known = ({ name }: { name: string }): boolean => Number(name.slice(1)) >= 4;
    const outcome = await connection.prune(options({ known, maxPercent: 30 }));
    assert.deepEqual(
      [outcome.orphans.length, outcome.limit, outcome.isOverLimit, outcome.deleted.length],
      [4, 3, true, 0],
    );
    assert.equal(rig.writes, 0);
    assert.equal((await connection.prune(options({ known, maxPercent: 40 }))).deleted.length, 4);
  });

  it("lets one entity go however few there are", async () => {
    await fill(1);
    assert.equal((await connection.prune(options({ maxPercent: 1 }))).deleted.length, 1);
  });

  it("removes an orphaned service together with its orphaned route and plugin", async () => {
    const users = service("users");
    const onIt = route("users", users.id);
    const plugin = entity(keyOf("KongPluginBinding", "p"), "plugins", { name: "cors", service: { id: users.id } });
    for (const each of [users, onIt, plugin]) await connection.sync(each.owner, [each]);
    const { deleted, blocked } = await connection.prune(options());
    assert.deepEqual([deleted.length, blocked.length], [3, 0]);
    assert.deepEqual(connection.state.counts, {});
  });

  it("keeps an orphan that a known object uses, and what foreign entities hang on, and says why", async () => {
    const used = service("used");
    const hung = service("hung");
    const onIt = route("used", used.id);
    for (const each of [used, hung, onIt]) await connection.sync(each.owner, [each]);
    await rig.admin("POST", `/services/${hung.id}/plugins`, { name: "cors" });
    const { deleted, blocked } = await connection.prune(options({ known: ({ kind }) => kind === "KongRoute" }));
    assert.equal(deleted.length, 0);
    assert.deepEqual(blocked.map(({ reason }) => reason).sort(), ["ForeignDependents", "InUse"]);
  });

  it("never touches another cluster's entities, even those that it may take over", async () => {
    const other = "6f2c0f6e-0000-4000-8000-00000000000b";
    const theirs = entity(keyOf("KongService", "x"), "services", { name: "x", host: "h" }, { cluster: other });
    await rig.admin("PUT", `/services/${theirs.id}`, theirs.fields);
    connection = await rig.ready({ takeOver: other });
    assert.equal(connection.entitiesOf(theirs.owner).length, 1);
    assert.deepEqual((await connection.prune(options())).orphans, []);
    assert.notEqual(other, CLUSTER);
  });
});
