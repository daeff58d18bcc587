import type { BuildPhase, JenkinsBuildSpec, JenkinsBuildStatus } from "../api/v1alpha1/jenkins-build.ts";

/** What has been seen of a build in Jenkins; see BuildFollower. */
export type BuildSighting =
  | { readonly state: "queued"; readonly item: QueueView }
  | { readonly state: "built"; readonly build: BuildView }
  | { readonly state: "cancelled" }
  | { readonly state: "missing"; readonly looks: number };

interface QueueView {
  readonly why: string | undefined;
}

interface BuildView {
  readonly number: number;
  readonly isRunning: boolean;
  readonly result: string | undefined;
  readonly startedMs: number | undefined;
  readonly durationMs: number | undefined;
  readonly url: string | undefined;
}

/** What is to be done next about a build. */
export type BuildStep =
  | { readonly do: "nothing" }
  /** Write down the intent, then ask Jenkins for it. */
  | { readonly do: "submit" }
  /** Whether Jenkins was asked nobody knows: look for the build before anything else; not before `atMs`. */
  | { readonly do: "search"; readonly atMs: number }
  /** Look again at `atMs`; what Jenkins does meanwhile wakes it sooner. */
  | { readonly do: "follow"; readonly change?: Partial<JenkinsBuildStatus>; readonly atMs: number }
  /** Take it out of the queue, or stop it; its end is seen by following. */
  | { readonly do: "stop"; readonly why: "Cancelled" | "TimedOut" }
  | { readonly do: "finish"; readonly phase: BuildPhase; readonly change: Partial<JenkinsBuildStatus> };

const UNDER_WAY: ReadonlySet<BuildPhase> = new Set(["Pending", "Submitting", "Queued", "Running"]);

export function isFinal(phase: BuildPhase | undefined): boolean {
  return phase !== undefined && !UNDER_WAY.has(phase);
}

/** Jenkins' results as phases. */
const PHASES: Readonly<Record<string, BuildPhase>> = {
  SUCCESS: "Succeeded",
  UNSTABLE: "Unstable",
  FAILURE: "Failed",
  ABORTED: "Aborted",
  NOT_BUILT: "NotBuilt",
};

/** Looks at Jenkins without the build after which it counts as lost. */
const LOOKS_UNTIL_LOST = 3;
/** How long an end that was asked for may take before the phase says so all the same. */
const STOP_GRACE_MS = 60_000;

export interface BuildMoment {
  readonly spec: Pick<JenkinsBuildSpec, "cancel" | "timeouts">;
  readonly status: JenkinsBuildStatus;
  /** Milliseconds since 1970, as all times here. */
  readonly createdMs: number;
  /** Since when this operator works: whoever worked before it may have asked Jenkins until then. */
  readonly workingSinceMs: number;
  readonly nowMs: number;
  readonly sighting: BuildSighting | undefined;
  /** How long a request to Jenkins may be under way. */
  readonly requestTimeoutMs: number;
}

/**
 * The next step of a build, by what is written down and what has been seen.
 *
 * | phase      | seen in Jenkins | step                                                         |
 * |------------|-----------------|--------------------------------------------------------------|
 * | Pending    |                 | submit; TimedOut after `timeouts.submitSeconds`               |
 * | Submitting |                 | search, when the request cannot be under way any more         |
 * | Queued     | queued          | follow; stop after `timeouts.queueSeconds`                    |
 * | Queued     | built           | Running, or its result                                        |
 * | Running    | built           | follow, or its result; stop after `timeouts.buildSeconds`     |
 * | Queued     | cancelled       | Aborted                                                       |
 * | Queued     | missing thrice  | search: Jenkins has lost its queue                            |
 * | Running    | missing thrice  | Lost                                                          |
 */
