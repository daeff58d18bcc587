import assert from "node:assert/strict";
import { NotReadyError } from "../../../src/errors.ts";
import type { GatewayConnection } from "../../../src/kong/gateway-connection.ts";
import type { KongEntity } from "../../../src/model/kong-entity.ts";
import { entity, Rig, service } from "./rig.ts";

const HOST = "users.service.team-a.kjo.invalid";
const AWAIT = { awaitBalancers: true, inSyncBefore: true } as const;

describe("kong/gateway-connection: a service that goes over to another upstream", () => {
  const before = service("users", { host: "users.test" });
  const { owner } = before;
  const upstream = entity(owner, "upstreams", { name: HOST }, { part: "backend" });
  const target = entity(
    owner,
    "targets",
    { target: "10.0.0.1:80", upstream: { id: upstream.id } },
    { part: "target.a" },
  );
  const after: KongEntity[] = [service("users", { host: HOST }), upstream, target];
  let rig: Rig;
  let connection: GatewayConnection;

  beforeEach(async () => {
    rig = await Rig.start();
    connection = await rig.ready();
  });
  afterEach(() => rig.stop());

  const written = (): string[] =>
    rig.double.requests
      .filter(({ method }) => method !== "GET")
      .map(({ method, path }) => `${method} ${path.replace(/\/[-0-9a-f]{36}/g, "/ID")}`);
  const hostInKong = async (): Promise<unknown> => {
    const { body } = await rig.admin("GET", `/services/${before.id}`);
    return (body as { host: unknown }).host;
  };
  const isWaiting = (error: unknown): boolean =>
    error instanceof NotReadyError && error.reason === "WaitingForBalancer" && error.retryAfterMs !== undefined;

  it("stays where it is until the upstream and its targets are there and the gateway has built the balancer", async () => {
    await connection.sync(owner, [before]);
    rig.double.resetCounts();
    await assert.rejects(connection.sync(owner, after, AWAIT), isWaiting);
    assert.deepEqual(written(), ["PUT /upstreams/ID", "POST /upstreams/ID/targets"]);
    assert.equal(await hostInKong(), "users.test");
    await assert.rejects(connection.sync(owner, after, AWAIT), isWaiting);
    assert.equal(written().length, 2);
  });

  it("is written after its upstream and its targets where it is new, without a wait", async () => {
    const { writes } = await connection.sync(owner, after, AWAIT);
    assert.equal(writes, 3);
    assert.deepEqual(written(), ["PUT /upstreams/ID", "POST /upstreams/ID/targets", "PUT /services/ID"]);
  });

  it("leaves its former upstream standing for as long as workers may use it, which is no drift", async () => {
    await connection.sync(owner, after, AWAIT);
    const { againAfterMs } = await connection.sync(owner, [before], { awaitBalancers: true });
    assert.equal(againAfterMs, 5_000);
    assert.equal(await hostInKong(), "users.test");
    assert.ok(connection.idOf(owner, "upstreams", "backend"));
    const again = await connection.sync(owner, [before], AWAIT);
    assert.ok((again.againAfterMs ?? 0) > 0);
    assert.deepEqual([again.drifted, again.writes], [[], 0]);
  });

  it("is not waited for where nobody asks for that", async () => {
    await connection.sync(owner, [before]);
    assert.equal((await connection.sync(owner, after)).writes, 3);
  });
});
