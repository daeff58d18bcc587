import assert from "node:assert/strict";
import type { JsonObject } from "../../../../src/model/json.ts";
import { Backend, Gateway, messageOf } from "./gateway-fixture.ts";

const NO_PEER = "failure to get a peer from the ring-balancer";

describe("kong double/upstreams", () => {
  it("shares requests exactly by weight, follows a change of weights, and names the target to itself", async () => {
    await using t = await setUp();
    assert.deepEqual(await t.share(100), { b1: 90, b2: 10 });
    assert.equal(t.one.last.headers.host, `127.0.0.1:${t.one.port}`);
    t.setWeights(50, 50);
    assert.deepEqual(await t.share(100), { b1: 50, b2: 50 });
    t.setWeights(0, 50);
    assert.deepEqual(await t.share(20), { b2: 20 });
  });

  it("answers 503 without a target of weight, and 500 when the upstream is gone", async () => {
    await using t = await setUp();
    t.setWeights(0, 0);
    const reply = await t.gateway.call();
    assert.deepEqual([reply.status, messageOf(reply)], [503, NO_PEER]);
    t.gateway.store.remove("upstreams", "u");
    const gone = await t.gateway.call();
    assert.equal(gone.status, 500);
    assert.match(String(messageOf(gone)), /resolve for 'pool\.invalid' with/);
  });

  it("leaves out a target that was set unhealthy, and answers 503 when none is left", async () => {
    await using t = await setUp();
    t.gateway.store.setTargetHealth("t1", false);
    assert.deepEqual(await t.share(20), { b2: 20 });
    t.gateway.store.setTargetHealth("t2", false);
    assert.equal(messageOf(await t.gateway.call()), NO_PEER);
    t.gateway.store.setTargetHealth("t1", true);
    assert.deepEqual(await t.share(20), { b1: 20 });
  });

  it("answers 503 when less than the threshold of weight is healthy", async () => {
    await using t = await setUp({ healthchecks: { threshold: 50 } });
    t.gateway.store.setTargetHealth("t2", false);
    assert.equal((await t.gateway.call()).status, 200);
    t.gateway.store.setTargetHealth("t2", true);
    t.gateway.store.setTargetHealth("t1", false);
    assert.equal(messageOf(await t.gateway.call()), NO_PEER);
  });

  it("sends a request to the other target when one refuses", async () => {
    await using t = await setUp();
    await t.one[Symbol.asyncDispose]();
    assert.deepEqual(await t.share(20), { b2: 20 });
  });

  it("sends the upstream's host_header", async () => {
    await using t = await setUp({ host_header: "inner.test" });
    await t.gateway.call();
    assert.equal(t.one.last.headers.host, "inner.test");
  });

  const hashed: [hashOn: string, fields: JsonObject, headers: Record<string, string>][] = [
    ["header", { hash_on_header: "x-user" }, { "X-User": "ann" }],
    ["ip", {}, {}],
    ["cookie", { hash_on_cookie: "sid" }, { Cookie: "sid=7" }],
    ["path", {}, {}],
  ];
  for (const [hashOn, fields, headers] of hashed) {
    it(`keeps requests together by ${hashOn}`, async () => {
      await using t = await setUp({ algorithm: "consistent-hashing", hash_on: hashOn, ...fields });
      t.setWeights(50, 50);
      assert.equal(Object.keys(await t.share(12, headers)).length, 1);
    });
  }

  it("gives a client a cookie to be known by", async () => {
    await using t = await setUp({ algorithm: "consistent-hashing", hash_on: "cookie", hash_on_cookie: "sid" });
    assert.match(String((await t.gateway.call()).headers["set-cookie"]), /^sid=[0-9a-f-]{36}; Path=\/$/);
  });
});

