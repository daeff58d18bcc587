import assert from "node:assert/strict";
import type { Finding } from "../../../src/verify/answer.ts";
import { advance, begin, disturb, resume, SERVED, type Step, type Times } from "../../../src/verify/progress.ts";

const TIMES: Times = { intervalMs: 60_000, deadlineMs: 15_000, settleMs: 5_500 };
const GOOD: Finding = { ok: true };
const BAD: Finding = bad("NoRouteMatched");

function bad(reason: string, message = "why", kind = reason): Finding {
  return { ok: false, reason, kind, message };
}

/** A route whose proxy answers by the clock: asked when the steps say so, from `step` until `untilMs`. */
function follow(step: Step, answerAt: (ms: number) => Finding, untilMs: number, fromMs = 0) {
  const told: string[] = [];
  let current = step;
  let requests = 0;
  for (let now = fromMs + step.nextMs; now <= untilMs; now += current.nextMs) {
    const before = current.progress.verdict;
    requests++;
    current = advance(current.progress, answerAt(now), now, TIMES);
    assert.ok(current.nextMs > 0, "asked again at once");
    const { verdict } = current.progress;
    if (verdict !== before) told.push(`${now} ${verdict.status} ${verdict.reason}`);
  }
  return { step: current, told, requests };
}

describe("verify/progress", () => {
  it("says Served when the proxy has begun to answer, three times in a row", () => {
    const { told } = follow(begin(0, TIMES), (now) => (now < 4_400 ? BAD : GOOD), 20_000);
    assert.equal(told.length, 1);
    const [at, ...rest] = told[0]!.split(" ");
    assert.deepEqual(rest, ["True", "Served"]);
    assert.ok(Number(at) >= 4_400 && Number(at) <= 5_700, at);
  });

  it("does not take what was served before the change for the change", () => {
    const { told } = follow(begin(0, TIMES), () => GOOD, 20_000);
    assert.deepEqual(told, ["5500 True Served"]);
  });

  it("waits while the workers of the gateway disagree", () => {
    const answers = [BAD, GOOD, BAD, GOOD, GOOD, BAD];
    let index = 0;
    const { told } = follow(begin(0, TIMES), () => answers[index++] ?? GOOD, 20_000);
    assert.equal(told.length, 1);
    assert.ok(index >= answers.length + 3, `${index} answers`);
  });

  it("says what is wrong at the deadline and not before", () => {
    const { told } = follow(begin(0, TIMES), () => BAD, 60_000);
    assert.deepEqual(told, ["15000 False NoRouteMatched"]);
  });

  it("does not give up before the gateway can have served it", () => {
    const { progress } = begin(0, { ...TIMES, deadlineMs: 1_000 });
    assert.equal(progress.deadlineMs, TIMES.settleMs);
  });

  it("asks once an interval while all is well", () => {
    const { requests, told } = follow(resume(SERVED, 0, TIMES, 0.5), () => GOOD, 600_000);
    assert.equal(requests, 10);
    assert.deepEqual(told, []);
  });

  it("takes three bad answers in a row for a loss, and one for an accident", () => {
    const accident = follow(resume(SERVED, 0, TIMES, 0), (now) => (now === 0 ? BAD : GOOD), 300_000);
    assert.deepEqual(accident.told, []);
    const loss = follow(resume(SERVED, 0, TIMES, 0), () => BAD, 10_000);
    assert.deepEqual(loss.told, ["2000 False NoRouteMatched"]);
  });

  it("says at once that a lost route is back", () => {
    const { told } = follow(resume(SERVED, 0, TIMES, 0), (now) => (now < 60_000 ? BAD : GOOD), 200_000);
    assert.deepEqual(
      told.map((line) => line.split(" ").slice(1).join(" ")),
      ["False NoRouteMatched", "True Served"],
    );
  });

  it("asks ever slower while a route stays lost, up to the interval", () => {
    const { requests } = follow(resume(SERVED, 0, TIMES, 0), () => BAD, 3_600_000);
    assert.ok(requests > 60 && requests < 75, `${requests} requests in an hour`);
  });

  it("tells of another trouble, and not of the same in other words", () => {
    let index = 0;
    const answers = [
      BAD,
      BAD,
      BAD,
      bad("UnexpectedStatus", "a", "UnexpectedStatus 503"),
      bad("UnexpectedStatus", "b", "UnexpectedStatus 503"),
    ];
    const { told } = follow(resume(SERVED, 0, TIMES, 0), () => answers[index++] ?? answers.at(-1)!, 60_000);
    assert.deepEqual(
      told.map((line) => line.split(" ")[2]),
      ["NoRouteMatched", "UnexpectedStatus"],
    );
  });

  it("leaves what is told where something that the route depends on has changed, and looks", () => {
    const served = resume(SERVED, 0, TIMES, 1).progress;
    const changed = disturb(served, 1_000, TIMES);
    assert.equal(changed.nextMs, 0);
    const { told, requests } = follow(changed, () => GOOD, 7_000, 1_000);
    assert.deepEqual(told, []);
    assert.equal(requests, 2, "once now and once when the change must be served");
  });

  it("tells of a change that breaks the route, although it was served at first", () => {
    const changed = disturb(resume(SERVED, 0, TIMES, 1).progress, 0, TIMES);
    const { told } = follow(changed, (now) => (now < 5_000 ? GOOD : BAD), 20_000);
    assert.deepEqual(told, ["7500 False NoRouteMatched"]);
  });
});
