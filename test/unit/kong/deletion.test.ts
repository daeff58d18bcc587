import assert from "node:assert/strict";
import { DeletionBlockedError } from "../../../src/errors.ts";
import type { GatewayConnection } from "../../../src/kong/gateway-connection.ts";
import { entity, keyOf, Rig, route, service } from "./rig.ts";

const USERS = service("users");
const ROUTE = route("users", USERS.id);
const DELETE = { deletion: { policy: "Delete", force: false } } as const;
const FORCE = { deletion: { policy: "Delete", force: true } } as const;
const ORPHAN = { deletion: { policy: "Orphan", force: false } } as const;

describe("kong/gateway-connection: deletion", () => {
  let rig: Rig;
  let connection: GatewayConnection;

  beforeEach(async () => {
    rig = await Rig.start();
    connection = await rig.ready();
    await connection.sync(USERS.owner, [USERS]);
    rig.owners.length = 0;
  });
  afterEach(() => rig.stop());

  const status = async (path: string): Promise<number> => (await rig.admin("GET", path)).status;

  it("removes what the object has in Kong", async () => {
    assert.equal((await connection.sync(USERS.owner, [], DELETE)).writes, 1);
    assert.equal(await status(`/services/${USERS.id}`), 404);
    assert.deepEqual(connection.state.counts, {});
  });

  it("succeeds where nothing is left to remove, without a request", async () => {
    await connection.sync(USERS.owner, [], DELETE);
    rig.double.resetCounts();
    assert.equal((await connection.sync(USERS.owner, [], DELETE)).writes, 0);
    assert.equal(rig.double.count(), 0);
  });

  it("waits for our own users by name, and is told when they let go", async () => {
    await connection.sync(ROUTE.owner, [ROUTE]);
    rig.double.resetCounts();
    await assert.rejects(
      connection.sync(USERS.owner, [], DELETE),
      (error) =>
        error instanceof DeletionBlockedError &&
        error.reason === "InUse" &&
        error.message.includes("KongRoute/team-a/users"),
    );
    assert.equal(rig.double.count(), 0);
    assert.deepEqual(connection.usersOf(USERS.owner), [ROUTE.owner]);
    await connection.sync(ROUTE.owner, [], DELETE);
    assert.deepEqual(rig.owners, [{ why: "released", keys: ["KongService/team-a/users"] }]);
    assert.equal((await connection.sync(USERS.owner, [], DELETE)).writes, 1);
  });

  it("holds an upstream while a service of ours names it as its host", async () => {
    const owner = keyOf("KongUpstream", "pool");
    const upstream = entity(owner, "upstreams", { name: "pool.team-a.kjo.invalid" });
    await connection.sync(owner, [upstream]);
    await connection.sync(USERS.owner, [service("users", { host: "pool.team-a.kjo.invalid" })]);
    await assert.rejects(connection.sync(owner, [], DELETE), {
      reason: "InUse",
      message: /KongService\/team-a\/users/,
    });
    await connection.sync(USERS.owner, [USERS]);
    assert.deepEqual(rig.owners, [{ why: "released", keys: ["KongUpstream/team-a/pool"] }]);
    assert.equal((await connection.sync(owner, [], DELETE)).writes, 1);
  });

  it("lists foreign routes, which Kong does not let go of", async () => {
    await rig.admin("PUT", "/routes/theirs", { paths: ["/theirs"], service: { id: USERS.id } });
    await assert.rejects(connection.sync(USERS.owner, [], DELETE), {
      name: "DeletionBlockedError",
      reason: "ForeignDependents",
      message: /route theirs/,
    });
    assert.equal(await status(`/services/${USERS.id}`), 200);
  });

  it("lists foreign plugins, which would go along", async () => {
    await rig.admin("POST", `/services/${USERS.id}/plugins`, { name: "cors" });
    await assert.rejects(connection.sync(USERS.owner, [], DELETE), {
      reason: "ForeignDependents",
      message: /plugin cors/,
    });
    assert.equal(await status(`/services/${USERS.id}`), 200);
  });

  it("lists a foreign consumer's credential by its id, never by its key", async () => {
    const owner = keyOf("KongConsumer", "bob");
    const consumer = entity(owner, "consumers", { username: "bob" });
    await connection.sync(owner, [consumer]);
    const { body } = await rig.admin("POST", "/consumers/bob/key-auth", { key: "somebody-elses-key" });
    await assert.rejects(connection.sync(owner, [], DELETE), (error: Error) => {
      assert.ok(error.message.includes(String(body["id"])));
      assert.ok(!error.message.includes("somebody-elses-key"));
      return true;
    });
  });

  it("lists foreign targets of our upstream", async () => {
    const owner = keyOf("KongUpstream", "pool");
    const upstream = entity(owner, "upstreams", { name: "pool.team-a.kjo.invalid" });
    await connection.sync(owner, [upstream]);
    await rig.admin("POST", `/upstreams/${upstream.id}/targets`, { target: "10.9.9.9:80" });
    await assert.rejects(connection.sync(owner, [], DELETE), {
      reason: "ForeignDependents",
      message: /target 10\.9\.9\.9:80/,
    });
  });

  it("lets foreign plugins go along when forced", async () => {
    await rig.admin("POST", `/services/${USERS.id}/plugins`, { name: "cors" });
    await connection.sync(USERS.owner, [], FORCE);
    assert.equal(await status(`/services/${USERS.id}`), 404);
  });

  it("leaves behind, unmarked, what foreign routes need when forced, and says so", async () => {
    await rig.admin("PUT", "/routes/theirs", { paths: ["/theirs"], service: { id: USERS.id } });
    const outcome = await connection.sync(USERS.owner, [], FORCE);
    assert.deepEqual(outcome.leftBehind, ["service team-a.users"]);
    assert.equal((await rig.admin("GET", `/services/${USERS.id}`)).body["tags"], null);
    assert.equal(await status("/routes/theirs"), 200);
    assert.deepEqual(connection.state.counts, {});
  });

  it("takes only our marks off where the policy is Orphan", async () => {
    const tagged = service("users");
    await connection.sync(USERS.owner, [
      { ...tagged, fields: { ...tagged.fields, tags: [...(tagged.fields["tags"] as string[]), "mine"] } },
    ]);
    await connection.sync(USERS.owner, [], ORPHAN);
    const { body } = await rig.admin("GET", `/services/${USERS.id}`);
    assert.deepEqual(body["tags"], ["mine"]);
    assert.deepEqual(connection.entitiesOf(USERS.owner), []);
  });

  it("removes an upstream with its targets, and a route before its service, in one go", async () => {
    const owner = keyOf("KongThing", "both");
    const upstream = entity(owner, "upstreams", { name: "both.test" });
    const target = entity(owner, "targets", { target: "10.0.0.1:80", upstream: { id: upstream.id } }, { part: "t" });
    const own = entity(owner, "services", { name: "both", host: "both.test" });
    const onIt = entity(owner, "routes", { paths: ["/both"], service: { id: own.id } });
    await connection.sync(owner, [own, onIt, upstream, target]);
    rig.double.resetCounts();
    await connection.sync(owner, [], DELETE);
    const deleted = rig.double.requests
      .filter(({ method }) => method === "DELETE")
      .map(({ path }) => path.split("/")[1]);
    assert.deepEqual(deleted.sort(), ["routes", "services", "upstreams"]);
    assert.ok(deleted.length === 3 && (await status(`/upstreams/${upstream.id}`)) === 404);
  });
});
