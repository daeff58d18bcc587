import assert from "node:assert/strict";
import { storedTargetAddress } from "../../../src/plan/target-address.ts";

/** Left: what is asked for. Right: what Kong 3.9 answers and stores. */
const ADDRESSES: [string, string][] = [
  ["10.0.0.1:80", "10.0.0.1:80"],
  ["10.0.0.1", "10.0.0.1:8000"],
  ["010.0.0.01:80", "10.0.0.1:80"],
  ["host.test", "host.test:8000"],
  ["host.test:443", "host.test:443"],
  ["[::1]:80", "[0000:0000:0000:0000:0000:0000:0000:0001]:80"],
  ["[::1]", "[0000:0000:0000:0000:0000:0000:0000:0001]:8000"],
  ["::1", "[0000:0000:0000:0000:0000:0000:0000:0001]:8000"],
  ["[2001:DB8::ff]:80", "[2001:0db8:0000:0000:0000:0000:0000:00ff]:80"],
  ["::ffff:10.0.0.1", "[0000:0000:0000:0000:0000:ffff:0a00:0001]:8000"],
  ["[nonsense]:80", "[nonsense]:80"],
  ["999.0.0.1:80", "999.0.0.1:80"],
];

describe("plan/target-address", () => {
  for (const [given, stored] of ADDRESSES) {
    it(`stores ${given} as ${stored}`, () => assert.equal(storedTargetAddress(given), stored));
  }

  it("leaves a stored address as it is", () => {
    for (const [, stored] of ADDRESSES) assert.equal(storedTargetAddress(stored), stored);
  });
});
