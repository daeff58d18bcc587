import assert from "node:assert/strict";
import type { GatewayConnection } from "../../../src/kong/gateway-connection.ts";
import type { JsonObject } from "../../../src/model/json.ts";
import type { KongEntity } from "../../../src/model/kong-entity.ts";
import { eventually } from "../../e2e/setup-eventually.ts";
import { entity, keyOf, Rig, service } from "./rig.ts";

const CHECKED: JsonObject = { healthchecks: { passive: { unhealthy: { tcp_failures: 3 } } } };

describe("kong/gateway-connection: the health of targets", () => {
  const owner = keyOf("KongUpstream", "pool");
  const pool = (fields: JsonObject, ...targets: string[]): KongEntity[] => {
    const upstream = entity(owner, "upstreams", { name: "pool.team-a.kjo.invalid", ...fields });
    const parts = targets.map((target) =>
      entity(owner, "targets", { target, upstream: { id: upstream.id } }, { part: `target.${target}` }),
    );
    return [upstream, ...parts];
  };
  let rig: Rig;
  let connection: GatewayConnection;

  beforeEach(async () => {
    rig = await Rig.start();
    connection = await rig.ready();
  });
  afterEach(() => rig.stop());

  const healthReads = (): number => rig.double.requests.filter(({ path }) => path.includes("/health")).length;

  it("is what Kong says of unchecked targets, without a question, where nobody looks", async () => {
    await connection.sync(owner, pool({}, "10.0.0.1:80"));
    await connection.refresh();
    assert.deepEqual(connection.targetHealth(owner), [
      { target: "10.0.0.1:80", weight: 100, health: "HEALTHCHECKS_OFF" },
    ]);
    assert.equal(healthReads(), 0);
  });

  it("is asked for where the upstream has checks, and tells the owner once when it differs", async () => {
    await connection.sync(owner, pool(CHECKED, "10.0.0.2:80", "10.0.0.1:80"));
    assert.deepEqual(connection.targetHealth(owner), [
      { target: "10.0.0.1:80", weight: 100 },
      { target: "10.0.0.2:80", weight: 100 },
    ]);
    const told = (): unknown[] => rig.owners.filter(({ why }) => why === "health");
    await eventually(async () => {
      await connection.refresh();
      assert.equal(connection.targetHealth(owner)[0]?.health, "HEALTHY");
    });
    const before = told().length;
    rig.double.store.setTargetHealth(connection.idOf(owner, "targets", "target.10.0.0.1:80") ?? "", false);
    await connection.refresh();
    await eventually(() => assert.equal(connection.targetHealth(owner)[0]?.health, "UNHEALTHY"));
    await connection.refresh();
    assert.deepEqual(told().slice(before), [{ why: "health", keys: ["KongUpstream/team-a/pool"] }]);
    assert.deepEqual(connection.healthCounts(), { HEALTHY: 1, UNHEALTHY: 1 });
  });

  it("is asked for once at a time, however often the gateway is looked at while it does not answer", async () => {
    await connection.sync(owner, pool(CHECKED, "10.0.0.1:80"));
    let release = (): void => {};
    const answered = new Promise<void>((resolve) => (release = resolve));
    let underWay = 0;
    let most = 0;
    rig.hold = ({ path }) => {
      if (!path.includes("/health")) return undefined;
      most = Math.max(most, ++underWay);
      return answered.then(() => void underWay--);
    };
    for (let look = 0; look < 5; look++) await connection.refresh();
    await eventually(() => assert.equal(underWay, 1));
    // Another question would be on its way before this write is.
    await connection.sync(keyOf("KongService", "users"), [service("users")]);
    assert.equal(most, 1);
    release();
    await eventually(() => assert.notEqual(connection.targetHealth(owner)[0]?.health, undefined));
  });

  it("is asked for where a target is a name that may lead nowhere", async () => {
    await connection.sync(owner, pool({}, "nowhere.invalid:80"));
    await eventually(async () => {
      await connection.refresh();
      assert.equal(connection.targetHealth(owner)[0]?.health, "DNS_ERROR");
    });
  });
});
