import type { Build, QueueItem } from "./answers.ts";
import type { JenkinsClient } from "./jenkins-client.ts";

/** What a build can be known by. */
export interface BuildClue {
  /** Path of its job. */
  readonly path: string;
  /** Item of the queue that it was, in the run of Jenkins that is named beside. */
  readonly queueId?: number | undefined;
  /** Texts that only this build carries, as a parameter or in its cause. */
  readonly marks: readonly string[];
  /** It cannot be older than this: a Jenkins that lost its queue counts items anew. */
  readonly notBeforeMs: number;
}

export interface Found {
  readonly item?: QueueItem | undefined;
  readonly build?: Build | undefined;
}

/** Clocks of Jenkins and ours may differ by so much. */
const CLOCK_SKEW_MS = 120_000;

/**
 * Where a build stands: in the queue, or among the builds of its job. The queue is looked at first: an item that leaves
 * it meanwhile is a build by the time that those are listed.
 * @throws as JenkinsClient
 */
export async function searchBuild(client: JenkinsClient, clue: BuildClue): Promise<Found> {
  const item = (await client.queue()).find((each) => isItem(each, clue));
  const build = (await client.builds(clue.path)).find((each) => isBuild(each, clue));
  return build ? { build } : { item };
}

export function isItem(item: QueueItem, clue: BuildClue): boolean {
  if (clue.marks.some((mark) => item.marks.includes(mark))) return true;
  return clue.queueId !== undefined && item.id === clue.queueId && isRecent(item.sinceMs, clue);
}

export function isBuild(build: Build, clue: BuildClue): boolean {
  if (clue.marks.some((mark) => build.marks.includes(mark))) return true;
  return clue.queueId !== undefined && build.queueId === clue.queueId && isRecent(build.startedMs, clue);
}

function isRecent(timeMs: number | undefined, { notBeforeMs }: BuildClue): boolean {
  return timeMs === undefined || timeMs >= notBeforeMs - CLOCK_SKEW_MS;
}
