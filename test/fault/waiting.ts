import { setTimeout as sleep } from "node:timers/promises";

const REQUESTS_AT_A_TIME = 16;
const POLL_MS = 25;

/** @throws Error naming what did not come true. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = 60_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs / 1000} s: ${what}`);
    await sleep(POLL_MS);
  }
}

/** Does the work for every item, so many at a time that a server is busy and not swamped. */
export async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const rest = [...items].reverse();
  const worker = async (): Promise<void> => {
    for (let item = rest.pop(); item !== undefined; item = rest.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: REQUESTS_AT_A_TIME }, worker));
}
