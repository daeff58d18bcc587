import assert from "node:assert/strict";
import { healthChanges, targetStatus, withToldHealth } from "../../../src/report/target-status.ts";

const target = (number: number, health?: string) => ({
  target: `10.0.0.${number}:80`,
  weight: 100,
  ...(health === undefined ? {} : { health }),
});

describe("report/target-status", () => {
  it("counts the targets and those that get nothing, and lists these first", () => {
    assert.deepEqual(targetStatus([target(1, "HEALTHY"), target(2, "UNHEALTHY"), target(3, "DNS_ERROR"), target(4)]), {
      targets: 4,
      unhealthyTargets: 2,
      targetHealth: [target(2, "UNHEALTHY"), target(3, "DNS_ERROR"), target(1, "HEALTHY"), target(4)],
    });
  });

  it("lists at most 100, the unhealthy among them", () => {
    const many = Array.from({ length: 150 }, (_, index) => target(index, index === 149 ? "UNHEALTHY" : "HEALTHY"));
    const status = targetStatus(many) as { targets: number; targetHealth: { target: string }[] };
    assert.equal(status.targets, 150);
    assert.equal(status.targetHealth.length, 100);
    assert.equal(status.targetHealth[0]?.target, "10.0.0.149:80");
  });

  it("tells what was told last of targets of which nothing is known yet, so that a restart changes no status", () => {
    const told = [target(1, "UNHEALTHY"), target(2, "HEALTHY"), target(9, "HEALTHY")];
    const now = withToldHealth([target(1), target(2, "DNS_ERROR"), target(3)], told);
    assert.deepEqual(now, [target(1, "UNHEALTHY"), target(2, "DNS_ERROR"), target(3)]);
    assert.deepEqual(healthChanges(told, now), { down: ["10.0.0.2:80 (DNS_ERROR)"], back: [] });
  });

  it("names who went down and who is back, and nobody twice", () => {
    const before = [target(1, "HEALTHY"), target(2, "UNHEALTHY"), target(3, "UNHEALTHY"), target(5, "UNHEALTHY")];
    const after = [
      target(1, "UNHEALTHY"),
      target(2, "UNHEALTHY"),
      target(3, "HEALTHY"),
      target(4, "DNS_ERROR"),
      target(5),
    ];
    assert.deepEqual(healthChanges(before, after), {
      down: ["10.0.0.1:80 (UNHEALTHY)", "10.0.0.4:80 (DNS_ERROR)"],
      back: ["10.0.0.3:80 (HEALTHY)"],
    });
  });
});
