import { setTimeout as sleep } from "node:timers/promises";

const PAUSE_MS = 100;

/**
 * Tries until it succeeds.
 * @throws Error naming what did not come true, with the last failure as its cause.
 */
export async function until<T>(what: string, attempt: () => Promise<T>, withinMs = 30_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) {
        throw new Error(`not within ${withinMs / 1000} s: ${what}: ${(error as Error).message}`, { cause: error });
      }
    }
    await sleep(PAUSE_MS);
  }
}
