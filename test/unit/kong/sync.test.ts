import assert from "node:assert/strict";
import { KongRejectedError, NotReadyError } from "../../../src/errors.ts";
import type { GatewayConnection } from "../../../src/kong/gateway-connection.ts";
import type { JsonObject } from "../../../src/model/json.ts";
import type { KongEntity } from "../../../src/model/kong-entity.ts";
import { entity, keyOf, Rig, route, service } from "./rig.ts";

describe("kong/gateway-connection: sync", () => {
  let rig: Rig;
  let connection: GatewayConnection;

  beforeEach(async () => {
    rig = await Rig.start();
    connection = await rig.ready();
  });
  afterEach(() => rig.stop());

  const sync = (target: GatewayConnection, ...entities: KongEntity[]) =>
    target.sync(entities[0]?.owner ?? keyOf("KongService", "none"), entities);

  it("creates, with one write an entity", async () => {
    const users = service("users");
    const outcome = await sync(connection, users);
    assert.equal(outcome.writes, 1);
    assert.equal(outcome.identityChanged, true);
    assert.equal(rig.writes, 1);
    assert.equal((await rig.admin("GET", `/services/${users.id}`)).body["name"], "team-a.users");
    assert.equal(connection.idOf(users.owner, "services"), users.id);
  });

  it("writes one changed entity with one request and no read", async () => {
    await sync(connection, service("users"));
    rig.double.resetCounts();
    const outcome = await sync(connection, service("users", { retries: 2 }));
    assert.deepEqual(outcome.operations[0]?.changes, [{ path: "retries" }]);
    assert.equal(outcome.identityChanged, false);
    assert.deepEqual([rig.writes, rig.reads], [1, 0]);
  });

  it("notices a field that the object no longer sets", async () => {
    await sync(connection, service("users", { retries: 2, path: "/v1" }));
    const outcome = await sync(connection, service("users"));
    assert.deepEqual(outcome.operations[0]?.changes.map(({ path }) => path).sort(), ["path", "retries"]);
  });

  it("makes no request where nothing differs", async () => {
    await sync(connection, service("users"));
    rig.double.resetCounts();
    assert.equal((await sync(connection, service("users"))).writes, 0);
    assert.equal(rig.double.count(), 0);
  });

  it("never has more requests under way than it may, and uses all of them", async () => {
    await sync(connection, service("users"));
    rig.inFlight.most = 0;
    await Promise.all(Array.from({ length: 100 }, (_, index) => sync(connection, service(`s${index}`))));
    assert.equal(rig.inFlight.most, 16);
    assert.equal(connection.backlog, 0);
  });

  it("keeps one refused entity from none of the others", async () => {
    const names = Array.from({ length: 200 }, (_, index) => `s${index}`);
    const results = await Promise.allSettled(
      names.map((name) => sync(connection, service(name, name === "s77" ? { port: 70000 } : {}))),
    );
    const refused = results.filter((result) => result.status === "rejected");
    assert.equal(refused.length, 1);
    const error: unknown = refused[0]?.reason;
    assert.ok(error instanceof KongRejectedError);
    assert.equal(error.reason, "Rejected");
    assert.equal(error.code, 2);
    assert.deepEqual(error.fields, { port: "value should be between 0 and 65535" });
    assert.match(error.message, /port: value should be between 0 and 65535/);
    assert.equal(connection.state.counts["services"], 199);
  });

  it("applies the rest of an object of which one entity is refused", async () => {
    const owner = keyOf("KongUpstream", "pool");
    const upstream = entity(owner, "upstreams", { name: "pool.team-a.kjo.invalid" });
    const target = (address: string): KongEntity =>
      entity(owner, "targets", { target: address, upstream: { id: upstream.id } }, { part: address });
    await assert.rejects(
      sync(connection, upstream, target("10.0.0.1:80"), target("not an address"), target("10.0.0.2:80")),
      /target/,
    );
    assert.equal(connection.state.counts["targets"], 2);
  });

  it("does not send a field that the gateway's schema lacks, and names it", async () => {
    const outcome = await sync(connection, service("users", { flavour: "x", tls_verify: null }));
    assert.deepEqual(outcome.unknownFields, ["flavour"]);
    assert.equal((await sync(connection, service("users", { flavour: "x", tls_verify: null }))).writes, 0);
  });

  it("refuses a plugin that the gateway does not have by its name", async () => {
    const plugin = entity(keyOf("KongPluginBinding", "p"), "plugins", { name: "no-such" }, { part: "global" });
    await assert.rejects(sync(connection, plugin), { reason: "NotSupportedByGateway", message: /no plugin "no-such"/ });
  });

  it("lets an entity wait for what it refers to, and tells its owner when that stands in Kong", async () => {
    const users = service("users");
    const early = route("users", users.id);
    await assert.rejects(
      sync(connection, early),
      (error) => error instanceof NotReadyError && error.reason === "RefNotReady",
    );
    await sync(connection, users);
    assert.deepEqual(rig.owners, [{ why: "programmed", keys: ["KongRoute/team-a/users"] }]);
    assert.equal((await sync(connection, early)).writes, 1);
  });

  it("finds out from a refusal that somebody removed what the mirror has, and tells its owner", async () => {
    const users = service("users");
    await sync(connection, users);
    await rig.admin("DELETE", `/services/${users.id}`);
    await assert.rejects(sync(connection, route("users", users.id)), { reason: "RefNotReady" });
    assert.deepEqual(rig.owners, [{ why: "drift", keys: ["KongService/team-a/users"] }]);
    rig.owners.length = 0;
    assert.equal((await sync(connection, users)).writes, 1);
    assert.deepEqual(rig.owners, [{ why: "programmed", keys: ["KongRoute/team-a/users"] }]);
  });

  for (const { removed, change } of [
    { removed: "an upstream", change: { target: "10.0.0.2:80" } },
    { removed: "a target", change: { target: "10.0.0.1:80", weight: 7 } },
  ]) {
    it(`finds out from a 404 that somebody removed ${removed}, and writes it anew`, async () => {
      const owner = keyOf("KongUpstream", "pool");
      const upstream = entity(owner, "upstreams", { name: "pool.team-a.kjo.invalid" });
      const target = (fields: JsonObject): KongEntity =>
        entity(
          owner,
          "targets",
          { ...fields, upstream: { id: upstream.id } },
          { part: `target.${String(fields["target"])}` },
        );
      const before = target({ target: "10.0.0.1:80" });
      await sync(connection, upstream, before);
      const path = `/upstreams/${upstream.id}`;
      await rig.admin("DELETE", removed === "a target" ? `${path}/targets/${before.id}` : path);
      await assert.rejects(sync(connection, upstream, target(change)), { reason: "RefNotReady" });
      assert.deepEqual(rig.owners, [{ why: "drift", keys: ["KongUpstream/team-a/pool"] }]);
      await sync(connection, upstream, target(change));
      const { body } = await rig.admin("GET", `${path}/targets`);
      assert.deepEqual(
        (body["data"] as JsonObject[]).map((found) => found["target"]),
        [change.target],
      );
    });
  }

  it("deletes no target while not all are known, and changes those that are", async () => {
    const owner = keyOf("KongUpstream", "order");
    const upstream = entity(owner, "upstreams", { name: "order.team-a.kjo.invalid" });
    const target = (address: string, weight: number): KongEntity =>
      entity(
        owner,
        "targets",
        { target: address, weight, upstream: { id: upstream.id } },
        { part: `target.${address}` },
      );
    await sync(connection, upstream, target("10.0.0.1:80", 100), target("10.0.0.2:80", 100));
    const known = [upstream, target("10.0.0.1:80", 50)];
    const { writes, drifted } = await connection.sync(owner, known, { keepTargets: true, inSyncBefore: true });
    assert.deepEqual([writes, drifted], [1, []]);
    const targets = (): number => connection.entitiesOf(owner).filter(({ type }) => type === "targets").length;
    assert.equal(targets(), 2);
    await connection.sync(owner, known);
    assert.equal(targets(), 1);
  });

  it("removes with one request what Kong removes along", async () => {
    const owner = keyOf("KongConsumer", "bob");
    const consumer = entity(owner, "consumers", { username: "bob" });
    const acl = entity(owner, "acls", { group: "g", consumer: { id: consumer.id } }, { part: "group.g" });
    await sync(connection, consumer, acl);
    rig.double.resetCounts();
    await connection.sync(owner, [], { deletion: { policy: "Delete", force: false } });
    assert.equal(rig.writes, 1);
    assert.deepEqual(connection.state.counts, {});
    assert.deepEqual(connection.entitiesOf(owner), []);
  });

  it("logs a write with what was written, never with a value", async () => {
    await sync(connection, service("users"));
    await sync(connection, service("users", { retries: 2 }));
    const [created, updated] = rig.logged.filter(({ message }) => message === "entity written");
    assert.equal((created?.fields as { action: string }).action, "create");
    assert.deepEqual((updated?.fields as { changed: string[] }).changed, ["retries"]);
  });
});
