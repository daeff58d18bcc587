import assert from "node:assert/strict";
import fc from "fast-check";
import type { Endpoint } from "../../../src/model/endpoint.ts";
import { targetsOfBackends, TOTAL_WEIGHT, type WeightedBackend } from "../../../src/translate/backend-targets.ts";

const endpoints = (backend: number, count: number, state: Endpoint["state"] = "ready"): Endpoint[] =>
  Array.from({ length: count }, (_, index) => ({
    address: `10.${backend}.${index >> 8}.${index & 255}`,
    port: 80,
    state,
  }));
const told = (backends: readonly WeightedBackend[]): Record<string, number> =>
  Object.fromEntries(targetsOfBackends(backends).map(({ target, weight }) => [target, weight]));

/** Backends with different addresses. */
const several = fc
  .array(fc.record({ weight: fc.integer({ min: 0, max: 1000 }), count: fc.integer({ min: 0, max: 60 }) }), {
    minLength: 2,
    maxLength: 5,
  })
  .map((drafts) => drafts.map(({ weight, count }, index) => ({ weight, endpoints: endpoints(index, count) })));

const sumOf = (weights: Record<string, number>, { endpoints }: WeightedBackend): number =>
  endpoints.reduce((sum, { address }) => sum + (weights[`${address}:80`] ?? 0), 0);

describe("translate: targets of backends", () => {
  it("weigh 100 each in an only backend, and nothing where its weight is 0", () => {
    assert.deepEqual(told([{ endpoints: endpoints(0, 2) }]), { "10.0.0.0:80": 100, "10.0.0.1:80": 100 });
    assert.deepEqual(told([{ weight: 7, endpoints: endpoints(0, 1) }]), { "10.0.0.0:80": 100 });
    assert.deepEqual(told([{ weight: 0, endpoints: endpoints(0, 1) }]), { "10.0.0.0:80": 0 });
  });

  it("weigh by their own weights within their backend, and at most what Kong takes", () => {
    const [light, heavy] = endpoints(0, 2) as [Endpoint, Endpoint];
    const weighted = [light, { ...heavy, weight: 3 }];
    assert.deepEqual(told([{ endpoints: weighted }]), { "10.0.0.0:80": 100, "10.0.0.1:80": 300 });
    const shared = [
      { weight: 40, endpoints: weighted },
      { weight: 60, endpoints: endpoints(1, 1) },
    ];
    assert.deepEqual(told(shared), { "10.0.0.0:80": 1000, "10.0.0.1:80": 3000, "10.1.0.0:80": 6000 });
    assert.deepEqual(told([{ endpoints: [{ ...heavy, weight: 65_535 }] }]), { "10.0.0.1:80": 65_535 });
  });

  it("weigh nothing while they terminate, and leave their share to the others of their backend", () => {
    const backends = [
      { weight: 50, endpoints: [...endpoints(0, 1), { address: "10.0.9.9", port: 80, state: "terminating" as const }] },
      { weight: 50, endpoints: endpoints(1, 1) },
    ];
    assert.deepEqual(told(backends), { "10.0.0.0:80": 5000, "10.0.9.9:80": 0, "10.1.0.0:80": 5000 });
  });

  it("share by weight, whatever their number, within half a step for each", () => {
    fc.assert(
      fc.property(several, (backends) => {
        const weights = told(backends);
        const total = backends.reduce((sum, { weight }) => sum + weight, 0);
        for (const backend of backends) {
          const count = backend.endpoints.length;
          const ideal = total === 0 || count === 0 ? 0 : (backend.weight / total) * TOTAL_WEIGHT;
          const off = Math.abs(sumOf(weights, backend) - ideal);
          // A share too small for its number of endpoints still gives each of them 1.
          assert.ok(off <= count / 2 || sumOf(weights, backend) === count, `${off} off of ${ideal} over ${count}`);
        }
      }),
    );
  });

  it("of one backend stay as they are when another's number changes", () => {
    fc.assert(
      fc.property(several, fc.integer({ min: 0, max: 60 }), (backends, count) => {
        const [first, ...others] = backends;
        const before = told(backends);
        const after = told([{ weight: first!.weight, endpoints: endpoints(0, count) }, ...others]);
        for (const other of others) {
          for (const { address } of other.endpoints) assert.equal(after[`${address}:80`], before[`${address}:80`]);
        }
      }),
    );
  });

  it("weigh 0 exactly where their backend's weight is 0", () => {
    fc.assert(
      fc.property(several, (backends) => {
        const weights = told(backends);
        for (const { weight, endpoints } of backends) {
          for (const { address } of endpoints) assert.equal(weights[`${address}:80`] === 0, weight === 0);
        }
      }),
    );
  });

  it("come in the same order, whatever order they are found in", () => {
    fc.assert(
      fc.property(several, (backends) => {
        const reversed = backends.map(({ weight, endpoints }) => ({ weight, endpoints: endpoints.toReversed() }));
        assert.deepEqual(targetsOfBackends(reversed), targetsOfBackends(backends));
      }),
    );
  });

  it("that two backends have are one, with the sum of both weights", () => {
    const backends = [
      { weight: 75, endpoints: endpoints(0, 2) },
      { weight: 25, endpoints: endpoints(0, 1) },
    ];
    assert.deepEqual(told(backends), { "10.0.0.0:80": 3750 + 2500, "10.0.0.1:80": 3750 });
  });

  it("are addressed as Kong stores them", () => {
    const found = told([{ endpoints: [{ address: "2001:db8::1", port: 80, state: "ready" }] }]);
    assert.deepEqual(Object.keys(found), ["[2001:0db8:0000:0000:0000:0000:0000:0001]:80"]);
  });
});
