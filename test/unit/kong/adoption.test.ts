import assert from "node:assert/strict";
import { KongRejectedError } from "../../../src/errors.ts";
import type { GatewayConnection } from "../../../src/kong/gateway-connection.ts";
import { ownershipTags } from "../../../src/model/identity.ts";
import { CLUSTER, entity, keyOf, Rig, service } from "./rig.ts";

const USERS = service("users");

describe("kong/gateway-connection: conflicts and adoption", () => {
  let rig: Rig;
  let connection: GatewayConnection;

  beforeEach(async () => {
    rig = await Rig.start();
    connection = await rig.ready();
  });
  afterEach(() => rig.stop());

  const adopt = (mode: "match" | "override", id?: string) => ({ adopt: { mode, ...(id === undefined ? {} : { id }) } });

  async function theirs(fields: Record<string, string | string[]> = {}): Promise<string> {
    const { body } = await rig.admin("POST", "/services", { name: "team-a.users", host: "users.test", ...fields });
    return String(body["id"]);
  }

  it("says that a name belongs to nobody known, and how to take it over", async () => {
    await theirs();
    await assert.rejects(connection.sync(USERS.owner, [USERS]), (error) => {
      assert.ok(error instanceof KongRejectedError);
      assert.equal(error.reason, "Conflict");
      assert.match(error.message, /not managed by the operator: set spec\.adopt/);
      return true;
    });
  });

  it("names the object of ours that has the name, without a read, and tells when the name is free", async () => {
    const other = entity(keyOf("KongService", "other"), "services", { name: "team-a.users", host: "o.test" });
    await connection.sync(other.owner, [other]);
    rig.double.resetCounts();
    await assert.rejects(connection.sync(USERS.owner, [USERS]), {
      reason: "Conflict",
      message: /KongService team-a\/other/,
    });
    assert.equal(rig.reads, 0);
    rig.owners.length = 0;
    await connection.sync(other.owner, [], { deletion: { policy: "Delete", force: false } });
    assert.deepEqual(rig.owners, [{ why: "released", keys: ["KongService/team-a/users"] }]);
  });

  it("names the other instance that has the name, and never takes it over", async () => {
    const tags = ownershipTags({ instance: "team-b.default", cluster: CLUSTER }, keyOf("KongService", "x", "team-b"));
    await theirs({ tags });
    const expected = { reason: "Conflict", message: /KongService team-b\/x of instance team-b\.default/ };
    await assert.rejects(connection.sync(USERS.owner, [USERS]), expected);
    await assert.rejects(connection.sync(USERS.owner, [USERS], adopt("override")), expected);
  });

  it("adopts what is as desired, by its name, and keeps its id", async () => {
    const id = await theirs();
    const outcome = await connection.sync(USERS.owner, [USERS], adopt("match"));
    assert.equal(connection.idOf(USERS.owner, "services"), id);
    assert.equal(outcome.identityChanged, true);
    const { body } = await rig.admin("GET", `/services/${id}`);
    assert.ok((body["tags"] as string[]).includes("kjo.object:KongService:team-a:users"));
    rig.double.resetCounts();
    assert.equal((await connection.sync(USERS.owner, [USERS], adopt("match"))).writes, 0);
    assert.equal(rig.double.count(), 0);
  });

  it("finds the adopted entity again after a restart", async () => {
    const id = await theirs();
    await connection.sync(USERS.owner, [USERS], adopt("match"));
    const later = await rig.ready();
    assert.equal(later.idOf(USERS.owner, "services"), id);
    assert.equal((await later.sync(USERS.owner, [USERS], adopt("match"))).writes, 0);
  });

  it("does not adopt by match what differs, and names the fields", async () => {
    await theirs({ path: "/v1" });
    await assert.rejects(connection.sync(USERS.owner, [USERS], adopt("match")), {
      reason: "AdoptMismatch",
      message: /differs in path/,
    });
  });

  it("adopts by override whatever it is", async () => {
    const id = await theirs({ path: "/v1", tags: ["old"] });
    await connection.sync(USERS.owner, [USERS], adopt("override"));
    const { body } = await rig.admin("GET", `/services/${id}`);
    assert.equal(body["path"], null);
  });

  it("adopts by id, and says where there is none", async () => {
    const id = await theirs({ name: "legacy" });
    await connection.sync(USERS.owner, [USERS], adopt("override", id));
    assert.equal((await rig.admin("GET", `/services/${id}`)).body["name"], "team-a.users");
    const missing = "11111111-2222-4333-8444-555555555555";
    const others = service("others");
    await assert.rejects(connection.sync(others.owner, [others], adopt("match", missing)), { reason: "AdoptNotFound" });
  });

  it("creates where there is nothing to adopt by name", async () => {
    assert.equal((await connection.sync(USERS.owner, [USERS], adopt("match"))).writes, 1);
    assert.equal(connection.idOf(USERS.owner, "services"), USERS.id);
  });

  it("leaves what was to be adopted alone when the object goes before it came about", async () => {
    const id = await theirs({ path: "/v1" });
    await assert.rejects(connection.sync(USERS.owner, [USERS], adopt("match")));
    await connection.sync(USERS.owner, [], { deletion: { policy: "Delete", force: false } });
    assert.equal((await rig.admin("GET", `/services/${id}`)).status, 200);
  });

  it("adopts a consumer with its credentials and groups", async () => {
    const owner = keyOf("KongConsumer", "bob");
    const consumer = entity(owner, "consumers", { username: "bob" });
    const key = entity(
      owner,
      "keyauth_credentials",
      { key: "bobs-key", consumer: { id: consumer.id } },
      { part: "key" },
    );
    const group = entity(owner, "acls", { group: "g", consumer: { id: consumer.id } }, { part: "g" });
    const added = entity(owner, "acls", { group: "h", consumer: { id: consumer.id } }, { part: "h" });
    const { body } = await rig.admin("POST", "/consumers", { username: "bob" });
    await rig.admin("POST", "/consumers/bob/key-auth", { key: "bobs-key" });
    await rig.admin("POST", "/consumers/bob/acls", { group: "g" });
    await connection.sync(owner, [consumer, key, group, added], adopt("match"));
    assert.equal(connection.idOf(owner, "consumers"), body["id"]);
    assert.deepEqual(connection.state.counts, { consumers: 1, keyauth_credentials: 1, acls: 2 });
    assert.ok(!rig.double.requests.some(({ path }) => path.includes("bobs-key")), "no key in a URL");
  });

  it("adopts a target and a plugin by what makes them unique", async () => {
    const owner = keyOf("KongUpstream", "pool");
    const upstream = entity(owner, "upstreams", { name: "pool.team-a.kjo.invalid" });
    const target = entity(
      owner,
      "targets",
      { target: "10.0.0.1", upstream: { id: upstream.id }, weight: 5 },
      { part: "t" },
    );
    await connection.sync(owner, [upstream]);
    await rig.admin("POST", `/upstreams/${upstream.id}/targets`, { target: "10.0.0.1:8000" });
    await assert.rejects(connection.sync(owner, [upstream, target]), {
      reason: "Conflict",
      message: /target .* not managed/,
    });
    await connection.sync(owner, [upstream, target], adopt("override"));
    const plugin = entity(keyOf("KongPluginBinding", "p"), "plugins", { name: "cors" }, { part: "global" });
    await rig.admin("POST", "/plugins", { name: "cors" });
    await connection.sync(plugin.owner, [plugin], adopt("match"));
    assert.deepEqual(connection.state.counts, { upstreams: 1, targets: 1, plugins: 1 });
  });

  it("never shows the key in whose way another credential stands", async () => {
    const owner = keyOf("KongConsumer", "bob");
    const consumer = entity(owner, "consumers", { username: "bob" });
    const key = entity(
      owner,
      "keyauth_credentials",
      { key: "canary-key-1", consumer: { id: consumer.id } },
      { part: "key" },
    );
    await rig.admin("POST", "/consumers", { username: "eve" });
    await rig.admin("POST", "/consumers/eve/key-auth", { key: "canary-key-1" });
    await assert.rejects(connection.sync(owner, [consumer, key]), (error) => {
      assert.ok(error instanceof KongRejectedError && error.reason === "Conflict");
      assert.ok(!JSON.stringify([error.message, error.fields, error.stack]).includes("canary-key-1"));
      assert.deepEqual(error.fields, { key: "<key>" });
      return true;
    });
    assert.ok(!JSON.stringify(rig.logged).includes("canary-key-1"));
  });
});
