import assert from "node:assert/strict";
import fc from "fast-check";
import type { JsonObject } from "../../../../src/model/json.ts";
import { Balancer } from "../../../doubles/kong/proxy/balancer.ts";

const everyone = (): boolean => true;

describe("kong double/balancer", () => {
  const shares: [weights: number[], requests: number, expected: number[]][] = [
    [[90, 10], 100, [90, 10]],
    [[90, 10], 10, [9, 1]],
    [[50, 50], 100, [50, 50]],
    [[0, 50], 100, [0, 100]],
    [[1, 2, 7], 100, [10, 20, 70]],
    [[100], 3, [3]],
  ];
  for (const [weights, requests, expected] of shares) {
    it(`shares ${requests} requests by the weights ${weights.join("/")} as ${expected.join("/")}`, () => {
      assert.deepEqual(shareOf(new Balancer({}, targetsOf(weights)), weights.length, requests), expected);
    });
  }

  it("gives exact shares after every round of any weights", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 5 }), (weights) => {
        const round = weights.reduce((sum, weight) => sum + weight, 0);
        fc.pre(round > 0);
        assert.deepEqual(shareOf(new Balancer({}, targetsOf(weights)), weights.length, round), weights);
      }),
    );
  });

  it("has no target where all weights are 0, all are unhealthy, or there are none", () => {
    assert.equal(new Balancer({}, targetsOf([0, 0])).next(everyone), undefined);
    assert.equal(
      new Balancer({}, targetsOf([10])).next(() => false),
      undefined,
    );
    assert.equal(new Balancer({}, []).next(everyone), undefined);
  });

  it("gives the share of an unhealthy target to the others", () => {
    const balancer = new Balancer({}, targetsOf([50, 25, 25]));
    const counts = shareOf(balancer, 3, 100, (id) => id !== "t0");
    assert.deepEqual(counts, [0, 50, 50]);
  });

  it("passes over a target that has failed for the request, while there is another", () => {
    const balancer = new Balancer({}, targetsOf([99, 1]));
    assert.equal(balancer.next(everyone, undefined, new Set(["t0"]))?.targetId, "t1");
    assert.ok(balancer.next(everyone, undefined, new Set(["t0", "t1"])));
  });

  it("keeps a hashed key on its target, also when another one goes", () => {
    const balancer = new Balancer({ algorithm: "consistent-hashing" }, targetsOf([10, 10, 10]));
    const keys = Array.from({ length: 60 }, (_, i) => `client-${i}`);
    const before = keys.map((key) => balancer.next(everyone, key)?.targetId);
    assert.deepEqual(
      keys.map((key) => balancer.next(everyone, key)?.targetId),
      before,
    );
    assert.equal(new Set(before).size, 3);
    const after = keys.map((key) => balancer.next((peer) => peer.targetId !== "t0", key)?.targetId);
    for (const [i, target] of after.entries()) {
      if (before[i] === "t0") assert.notEqual(target, "t0");
      else assert.equal(target, before[i]);
    }
  });

  it("chooses the target with the fewest connections for its weight", () => {
    const balancer = new Balancer({ algorithm: "least-connections" }, targetsOf([1, 1]));
    const first = balancer.next(everyone);
    assert.ok(first);
    const release = balancer.connect(first);
    assert.notEqual(balancer.next(everyone)?.targetId, first.targetId);
    release();
    assert.equal(balancer.next(everyone)?.targetId, first.targetId);
  });

  it("reads addresses with names and IPv6", () => {
    const balancer = new Balancer({}, [
      { id: "1", target: "[0000:0000:0000:0000:0000:0000:0000:0001]:80", weight: 1 },
      { id: "2", target: "host.test:8000", weight: 1 },
    ]);
    assert.deepEqual(
      balancer.peers.map(({ host, port }) => [host, port]),
      [
        ["0000:0000:0000:0000:0000:0000:0000:0001", 80],
        ["host.test", 8000],
      ],
    );
  });
});

function targetsOf(weights: number[]): JsonObject[] {
  return weights.map((weight, i) => ({ id: `t${i}`, target: `10.0.0.${i + 1}:80`, weight }));
}

function shareOf(
  balancer: Balancer,
  targets: number,
  requests: number,
  isHealthy: (id: string) => boolean = everyone,
): number[] {
  const counts = new Array<number>(targets).fill(0);
  for (let i = 0; i < requests; i++) {
    const peer = balancer.next(({ targetId }) => isHealthy(targetId));
    assert.ok(peer);
    counts[Number(peer.targetId.slice(1))]! += 1;
  }
  return counts;
}
