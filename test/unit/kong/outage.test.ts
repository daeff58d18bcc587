import assert from "node:assert/strict";
import { GatewayAuthError, KongUnavailableError } from "../../../src/errors.ts";
import type { GatewayConnection } from "../../../src/kong/gateway-connection.ts";
import type { TransportRequest } from "../../../src/kong/transport.ts";
import { entity, keyOf, Rig, route, service, until } from "./rig.ts";

const USERS = service("users");
const DELETE = { deletion: { policy: "Delete", force: false } } as const;

describe("kong/gateway-connection: outage", () => {
  let rig: Rig;
  let connection: GatewayConnection;

  beforeEach(async () => {
    rig = await Rig.start();
    connection = await rig.ready();
    await connection.sync(USERS.owner, [USERS]);
    rig.owners.length = 0;
    rig.states.length = 0;
    rig.double.resetCounts();
  });
  afterEach(() => rig.stop());

  const isWrite = ({ method }: TransportRequest): boolean => method !== "GET";

  /** Makes the first matching request fail, and no other. */
  function once(fault: ReturnType<Rig["fault"]>, matches: (request: TransportRequest) => boolean): void {
    rig.fault = (request) => {
      if (!matches(request)) return undefined;
      rig.fault = () => undefined;
      return fault;
    };
  }

  async function goDown(): Promise<void> {
    rig.fault = () => "refused";
    await assert.rejects(connection.sync(keyOf("KongService", "probe"), [service("probe")]), KongUnavailableError);
    assert.equal(connection.state.phase, "Unavailable");
  }

  it("says so, with the reason, and since when", async () => {
    await goDown();
    assert.equal(connection.state.reason, "ConnectionRefused");
    assert.deepEqual(
      rig.states.map(({ phase }) => phase),
      ["Unavailable"],
    );
    assert.ok(Date.now() - connection.state.since.getTime() < 2000);
  });

  it("fails what has something to write at once and without a request, and nothing else", async () => {
    await goDown();
    let writes = 0;
    rig.fault = (request) => {
      if (isWrite(request)) writes++;
      return "refused";
    };
    assert.equal((await connection.sync(USERS.owner, [USERS])).writes, 0);
    await assert.rejects(connection.sync(USERS.owner, [service("users", { retries: 1 })]), {
      reason: "GatewayUnavailable",
    });
    await assert.rejects(connection.sync(USERS.owner, [], DELETE), KongUnavailableError);
    assert.equal(writes, 0);
  });

  it("asks for the gateway alone and with pauses, and tells each waiting object once when it is back", async () => {
    await goDown();
    let tries = 0;
    rig.fault = () => {
      tries++;
      return "refused";
    };
    const names = Array.from({ length: 300 }, (_, index) => `s${index}`);
    await Promise.allSettled(names.map((name) => connection.sync(service(name).owner, [service(name)])));
    const before = tries;
    await until(() => tries >= before + 3);
    assert.ok(tries < 20, `${tries} requests while it is away`);
    rig.owners.length = 0;
    rig.fault = () => undefined;
    await until(() => connection.state.phase === "Ready");
    assert.equal(rig.owners.length, 1);
    assert.equal(rig.owners[0]?.why, "recovered");
    assert.equal(rig.owners[0].keys.length, 301);
    await Promise.all(names.map((name) => connection.sync(service(name).owner, [service(name)])));
    assert.equal(rig.writes, 300);
  });

  it("finds after an outage what somebody changed during it", async () => {
    await goDown();
    await rig.admin("PATCH", `/services/${USERS.id}`, { retries: 9 });
    rig.fault = () => undefined;
    await until(() => connection.state.phase === "Ready");
    assert.deepEqual(rig.owners.find(({ why }) => why === "drift")?.keys, ["KongService/team-a/users"]);
  });

  it("survives a kept connection that breaks under a request", async () => {
    once("lost", isWrite);
    assert.equal((await connection.sync(USERS.owner, [service("users", { retries: 1 })])).writes, 1);
    assert.equal(connection.state.phase, "Ready");
  });

  for (const failure of ["lost", "timeout"] as const) {
    it(`brings a write whose answer was lost (${failure}) to its end without a second entity`, async () => {
      const extra = service("extra");
      rig.fault = (request) => (isWrite(request) ? { afterwards: failure } : undefined);
      await assert.rejects(connection.sync(extra.owner, [extra]), KongUnavailableError);
      rig.fault = () => undefined;
      await connection.sync(extra.owner, [extra]);
      const { body } = await rig.admin("GET", "/services");
      assert.equal((body["data"] as unknown[]).length, 2);
    });
  }

  it("removes what a lost answer may have left behind, though the object was never known to be there", async () => {
    const extra = service("extra");
    rig.fault = (request) => (isWrite(request) ? { afterwards: "timeout" } : undefined);
    await assert.rejects(connection.sync(extra.owner, [extra]), KongUnavailableError);
    rig.fault = () => undefined;
    await connection.sync(extra.owner, [], DELETE);
    assert.equal((await rig.admin("GET", `/services/${extra.id}`)).status, 404);
  });

  it("counts as newly come what an answer of the second try shows, for who waits has seen nothing", async () => {
    const orders = service("orders");
    once({ status: 502, body: "<html></html>" }, isWrite);
    await assert.rejects(connection.sync(orders.owner, [orders]), KongUnavailableError);
    const { operations, identityChanged } = await connection.sync(orders.owner, [orders]);
    assert.equal(operations[0]?.action, "update", "it may have been made by the first try");
    assert.equal(identityChanged, true);
  });

  it("adds a target once, though the answer to the first try was lost", async () => {
    const owner = keyOf("KongUpstream", "pool");
    const upstream = entity(owner, "upstreams", { name: "pool.team-a.kjo.invalid" });
    const target = entity(owner, "targets", { target: "10.0.0.1:80", upstream: { id: upstream.id } }, { part: "t" });
    await connection.sync(owner, [upstream]);
    once({ afterwards: "lost" }, ({ method }) => method === "POST");
    await assert.rejects(connection.sync(owner, [upstream, target]), KongUnavailableError);
    assert.equal((await connection.sync(owner, [upstream, target])).writes, 0);
    assert.equal(
      rig.double.count(({ method }) => method === "POST"),
      1,
    );
  });

  it("takes one bad answer for what it is while the gateway is otherwise well", async () => {
    rig.fault = (request) => (isWrite(request) && request.path.endsWith(USERS.id) ? { status: 500 } : undefined);
    await assert.rejects(connection.sync(USERS.owner, [service("users", { retries: 1 })]), { reason: "ServerError" });
    const other = service("other");
    assert.equal((await connection.sync(other.owner, [other])).writes, 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(connection.state.phase, "Ready");
  });

  it("goes away when the gateway answers nothing but errors", async () => {
    rig.fault = () => ({ status: 503 });
    await assert.rejects(connection.sync(USERS.owner, [service("users", { retries: 1 })]), KongUnavailableError);
    await until(() => connection.state.phase === "Unavailable");
    assert.equal(connection.state.reason, "ServerError");
  });

  it("pauses as long as a 429 asks for", async () => {
    rig.fault = () => ({ status: 429, retryAfter: "0.15" });
    const startedAt = performance.now();
    await assert.rejects(connection.sync(USERS.owner, [service("users", { retries: 1 })]), {
      reason: "TooManyRequests",
      retryAfterMs: 150,
    });
    rig.fault = () => undefined;
    await until(() => connection.state.phase === "Ready");
    assert.ok(performance.now() - startedAt >= 145);
  });

  it("stops at refused credentials, leaves the objects alone, and goes on with new ones", async () => {
    rig.fault = ({ headers }) => (headers["kong-admin-token"] === "new" ? undefined : { status: 401 });
    await assert.rejects(connection.sync(USERS.owner, [service("users", { retries: 1 })]), GatewayAuthError);
    assert.equal(connection.state.phase, "AuthFailed");
    connection.update({ ...rig.settings, headers: { "kong-admin-token": "new" } });
    await until(() => connection.state.phase === "Ready");
    assert.deepEqual(rig.owners, [{ why: "recovered", keys: ["KongService/team-a/users"] }]);
  });

  it("waits for one upstream's targets and for nothing else", async () => {
    const pools = ["a", "b"].map((name) => {
      const owner = keyOf("KongUpstream", name);
      const upstream = entity(owner, "upstreams", { name: `${name}.team-a.kjo.invalid` });
      const target = entity(owner, "targets", { target: "10.0.0.1:80", upstream: { id: upstream.id } }, { part: "t" });
      return { owner, upstream, target };
    });
    for (const { owner, upstream, target } of pools) await connection.sync(owner, [upstream, target]);
    const [a, b] = pools;
    assert.ok(a && b);
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    rig.hold = ({ path }) => (path.includes(`${a.upstream.id}/targets`) ? held : undefined);
    const later = await rig.ready();
    let isDone = false;
    const waiting = later.sync(a.owner, [a.upstream, a.target]).then(() => (isDone = true));
    assert.equal((await later.sync(b.owner, [b.upstream, b.target])).writes, 0);
    const other = route("r", USERS.id);
    assert.equal((await later.sync(other.owner, [other])).writes, 1);
    assert.equal(isDone, false);
    release();
    await waiting;
    assert.equal(
      rig.double.count(({ method, path }) => method === "POST" && path.includes("targets")),
      0,
    );
  });

  it("ends cleanly with an outage under way", async () => {
    await goDown();
    await connection.stop();
  });
});
