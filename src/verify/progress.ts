import type { Verdict } from "../model/verification.ts";
import type { Fault, Finding } from "./answer.ts";

/** What is known of a route between two requests. Times are on one clock that never goes back. */
export interface Progress {
  readonly verdict: Verdict;
  /** When the configuration last changed. */
  readonly changedAtMs: number;
  /** Until then the proxy may still serve what was there before. */
  readonly settledAtMs: number;
  /** Until then a wrong answer is waited out. */
  readonly deadlineMs: number;
  /** The proxy has answered otherwise since the change: what it answers now is new. */
  readonly sawOther: boolean;
  /** Good answers, and bad ones, in a row. */
  readonly successes: number;
  readonly failures: number;
  /** The trouble that the verdict tells of. */
  readonly faultKind?: string;
}

export interface Times {
  readonly intervalMs: number;
  readonly deadlineMs: number;
  /** How long the gateway takes at most to serve what it has accepted. */
  readonly settleMs: number;
}

export interface Step {
  readonly progress: Progress;
  /** Until the next request. */
  readonly nextMs: number;
}

const POLL_MIN_MS = 100;
const POLL_MAX_MS = 1_000;
/** Bad answers in a row that make a loss: one may be a backend that restarts. */
const LOSS_AFTER = 3;
/** Good answers in a row while the gateway's workers take over the change one after the other. */
const SERVED_AFTER = 3;

export const WAITING: Verdict = {
  status: "Unknown",
  reason: "WaitingForProxy",
  message: "Kong has accepted the route; waiting for the proxy to serve it",
};
export const SERVED: Verdict = {
  status: "True",
  reason: "Served",
  message: "The proxy answers the request of spec.verify as expected",
};

/** A route that has been programmed in a new form: nothing is known until the proxy serves it. */
export function begin(nowMs: number, { deadlineMs, settleMs }: Times): Step {
  const progress: Progress = {
    verdict: WAITING,
    changedAtMs: nowMs,
    settledAtMs: nowMs + settleMs,
    deadlineMs: nowMs + Math.max(deadlineMs, settleMs),
    sawOther: false,
    successes: 0,
    failures: 0,
  };
  return { progress, nextMs: 0 };
}

/** A route of which an operator before this one has told something. `share` (0 to 1) spreads the first requests. */
export function resume(verdict: Verdict, nowMs: number, { intervalMs }: Times, share: number): Step {
  const progress: Progress = {
    verdict,
    changedAtMs: nowMs,
    settledAtMs: nowMs,
    deadlineMs: nowMs,
    sawOther: true,
    successes: 0,
    failures: 0,
  };
  return { progress, nextMs: verdict.status === "True" ? intervalMs * share : 0 };
}

/** Something that the route depends on has changed: what is told stands until the proxy says otherwise. */
export function disturb(progress: Progress, nowMs: number, { settleMs, deadlineMs }: Times): Step {
  const settledAtMs = nowMs + settleMs;
  const isWaiting = progress.verdict.status === "Unknown";
  const changed = { ...progress, settledAtMs, changedAtMs: nowMs, successes: 0 };
  return {
    progress: isWaiting ? { ...changed, sawOther: false, deadlineMs: nowMs + Math.max(deadlineMs, settleMs) } : changed,
    nextMs: 0,
  };
}

/** What follows from one more answer. Pure: the whole of when a route is said to serve is here. */
export function advance(progress: Progress, finding: Finding, nowMs: number, times: Times): Step {
  return finding.ok ? succeeded(progress, nowMs, times) : failed(progress, finding, nowMs, times);
}

function succeeded(progress: Progress, nowMs: number, { intervalMs }: Times): Step {
  const next = { ...progress, successes: progress.successes + 1, failures: 0 };
  const isSettled = nowMs >= progress.settledAtMs;
  const isProof = isSettled || (progress.sawOther && next.successes >= SERVED_AFTER);
  const untilSettledMs = progress.settledAtMs - nowMs;
  if (progress.verdict.status === "True") {
    return { progress: next, nextMs: isSettled ? intervalMs : Math.min(untilSettledMs, intervalMs) };
  }
  if (isProof) return { progress: { ...next, verdict: SERVED }, nextMs: isSettled ? intervalMs : untilSettledMs };
  // The configuration before the change may have answered.
  const pollMs = progress.sawOther ? POLL_MIN_MS : pollDelayMs(next.successes);
  return { progress: next, nextMs: Math.min(pollMs, untilSettledMs) };
}

function failed(progress: Progress, { reason, message, kind }: Fault, nowMs: number, { intervalMs }: Times): Step {
  const next = { ...progress, sawOther: true, successes: 0, failures: progress.failures + 1 };
  const verdict: Verdict = { status: "False", reason, message };
  const lost = { ...next, verdict, faultKind: kind };
  const pollMs = Math.min(pollDelayMs(next.failures), intervalMs);
  switch (progress.verdict.status) {
    case "Unknown":
      if (nowMs < progress.deadlineMs)
        return { progress: next, nextMs: Math.min(pollMs, Math.max(progress.deadlineMs - nowMs, 1)) };
      return { progress: lost, nextMs: pollMs };
    case "True": {
      const isLost = next.failures >= LOSS_AFTER;
      return { progress: isLost ? lost : next, nextMs: Math.min(POLL_MAX_MS, intervalMs) };
    }
    case "False":
      // Once a second at first, then ever slower. The same trouble in other words is nothing to tell.
      return {
        progress: kind === progress.faultKind ? next : lost,
        nextMs: Math.min(slowingMs(next.failures), intervalMs),
      };
  }
}

function pollDelayMs(tries: number): number {
  return Math.min(POLL_MAX_MS, POLL_MIN_MS * 2 ** Math.min(tries - 1, 10));
}

function slowingMs(failures: number): number {
  return POLL_MAX_MS * 2 ** Math.min(Math.max(failures - LOSS_AFTER, 0), 20);
}
