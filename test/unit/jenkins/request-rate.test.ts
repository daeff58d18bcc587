import assert from "node:assert/strict";
import { mock } from "node:test";
import { OriginRates, RequestRate } from "../../../src/jenkins/request-rate.ts";

describe("jenkins/request-rate", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
  afterEach(() => mock.timers.reset());

  /** Lets the clock go on in steps, and the promises with it. */
  async function pass(ms: number, stepMs = 50): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      await new Promise((resolve) => setImmediate(resolve));
      mock.timers.tick(stepMs);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  it("never lets more through in any second than is permitted", async () => {
    const rate = new RequestRate(5, () => Date.now());
    const sentMs: number[] = [];
    const ask = (): void => void rate.turn("patient").then(() => sentMs.push(Date.now()));
    for (let count = 0; count < 17; count += 1) ask();
    await pass(1_250);
    for (let count = 0; count < 8; count += 1) ask();
    await pass(6_000);
    assert.equal(sentMs.length, 25);
    for (const from of sentMs) {
      const within = sentMs.filter((time) => time >= from && time < from + 1000).length;
      assert.ok(within <= 5, `${within} in the second from ${from}`);
    }
    assert.ok(sentMs.at(-1)! - sentMs[0]! <= 4_400, "and wastes no time");
  });

  it("lets through what starts something before what only looks", async () => {
    const rate = new RequestRate(1, () => Date.now());
    const order: string[] = [];
    for (const [name, urgency] of [
      ["first look", "patient"],
      ["second look", "patient"],
      ["start", "urgent"],
    ] as const) {
      void rate.turn(urgency).then(() => order.push(name));
    }
    await pass(3_000);
    assert.deepEqual(order, ["first look", "start", "second look"]);
  });

  it("is one for each address, whatever names it: the slowest that was asked for", () => {
    const rates = new OriginRates();
    const slow = rates.of("https://ci.example/a", 2);
    assert.equal(rates.of("https://ci.example/b", 10), slow);
    assert.notEqual(rates.of("https://other.example", 10), slow);
  });
});