export function nextBuildStep(moment: BuildMoment): BuildStep {
  const { spec, status, nowMs } = moment;
  const phase = status.phase ?? "Pending";
  if (isFinal(phase)) return { do: "nothing" };
  if (phase === "Pending") return beforeSubmission(moment);
  if (phase === "Submitting") {
    // While our own request may be under way, its answer is all that is needed.
    const askedMs = Math.max(timeOf(status.submittedAt, nowMs), moment.workingSinceMs);
    return { do: "search", atMs: askedMs + moment.requestTimeoutMs };
  }
  const seen = moment.sighting;
  if (seen?.state === "built") return withBuild(moment, seen.build);
  if (seen?.state === "cancelled") {
    const isLate = status.message === STOPPED_LATE;
    const message = isLate ? STOPPED_LATE : "It was taken out of Jenkins' queue";
    return { do: "finish", phase: isLate ? "TimedOut" : "Aborted", change: { message } };
  }
  if (seen?.state === "missing" && seen.looks >= LOOKS_UNTIL_LOST) {
    // A Jenkins that was killed forgets its queue. What has run is among the builds of its job, or was removed there.
    if (phase === "Queued") return { do: "search", atMs: nowMs };
    const message = "Neither in Jenkins' queue nor among the builds of the job: Jenkins has lost or removed it";
    return { do: "finish", phase: spec.cancel ? "Aborted" : "Lost", change: { message } };
  }
  if (phase === "Running")
    return { do: "follow", atMs: timeOf(status.startedAt, nowMs) + spec.timeouts.buildSeconds * 1000 };
  return inQueue(moment, seen?.state === "queued" ? seen.item.why : undefined);
}

function beforeSubmission({ spec, createdMs, workingSinceMs, nowMs, status }: BuildMoment): BuildStep {
  const waitingSinceMs = Math.max(createdMs, workingSinceMs, timeOf(status.lostAt, 0));
  if (spec.cancel) return { do: "finish", phase: "Aborted", change: { message: "Cancelled before Jenkins was asked" } };
  if (nowMs >= waitingSinceMs + spec.timeouts.submitSeconds * 1000) {
    const why = status.message === undefined ? "" : `: ${status.message}`;
    const message = `Jenkins did not take the build within timeouts.submitSeconds${why}`;
    return { do: "finish", phase: "TimedOut", change: { message } };
  }
  return { do: "submit" };
}

function inQueue({ spec, status, nowMs }: BuildMoment, why: string | undefined): BuildStep {
  const dueMs = timeOf(status.queuedAt, nowMs) + spec.timeouts.queueSeconds * 1000;
  if (spec.cancel) return { do: "stop", why: "Cancelled" };
  if (nowMs >= dueMs + STOP_GRACE_MS) {
    return {
      do: "finish",
      phase: "TimedOut",
      change: { message: "It stayed in Jenkins' queue beyond timeouts.queueSeconds" },
    };
  }
  if (nowMs >= dueMs) return { do: "stop", why: "TimedOut" };
  const hasNews = why !== undefined && withoutNumbers(why) !== withoutNumbers(status.message ?? "");
  return { do: "follow", atMs: dueMs, ...(hasNews ? { change: { message: why } } : {}) };
}

function withBuild({ spec, status, nowMs }: BuildMoment, build: BuildView): BuildStep {
  const startedAt = build.startedMs === undefined ? {} : { startedAt: new Date(build.startedMs).toISOString() };
  const facts: Partial<JenkinsBuildStatus> = {
    number: build.number,
    ...(build.url === undefined ? {} : { url: build.url }),
    ...startedAt,
  };
  if (!build.isRunning) return ended(status, build, facts);
  const dueMs = (build.startedMs ?? timeOf(status.startedAt, nowMs)) + spec.timeouts.buildSeconds * 1000;
  if (spec.cancel) return { do: "stop", why: "Cancelled" };
  if (nowMs >= dueMs + STOP_GRACE_MS) {
    const message = "It ran beyond timeouts.buildSeconds, and does not stop";
    return { do: "finish", phase: "TimedOut", change: { ...facts, message } };
  }
  if (nowMs >= dueMs) return { do: "stop", why: "TimedOut" };
  const isNews = status.phase !== "Running" || status.number !== build.number;
  return {
    do: "follow",
    atMs: dueMs,
    ...(isNews ? { change: { ...facts, phase: "Running", message: "It runs" } } : {}),
  };
}

