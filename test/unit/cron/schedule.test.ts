import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { nextTime, nextTimes } from "../../../src/cron/next-times.ts";
import { parseSchedule } from "../../../src/cron/schedule.ts";

function times(spec: string, from: string, count: number, timeZone?: string): string[] {
  const schedule = parseSchedule(spec, { seed: "shop/nightly", timeZone });
  return nextTimes(schedule, Date.parse(from), count).map((timeMs) => new Date(timeMs).toISOString());
}

describe("cron/next times", () => {
  it("count the minute that they start from", () => {
    assert.deepEqual(times("30 4 * * *", "2026-03-01T04:30:00Z", 1), ["2026-03-01T04:30:00.000Z"]);
    assert.deepEqual(times("30 4 * * *", "2026-03-01T04:30:01Z", 1), ["2026-03-02T04:30:00.000Z"]);
  });

  it("want the day of the month and the day of the week", () => {
    assert.deepEqual(times("0 0 13 * 5", "2026-01-01T00:00:00Z", 3), [
      "2026-02-13T00:00:00.000Z",
      "2026-03-13T00:00:00.000Z",
      "2026-11-13T00:00:00.000Z",
    ]);
  });

  it("find a 29th of February, also one that is a Monday, and across 2100, which has none", () => {
    assert.deepEqual(times("0 0 29 2 *", "2026-01-01T00:00:00Z", 1), ["2028-02-29T00:00:00.000Z"]);
    assert.deepEqual(times("0 0 29 2 1", "2026-01-01T00:00:00Z", 1), ["2044-02-29T00:00:00.000Z"]);
    assert.deepEqual(times("0 0 29 2 *", "2097-01-01T00:00:00Z", 1), ["2104-02-29T00:00:00.000Z"]);
  });

  it("end where no such day comes", () => {
    assert.equal(nextTime(parseSchedule("0 0 31 2 *", { seed: "" }), Date.parse("2026-01-01T00:00:00Z")), undefined);
  });

  it("come in order, and once where two lines meet", () => {
    assert.deepEqual(times("0 6 * * *\n0 6,5 * * *", "2026-01-01T00:00:00Z", 3), [
      "2026-01-01T05:00:00.000Z",
      "2026-01-01T06:00:00.000Z",
      "2026-01-02T05:00:00.000Z",
    ]);
  });

  it("follow the wall clock of the zone, be it named by TZ= or beside", () => {
    const expected = ["2026-01-15T02:00:00.000Z", "2026-01-16T02:00:00.000Z"];
    assert.deepEqual(times("TZ=Europe/Rome\n0 3 * * *", "2026-01-15T00:00:00Z", 2), expected);
    assert.deepEqual(times("0 3 * * *", "2026-01-15T00:00:00Z", 2, "Europe/Rome"), expected);
    assert.deepEqual(times("TZ=Europe/Rome\n0 3 * * *", "2026-01-15T00:00:00Z", 2, "Europe/Rome"), expected);
  });

  it("leave out a time that the clock skips in spring", () => {
    assert.deepEqual(times("TZ=Europe/Rome\n30 2 * * *", "2026-03-28T00:00:00Z", 2), [
      "2026-03-28T01:30:00.000Z",
      "2026-03-30T00:30:00.000Z",
    ]);
  });

  it("come twice where the clock goes back in autumn", () => {
    assert.deepEqual(times("TZ=America/New_York\n30 1 * * *", "2026-11-01T00:00:00Z", 3), [
      "2026-11-01T05:30:00.000Z",
      "2026-11-01T06:30:00.000Z",
      "2026-11-02T06:30:00.000Z",
    ]);
  });

  it("go on evenly through that night", () => {
    const all = times("*/30 * * * *", "2026-10-24T23:00:00Z", 8, "Europe/Rome").map(Date.parse);
    assert.deepEqual(
      all.slice(1).map((time, index) => (time - (all[index] ?? 0)) / 60_000),
      Array(7).fill(30),
    );
  });
});

describe("cron/schedule", () => {
  const cases: [string, string | undefined, RegExp][] = [
    ["61 * * * *", undefined, /line 1 "61 \* \* \* \*": minute "61": 61 is not within 0 and 59/],
    ["# nightly\n* * * *", undefined, /line 2 .*: 4 fields instead of five: minute, hour, day of month/],
    ["0 0 * * MON", undefined, /day of week "MON": names of months and days are not taken/],
    ["H/5(0-29) * * * *", undefined, /the range of H comes before its step: H\(0-29\)\/5/],
    ["5/10 * * * *", undefined, /a step needs a range: 5-59\/10/],
    ["9-5 * * * *", undefined, /the range 9-5 is the wrong way round/],
    ["1,,2 * * * *", undefined, /a value is missing/],
    ["@reboot", undefined, /not an alias that Jenkins has; there are @yearly/],
    ["", undefined, /has no line/],
    ["TZ=Mars/Olympus\n0 3 * * *", undefined, /"Mars\/Olympus" is not a time zone/],
    ["0 3 * * *", "", /"" is not a time zone/],
    ["TZ=Europe/Rome\n0 3 * * *", "Europe/Berlin", /TZ=Europe\/Rome contradicts the time zone Europe\/Berlin/],
  ];
  for (const [spec, timeZone, message] of cases) {
    it(`refuses ${JSON.stringify(spec)}${timeZone === undefined ? "" : ` in ${JSON.stringify(timeZone)}`}`, () => {
      assert.throws(() => parseSchedule(spec, { seed: "", timeZone }), { name: "CronSyntaxError", message });
    });
  }

  it("advises where Jenkins would", () => {
    const advice = (spec: string): readonly string[] => parseSchedule(spec, { seed: "" }).advice;
    assert.match(advice("* * * * *")[0] ?? "", /every minute; for once an hour write "H \* \* \* \*"/);
    assert.match(advice("0,15,30,45 * * * *")[0] ?? "", /"H\/15 \* \* \* \*" spreads the load/);
    assert.match(advice("H H H/3 * *")[0] ?? "", /days of the month do not go on evenly/);
    assert.deepEqual(advice("0,20,45 * * * *"), []);
    assert.deepEqual(advice("@daily"), []);
  });

  it("takes one number for each H, on the next line too", () => {
    const [first, second] = parseSchedule("H H * * *\nH H * * *", { seed: "shop/nightly" }).lines;
    assert.notDeepEqual([first?.minutes, first?.hours], [second?.minutes, second?.hours]);
  });
});
