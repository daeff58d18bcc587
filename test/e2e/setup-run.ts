import { randomBytes } from "node:crypto";

const PREFIX = "kjo-e2e-";
const PATTERN = /kjo-e2e-([0-9a-z]+)z[0-9a-f]{4}/;
/** What a run of this age has left behind, it will not clean up itself any more. */
const STALE_MS = 3_600_000;

/**
 * The name of this run, `kjo-e2e-mf3k2a9bz1f0c`: part of the name of each namespace, and of each name, path, host and tag in
 * Kong. It holds the time of its start, so that a later run can tell what a crashed one left.
 */
export const RUN = nameOfRun(Date.now());

export function nameOfRun(startedAtMs: number): string {
  return `${PREFIX}${startedAtMs.toString(36)}z${randomBytes(2).toString("hex")}`;
}

/** A tag for what the tests put into Kong themselves; the operator's own tags carry the run in the instance. */
export const RUN_TAG = `e2e.${RUN}`;

/** True for a text that bears the name of this run. */
export function isOfThisRun(text: string): boolean {
  return text.includes(RUN);
}

/** True for a text that bears the name of a run which is long over. */
export function isOfStaleRun(text: string): boolean {
  const started = PATTERN.exec(text)?.[1];
  return started !== undefined && Date.now() - Number.parseInt(started, 36) > STALE_MS;
}
