import type { Build, QueueItem } from "./answers.ts";
import { BUILDS_A_PAGE, type JenkinsClient } from "./jenkins-client.ts";

/** What a build can be known by. */
export interface BuildClue {
  /** Path of its job. */
  readonly path: string;
  /** Item of the queue that it was. */
  readonly queueId?: number | undefined;
  /** Texts that only this build carries, as a parameter or in its cause. */
  readonly marks: readonly string[];
  /** What such texts begin with: a build with another one is another's. */
  readonly markPrefixes: readonly string[];
  /** It cannot be older than this: a Jenkins that lost its queue counts items anew. */
  readonly notBeforeMs: number;
}

export interface Found {
  readonly item?: QueueItem | undefined;
  readonly build?: Build | undefined;
  /** The job was asked for since then by somebody, perhaps by us: what is there bears no mark. */
  readonly hasOthers: boolean;
}

/** Clocks of Jenkins and ours may differ by so much. */
const CLOCK_SKEW_MS = 120_000;
const MOST_PAGES = 50;

/**
 * Where a build stands: in the queue, or among the builds of its job. The queue is looked at first: an item that leaves
 * it meanwhile is a build by the time that those are listed.
 * @throws as JenkinsClient
 */
export async function searchBuild(client: Pick<JenkinsClient, "queue" | "builds">, clue: BuildClue): Promise<Found> {
  const queue = (await client.queue()).filter((item) => isOfJob(item, clue.path));
  const item = queue.find((each) => isItem(each, clue));
  const isOther = (marks: readonly string[], timeMs: number | undefined): boolean =>
    ownership(marks, clue) === undefined && isRecent(timeMs, clue);
  let hasOthers = queue.some(({ marks, sinceMs }) => isOther(marks, sinceMs));
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const builds = await client.builds(clue.path, page);
    const build = builds.find((each) => isBuild(each, clue));
    if (build) return { build, hasOthers };
    hasOthers ||= builds.some(({ marks, startedMs }) => isOther(marks, startedMs));
    const isLast = builds.length < BUILDS_A_PAGE || !isRecent(builds.at(-1)?.startedMs, clue);
    if (isLast) break;
  }
  return { item, hasOthers };
}

export function isItem(item: QueueItem, clue: BuildClue): boolean {
  const isSameNumber = clue.queueId !== undefined && item.id === clue.queueId;
  return ownership(item.marks, clue) ?? (isSameNumber && isOfJob(item, clue.path) && isRecent(item.sinceMs, clue));
}

export function isBuild(build: Build, clue: BuildClue): boolean {
  const isSameNumber = clue.queueId !== undefined && build.queueId === clue.queueId;
  return ownership(build.marks, clue) ?? (isSameNumber && isRecent(build.startedMs, clue));
}

/** Whose it is by its marks; undefined where it bears none. */
function ownership(marks: readonly string[], clue: BuildClue): boolean | undefined {
  if (clue.marks.some((mark) => marks.includes(mark))) return true;
  const isAnothers = marks.some((mark) =>
    clue.markPrefixes.some((prefix) => mark.startsWith(prefix) && mark.length > prefix.length),
  );
  return isAnothers ? false : undefined;
}

/** By the path alone: the host is that of Jenkins' own configuration. */
function isOfJob({ task: { url } }: QueueItem, path: string): boolean {
  if (url === undefined || !URL.canParse(url)) return true;
  return decodeURIComponent(new URL(url).pathname).endsWith(`${decodeURIComponent(path)}/`);
}

function isRecent(timeMs: number | undefined, { notBeforeMs }: BuildClue): boolean {
  return timeMs === undefined || timeMs >= notBeforeMs - CLOCK_SKEW_MS;
}
