import assert from "node:assert/strict";
import { KongRejectedError } from "../../../src/errors.ts";
import type { GatewayConnection } from "../../../src/kong/gateway-connection.ts";
import { membershipId, membershipPart } from "../../../src/model/membership.ts";
import type { KongEntity } from "../../../src/model/kong-entity.ts";
import { entity, keyOf, Rig } from "./rig.ts";

const GOLD = entity(keyOf("KongConsumerGroup", "gold"), "consumer_groups", { name: "team-a.gold" });
const ALICE = entity(keyOf("KongConsumer", "alice"), "consumers", { username: "alice" });
const MEMBER: KongEntity = {
  type: "consumer_group_consumers",
  id: membershipId(GOLD.id, ALICE.id),
  part: membershipPart("gold"),
  owner: ALICE.owner,
  fields: { consumer: { id: ALICE.id }, consumer_group: { id: GOLD.id } },
};
const LIMIT = entity(keyOf("KongPluginBinding", "limit"), "plugins", {
  name: "rate-limiting",
  config: { minute: 5 },
  consumer_group: { id: GOLD.id },
});
const MEMBERS = `/consumer_groups/${GOLD.id}/consumers`;

describe("kong/gateway-connection: consumer groups", () => {
  let rig: Rig;

  afterEach(() => rig.stop());

  const syncAll = async (connection: GatewayConnection, alice = [ALICE, MEMBER]): Promise<number> => {
    let writes = 0;
    for (const desired of [[GOLD], alice, [LIMIT]]) {
      const { owner } = desired[0]!;
      writes += (await connection.sync(owner, desired, { inSyncBefore: true })).writes;
    }
    return writes;
  };
  const members = async (): Promise<unknown[]> => {
    const { body } = await rig.admin("GET", MEMBERS);
    return (body["data"] as { username: string }[]).map(({ username }) => username);
  };

  describe("of a gateway that has them", () => {
    beforeEach(async () => {
      rig = await Rig.start({ edition: "enterprise" });
    });

    it("makes the group, its member and the plugin on it, and writes nothing when asked again or restarted", async () => {
      const connection = await rig.ready();
      assert.equal(await syncAll(connection), 4);
      assert.deepEqual(await members(), ["alice"]);
      assert.equal(await syncAll(connection), 0);
      const second = await rig.ready();
      assert.equal(await syncAll(second), 0);
      assert.equal(rig.writes, 0);
      assert.equal(second.state.counts["consumer_group_consumers"], 1);
    });

    it("takes the consumer out of a group that it no longer names, and leaves it the consumer", async () => {
      const connection = await rig.ready();
      await syncAll(connection);
      assert.equal(await syncAll(connection, [ALICE]), 1);
      assert.deepEqual(await members(), []);
      assert.equal((await rig.admin("GET", `/consumers/${ALICE.id}`)).status, 200);
    });

    it("puts a consumer back that somebody took out, and lets a member of others alone", async () => {
      const connection = await rig.ready();
      await syncAll(connection);
      await rig.admin("POST", "/consumers", { username: "stranger" });
      await rig.admin("POST", MEMBERS, { consumer: "stranger" });
      await rig.admin("DELETE", `${MEMBERS}/alice`);
      await connection.refresh();
      assert.equal(await syncAll(connection), 1);
      assert.deepEqual((await members()).sort(), ["alice", "stranger"]);
    });

    it("takes it for done where the consumer is a member already", async () => {
      const connection = await rig.ready();
      await syncAll(connection, [ALICE]);
      await rig.admin("POST", MEMBERS, { consumer: ALICE.id });
      assert.equal(await syncAll(connection), 1);
      assert.deepEqual(await members(), ["alice"]);
    });

    it("keeps a group while consumers and plugins of ours use it", async () => {
      const connection = await rig.ready();
      await syncAll(connection);
      const deletion = { policy: "Delete", force: false } as const;
      await assert.rejects(connection.sync(GOLD.owner, [], { deletion }), /KongConsumer\/team-a\/alice/);
      await connection.sync(LIMIT.owner, [], { deletion });
      await connection.sync(ALICE.owner, [], { deletion });
      await connection.sync(GOLD.owner, [], { deletion });
      assert.deepEqual(connection.state.counts, {});
    });
  });

  it("says of a gateway without them what is missing, and goes on with the rest", async () => {
    rig = await Rig.start();
    const connection = await rig.ready();
    await assert.rejects(connection.sync(GOLD.owner, [GOLD]), (error) => {
      assert.ok(error instanceof KongRejectedError);
      assert.match(error.message, /Kong Gateway Enterprise/);
      return error.reason === "NotSupportedByGateway";
    });
    await connection.sync(ALICE.owner, [ALICE]);
    assert.equal(connection.state.counts["consumers"], 1);
  });
});
