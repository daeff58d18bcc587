import assert from "node:assert/strict";
import type { BuildPhase, JenkinsBuildStatus } from "../../../src/api/v1alpha1/jenkins-build.ts";
import {
  afterFruitlessSearch,
  nextBuildStep,
  STOPPED_LATE,
  type BuildMoment,
  type BuildSighting,
  type FruitlessSearch,
} from "../../../src/plan/build.ts";

const T0 = Date.parse("2026-01-01T00:00:00Z");
const at = (seconds: number): string => new Date(T0 + seconds * 1000).toISOString();
const TIMEOUTS = { submitSeconds: 60, queueSeconds: 100, buildSeconds: 1000 };

interface Case {
  readonly says: string;
  readonly status?: JenkinsBuildStatus;
  /** Seconds since the object was created. */
  readonly after?: number;
  readonly workingSince?: number;
  readonly cancel?: true;
  readonly seen?: BuildSighting;
  /** `do`, and for an end its phase, for a stop its reason. */
  readonly step: string;
  /** Seconds. */
  readonly at?: number;
}

const running = (result: string | undefined = undefined): BuildSighting => ({
  state: "built",
  build: { number: 7, isRunning: true, result, startedMs: T0 + 10_000, durationMs: 0, url: "http://ci/job/a/7/" },
});
const built = (result: string): BuildSighting => ({
  state: "built",
  build: { number: 7, isRunning: false, result, startedMs: T0 + 10_000, durationMs: 5_000, url: undefined },
});
const waiting = (why: string): BuildSighting => ({ state: "queued", item: { why } });
const queued: JenkinsBuildStatus = { phase: "Queued", queuedAt: at(0), queueId: 4, message: "In Jenkins' queue" };
const runs: JenkinsBuildStatus = { ...queued, phase: "Running", number: 7, startedAt: at(10) };

const CASES: readonly Case[] = [
  { says: "a new wish is submitted", step: "submit" },
  { says: "a wish that waits is submitted again", status: { phase: "Pending" }, after: 59, step: "submit" },
  { says: "a wish that Jenkins did not take in time ends", after: 60, step: "finish TimedOut" },
  { says: "time counts only while the operator works", after: 600, workingSince: 590, step: "submit" },
  {
    says: "and from when Jenkins lost it",
    status: { phase: "Pending", lostAt: at(590) },
    after: 600,
    step: "submit",
  },
  { says: "a cancelled wish ends before Jenkins is asked", cancel: true, step: "finish Aborted" },
  {
    says: "an open question waits until no request can be under way",
    status: { phase: "Submitting", submittedAt: at(3) },
    after: 4,
    step: "search",
    at: 20,
  },
  {
    says: "nor one of the operator before",
    status: { phase: "Submitting", submittedAt: at(3) },
    after: 100,
    workingSince: 90,
    step: "search",
    at: 107,
  },
  { says: "an item nobody has seen yet is followed", status: queued, after: 1, step: "follow", at: 100 },
  { says: "news of the queue are followed", status: queued, seen: waiting("busy"), after: 1, step: "follow", at: 100 },
  {
    says: "an item that stays too long is taken out",
    status: queued,
    seen: waiting("busy"),
    after: 100,
    step: "stop TimedOut",
  },
  {
    says: "and given up where it does not go",
    status: queued,
    seen: waiting("busy"),
    after: 161,
    step: "finish TimedOut",
  },
  {
    says: "a cancelled item is taken out",
    status: queued,
    seen: waiting("busy"),
    cancel: true,
    step: "stop Cancelled",
  },
  {
    says: "an item that was taken out is Aborted",
    status: queued,
    seen: { state: "cancelled" },
    step: "finish Aborted",
  },
  {
    says: "by us, because it was late, TimedOut",
    status: { ...queued, message: STOPPED_LATE },
    seen: { state: "cancelled" },
    step: "finish TimedOut",
  },
  { says: "a build that begins is followed", status: queued, seen: running(), after: 20, step: "follow", at: 1010 },
  {
    says: "whatever result it has before its end",
    status: runs,
    seen: running("FAILURE"),
    after: 20,
    step: "follow",
    at: 1010,
  },
  { says: "a build that takes too long is stopped", status: runs, seen: running(), after: 1010, step: "stop TimedOut" },
  { says: "and given up where it does not stop", status: runs, seen: running(), after: 1071, step: "finish TimedOut" },
  { says: "a cancelled build is stopped", status: runs, seen: running(), cancel: true, step: "stop Cancelled" },
  ...(
    [
      ["SUCCESS", "Succeeded"],
      ["UNSTABLE", "Unstable"],
      ["FAILURE", "Failed"],
      ["ABORTED", "Aborted"],
      ["NOT_BUILT", "NotBuilt"],
      ["SOMETHING_NEW", "Failed"],
    ] as const
  ).map(([result, phase]) => ({
    says: `${result} is ${phase}`,
    status: runs,
    seen: built(result),
    step: `finish ${phase}`,
  })),
  {
    says: "ABORTED after our own stop is TimedOut",
    status: { ...runs, message: STOPPED_LATE },
    seen: built("ABORTED"),
    step: "finish TimedOut",
  },
  {
    says: "a result that came before our stop stays",
    status: { ...runs, message: STOPPED_LATE },
    seen: built("SUCCESS"),
    step: "finish Succeeded",
  },
  {
    says: "an item out of sight is waited for",
    status: queued,
    seen: { state: "missing", looks: 2 },
    step: "follow",
    at: 100,
  },
  { says: "and looked for", status: queued, seen: { state: "missing", looks: 3 }, after: 5, step: "search", at: 5 },
  { says: "a build out of sight is lost", status: runs, seen: { state: "missing", looks: 3 }, step: "finish Lost" },
  ...(["Succeeded", "Failed", "Submitted", "Lost"] satisfies BuildPhase[]).map((phase) => ({
    says: `${phase} is the end`,
    status: { phase },
    seen: built("FAILURE"),
    step: "nothing",
  })),
];

