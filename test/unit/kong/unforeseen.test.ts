import assert from "node:assert/strict";
import type { GatewayConnection } from "../../../src/kong/gateway-connection.ts";
import { entity, keyOf, Rig, service } from "./rig.ts";

/** A gateway that stores something else than it is given, in a way that nobody here knows of. */
describe("kong/gateway-connection: a transformation that nobody foresaw", () => {
  let rig: Rig;
  let connection: GatewayConnection;
  const users = service("users", { path: "/Made/Upper" });

  beforeEach(async () => {
    rig = await Rig.start();
    connection = await rig.ready();
    rig.fault = (request) => {
      if (request.method !== "PUT") return undefined;
      const stored = JSON.stringify({ ...JSON.parse(request.body ?? "{}"), path: "/made/lower" });
      return { instead: { ...request, body: stored } };
    };
    await connection.sync(users.owner, [users]);
    rig.double.resetCounts();
  });
  afterEach(() => rig.stop());

  it("is not written for ever: the same wish with the same answer is in sync", async () => {
    assert.equal((await connection.sync(users.owner, [users])).writes, 0);
    await connection.refresh();
    assert.equal((await connection.sync(users.owner, [users])).writes, 0);
    assert.deepEqual(rig.owners, []);
  });

  it("is written where the wish changes", async () => {
    assert.equal((await connection.sync(users.owner, [service("users", { path: "/Other" })])).writes, 1);
  });

  it("is written where somebody changes what Kong holds", async () => {
    await rig.admin("PATCH", `/services/${users.id}`, { retries: 1 });
    await connection.refresh();
    assert.equal((await connection.sync(users.owner, [users])).writes, 1);
  });

  it("costs one write after a restart, not one a reconcile", async () => {
    const later = await rig.ready();
    assert.equal((await later.sync(users.owner, [users])).writes, 1);
    assert.equal((await later.sync(users.owner, [users])).writes, 0);
  });

  it("finds a changed secret that Kong hashes with a salt", async () => {
    rig.fault = () => undefined;
    const owner = keyOf("KongConsumer", "bob");
    const consumer = entity(owner, "consumers", { username: "bob" });
    const oauth = (secret: string) =>
      entity(owner, "oauth2_credentials", {
        name: "app",
        client_id: "id",
        client_secret: secret,
        hash_secret: true,
        redirect_uris: ["https://a.test/"],
        consumer: { id: consumer.id },
      });
    await connection.sync(owner, [consumer, oauth("one")]);
    assert.equal((await connection.sync(owner, [consumer, oauth("one")])).writes, 0);
    assert.equal((await connection.sync(owner, [consumer, oauth("two")])).writes, 1);
    const later = await rig.ready();
    assert.equal((await later.sync(owner, [consumer, oauth("two")])).writes, 0);
  });
});