describe("kong double/health checks", () => {
  it("takes a target out after the passive limit of bad statuses", async () => {
    const passive = {
      unhealthy: { http_statuses: [500], http_failures: 2 },
      healthy: { http_statuses: [200], successes: 0 },
    };
    await using t = await setUp({ healthchecks: { passive } });
    t.gateway.store.remove("targets", "t2");
    t.fail(true);
    assert.deepEqual([(await t.gateway.call()).status, (await t.gateway.call()).status], [500, 500]);
    assert.deepEqual([...t.gateway.store.unhealthy], ["t1"]);
    assert.equal((await t.gateway.call()).status, 503);
  });

  it("counts passive failures in a row only", async () => {
    const passive = {
      unhealthy: { http_statuses: [500], http_failures: 2 },
      healthy: { http_statuses: [200], successes: 0 },
    };
    await using t = await setUp({ healthchecks: { passive } });
    t.gateway.store.remove("targets", "t2");
    for (const failing of [true, false, true, false]) {
      t.fail(failing);
      await t.gateway.call();
    }
    assert.equal(t.gateway.store.unhealthy.size, 0);
  });

  it("takes a refusing target out after the passive limit of connection failures", async () => {
    const passive = { unhealthy: { tcp_failures: 1 } };
    await using t = await setUp({ healthchecks: { passive } });
    await t.one[Symbol.asyncDispose]();
    await t.gateway.call();
    await t.gateway.call();
    assert.deepEqual([...t.gateway.store.unhealthy], ["t1"]);
  });

  for (const type of ["http", "tcp"]) {
    it(`takes a target out and back by active ${type} checks`, async () => {
      const active = {
        type,
        timeout: 0.2,
        http_path: "/health",
        headers: { "X-Probe": ["1"] },
        healthy: { interval: 0.1, successes: 1, http_statuses: [200] },
        unhealthy: { interval: 0.1, http_failures: 1, tcp_failures: 1, timeouts: 1, http_statuses: [500] },
      };
      await using t = await setUp({ healthchecks: { active } });
      const { unhealthy } = t.gateway.store;
      if (type === "tcp") {
        await t.one[Symbol.asyncDispose]();
        await until(() => unhealthy.has("t1"));
        assert.deepEqual([...unhealthy], ["t1"]);
        return;
      }
      t.fail(true);
      await until(() => unhealthy.has("t1"));
      assert.deepEqual(await t.share(5), { b2: 5 });
      const probe = t.one.seen.find(({ url }) => url === "/health");
      assert.equal(probe?.headers["x-probe"], "1");
      t.fail(false);
      await until(() => unhealthy.size === 0);
    });
  }
});

interface Pool extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly one: Backend;
  setWeights(one: number, two: number): void;
  /** Makes the first backend answer 500. */
  fail(failing: boolean): void;
  share(requests: number, headers?: Record<string, string>): Promise<Record<string, number>>;
}

/** An upstream `pool.invalid` with two backends, 90/10. */
async function setUp(fields: JsonObject = {}): Promise<Pool> {
  let failing = false;
  const one = await Backend.start("b1", (response) => response.writeHead(failing ? 500 : 200).end("b1"));
  const two = await Backend.start("b2");
  const gateway = await Gateway.start();
  const { store } = gateway;
  store.put("upstreams", { id: "u", name: "pool.invalid", algorithm: "round-robin", ...fields });
  const ports = [one.port, two.port];
  function setWeights(...weights: number[]): void {
    for (const [i, weight] of weights.entries()) {
      store.put("targets", { id: `t${i + 1}`, target: `127.0.0.1:${ports[i]}`, weight, upstream: { id: "u" } });
    }
  }
  setWeights(90, 10);
  gateway.serve({ host: "pool.invalid" });
  return {
    gateway,
    one,
    setWeights,
    fail: (value) => (failing = value),
    async share(requests, headers = {}) {
      const counts: Record<string, number> = {};
      for (let i = 0; i < requests; i++) {
        const { body } = await gateway.call("/", { headers });
        counts[body] = (counts[body] ?? 0) + 1;
      }
      return counts;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await gateway[Symbol.asyncDispose]();
      await one[Symbol.asyncDispose]();
      await two[Symbol.asyncDispose]();
    },
  };
}

async function until(done: () => boolean): Promise<void> {
  const end = performance.now() + 1500;
  while (!done()) {
    if (performance.now() > end) throw new Error("did not happen in 1.5 s");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