describe("plan/build", () => {
  for (const { says, status = {}, after = 0, workingSince = -1000, cancel, seen, step, at: dueS } of CASES) {
    it(says, () => {
      const moment: BuildMoment = {
        spec: { timeouts: TIMEOUTS, ...(cancel ? { cancel } : {}) },
        status,
        createdMs: T0,
        workingSinceMs: T0 + workingSince * 1000,
        nowMs: T0 + after * 1000,
        sighting: seen,
        requestTimeoutMs: 17_000,
      };
      const next = nextBuildStep(moment);
      const detail = next.do === "finish" ? ` ${next.phase}` : next.do === "stop" ? ` ${next.why}` : "";
      assert.equal(next.do + detail, step);
      if (dueS !== undefined) assert.equal("atMs" in next && (next.atMs - T0) / 1000, dueS);
    });
  }

  it("takes number, address and times of a build into the status", () => {
    const base = { createdMs: T0, workingSinceMs: T0, nowMs: T0, requestTimeoutMs: 0, spec: { timeouts: TIMEOUTS } };
    const begun = nextBuildStep({ ...base, status: queued, sighting: running() });
    assert.deepEqual(begun.do === "follow" && begun.change, {
      number: 7,
      url: "http://ci/job/a/7/",
      startedAt: at(10),
      phase: "Running",
      message: "It runs",
    });
    const ended = nextBuildStep({ ...base, status: runs, sighting: built("FAILURE") });
    assert.equal(ended.do === "finish" && ended.change.finishedAt, at(15));
  });

  it("does not take a countdown for news", () => {
    const status = { ...queued, message: "In the quiet period. Expires in 5.9 sec" };
    const sighting = waiting("In the quiet period. Expires in 4.2 sec");
    const base = { createdMs: T0, workingSinceMs: T0, nowMs: T0, requestTimeoutMs: 0, spec: { timeouts: TIMEOUTS } };
    const step = nextBuildStep({ ...base, status, sighting });
    assert.equal(step.do === "follow" && step.change, undefined);
  });
});

describe("plan/build, of a build that Jenkins does not show", () => {
  const taken: JenkinsBuildStatus = { phase: "Queued", session: "one", queueId: 4 };
  const open: JenkinsBuildStatus = { phase: "Submitting" };
  const rows: readonly [says: string, search: Partial<FruitlessSearch>, verdict: string][] = [
    ["a cancelled one is over", { status: open, spec: spec({ cancel: true }) }, "Aborted"],
    ["one whose id would be seen is asked for again", { status: open, isMarked: true, hasOthers: true }, "ask again"],
    ["one of a job that nobody asked for is asked for again", { status: open, hasOthers: false }, "ask again"],
    ["one that may be among others is not", { status: open, hasOthers: true }, "Lost"],
    ["unless that is wanted", { status: open, hasOthers: true, spec: spec({ onAmbiguous: "Resubmit" }) }, "ask again"],
    ["one that the same Jenkins had was removed there", { status: taken, run: "one", isMarked: true }, "Lost"],
    ["one that a Jenkins before had is asked for again", { status: taken, run: "two", isMarked: true }, "ask again"],
    ["by its number in the queue too", { status: taken, run: "two", hasOthers: true }, "ask again"],
  ];
  for (const [says, search, verdict] of rows) {
    it(says, () => {
      const full = { spec: spec({}), status: open, isMarked: false, hasOthers: false, run: "one", ...search };
      const found = afterFruitlessSearch(full);
      assert.equal(found.do === "finish" ? found.phase : found.do, verdict);
    });
  }

  function spec(over: Partial<FruitlessSearch["spec"]>): FruitlessSearch["spec"] {
    return { onAmbiguous: "Fail", buildIdParameter: "KJO_BUILD_ID", ...over };
  }
});
