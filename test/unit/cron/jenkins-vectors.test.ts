import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { nextTimes } from "../../../src/cron/next-times.ts";
import { CronSyntaxError, parseSchedule } from "../../../src/cron/schedule.ts";

/*
 * What Jenkins' own scheduler classes say, recorded once. A row is
 *   [seed, line, minutes, hours, days of month, months, days of week, time, time, time, warns]
 * with the values of a field as the bits of a hexadecimal number, and the first three times from 2025-01-01T00:00Z on as
 * seconds since 1970; or, of a whole schedule, [seed, text, is taken, warns].
 */
type LineVector = [string, string, string, string, string, string, string, number, number, number, 0 | 1];
type ListVector = [string, string, boolean, 0 | 1];
const VECTORS = JSON.parse(readFileSync(new URL("./vectors.json", import.meta.url), "utf8")) as (
  LineVector | ListVector
)[];
const FROM_MS = Date.UTC(2025, 0, 1);

const isLine = (vector: LineVector | ListVector): vector is LineVector => vector.length > 4;

function mask(values: ReadonlySet<number>): string {
  return [...values].reduce((bits, value) => bits | (1n << BigInt(value)), 0n).toString(16);
}

describe("cron/what Jenkins itself says", () => {
  it("has all cases", () => {
    assert.deepEqual([VECTORS.length, VECTORS.filter(isLine).length], [236, 210]);
  });

  for (const [seed, spec, ...expected] of VECTORS.filter(isLine)) {
    it(`${spec} of ${JSON.stringify(seed)}`, () => {
      const schedule = parseSchedule(spec, { seed });
      const [line] = schedule.lines;
      assert.ok(line);
      const times = nextTimes(schedule, FROM_MS, 3);
      assert.deepEqual(
        [
          ...[line.minutes, line.hours, line.daysOfMonth, line.months, line.daysOfWeek].map(mask),
          ...times.map((timeMs) => timeMs / 1000),
          schedule.advice.length,
        ],
        expected,
      );
    });
  }

  for (const [seed, text, isTaken, warns] of VECTORS.filter((vector): vector is ListVector => !isLine(vector))) {
    it(`${isTaken ? "takes" : "refuses"} ${JSON.stringify(text)}`, () => {
      if (isTaken) assert.equal(parseSchedule(text, { seed }).advice.length, warns);
      else assert.throws(() => parseSchedule(text, { seed }), CronSyntaxError);
    });
  }
});
