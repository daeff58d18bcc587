import assert from "node:assert/strict";
import { ownsHost } from "../../../src/tenancy/hosts.ts";

/** A tenant's pattern, a host of a route or certificate, and whether all that the host matches is the tenant's. */
const CASES: readonly (readonly [pattern: string, host: string, owned: boolean])[] = [
  ["team-a.example", "team-a.example", true],
  ["team-a.example", "Team-A.Example", true],
  ["team-a.example", "team-a.example.", true],
  ["team-a.example", "team-a.example:8443", true],
  ["team-a.example", "www.team-a.example", false],
  ["team-a.example", "*.team-a.example", false],
  ["*.team-a.example", "www.team-a.example", true],
  ["*.team-a.example", "a.b.team-a.example", true],
  ["*.team-a.example", "*.team-a.example", true],
  ["*.team-a.example", "*.www.team-a.example", true],
  ["*.team-a.example", "team-a.example", false],
  ["*.team-a.example", "evil-team-a.example", false],
  ["*.team-a.example", "*.example", false],
  ["*.team-a.example", "www.team-a.example.*", false],
  ["*.team-a.example", "www.team-a.*", false],
  ["*.team-a.example", "team-b.example", false],
  ["team-a.*", "team-a.com", true],
  ["team-a.*", "team-a.co.uk", true],
  ["team-a.*", "team-a.*", true],
  ["team-a.*", "*.team-a.com", false],
  ["team-a.*", "team-ab.com", false],
  ["*", "anything.example", true],
  ["*", "*.anything.example", true],
];

describe("tenancy/hosts", () => {
  for (const [pattern, host, owned] of CASES) {
    it(`says that ${host} is ${owned ? "" : "not "}of ${pattern}`, () => {
      assert.equal(ownsHost([pattern], host), owned);
    });
  }

  it("says that nothing is of nobody", () => {
    assert.equal(ownsHost([], "team-a.example"), false);
  });
});
