import { setTimeout as sleep } from "node:timers/promises";

export interface EventuallyOptions {
  /** Default 30 s: a real Kong serves a new route up to 5 s after it took it. */
  readonly timeoutMs?: number;
  /** Default 100 ms. */
  readonly everyMs?: number;
}

/**
 * Tries until the check no longer throws, and returns what it returns.
 * @throws what the check threw last, with the time that it was given.
 */
export async function eventually<T>(check: () => T | Promise<T>, options: EventuallyOptions = {}): Promise<T> {
  const { timeoutMs = 30_000, everyMs = 100 } = options;
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw withTime(error, timeoutMs);
    }
    await sleep(everyMs);
  }
}

function withTime(error: unknown, timeoutMs: number): unknown {
  if (error instanceof Error) error.message += ` (still so after ${timeoutMs / 1000} s)`;
  return error;
}