function ended(status: JenkinsBuildStatus, build: BuildView, facts: Partial<JenkinsBuildStatus>): BuildStep {
  const result = build.result ?? "UNKNOWN";
  const wasStopped = status.message === STOPPED_LATE && result === "ABORTED";
  const phase = wasStopped ? "TimedOut" : (PHASES[result] ?? "Failed");
  const { startedMs, durationMs } = build;
  const finishedAt =
    startedMs === undefined || durationMs === undefined
      ? {}
      : { finishedAt: new Date(startedMs + durationMs).toISOString() };
  const message = wasStopped ? STOPPED_LATE : `Jenkins says ${result}`;
  return { do: "finish", phase, change: { ...facts, ...finishedAt, result, message } };
}

/** What was looked for in Jenkins, queue and builds, and not found. */
export interface FruitlessSearch {
  readonly spec: Pick<JenkinsBuildSpec, "cancel" | "onAmbiguous" | "buildIdParameter">;
  readonly status: JenkinsBuildStatus;
  /** The job carries the build's id: what does not bear it is not ours. */
  readonly isMarked: boolean;
  /** The job was asked for since by somebody, without a mark. */
  readonly hasOthers: boolean;
  /** The run of Jenkins that answers now. */
  readonly run: string | undefined;
}

export type SearchVerdict =
  | { readonly do: "ask again" }
  | { readonly do: "finish"; readonly phase: "Aborted" | "Lost"; readonly message: string };

/**
 * Whether Jenkins may be asked again for a build that it does not show, in this order:
 *
 * | what is known                                              | verdict                      |
 * |------------------------------------------------------------|------------------------------|
 * | it is cancelled                                            | Aborted                      |
 * | Jenkins had it, and has not been started anew since        | Lost: somebody removed it    |
 * | its id would be seen, or its number in the queue           | ask again                    |
 * | nobody has asked for the job since                         | ask again                    |
 * | somebody has, perhaps we                                   | as `onAmbiguous` says        |
 */
export function afterFruitlessSearch({ spec, status, isMarked, hasOthers, run }: FruitlessSearch): SearchVerdict {
  const wasTaken = status.phase === "Queued";
  if (spec.cancel) return { do: "finish", phase: "Aborted", message: "Cancelled; Jenkins does not have it" };
  if (wasTaken && status.session !== undefined && status.session === run) {
    const message = "Neither in Jenkins' queue nor among the builds of the job: it was removed there";
    return { do: "finish", phase: "Lost", message };
  }
  const isKnowable = isMarked || (wasTaken && status.queueId !== undefined);
  if (isKnowable || !hasOthers || spec.onAmbiguous === "Resubmit") return { do: "ask again" };
  const message =
    `Jenkins did not answer, and whether one of its builds is this one cannot be told: the job declares no string ` +
    `parameter ${spec.buildIdParameter}. Declare it, or set onAmbiguous: Resubmit`;
  return { do: "finish", phase: "Lost", message };
}

/** Message of a build that we have stopped because it took too long: what ends it later knows by that. */
export const STOPPED_LATE = "It took longer than its timeout, and was stopped";

/** `Expires in 5.9 sec` is no news after `Expires in 7.2 sec`. */
function withoutNumbers(text: string): string {
  return text.replaceAll(/[\d.,]+/g, "#");
}

function timeOf(time: string | undefined, otherwiseMs: number): number {
  return time === undefined ? otherwiseMs : Date.parse(time);
}
