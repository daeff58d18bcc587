export interface BackoffOptions {
  /** Delay after the first failure. */
  readonly baseMs: number;
  /** No delay is longer. */
  readonly maxMs: number;
  /** 0 to 1: the share of the delay that is random. 0.5 gives 50 % to 100 % of it. */
  readonly jitter?: number;
  /** 0 to 1, for tests. */
  readonly random?: () => number;
}

/** The delay before try `failures + 1`: doubles with each failure up to `maxMs`, less a random share. */
export function backoffDelayMs(failures: number, options: BackoffOptions): number {
  const { baseMs, maxMs, jitter = 0.5, random = Math.random } = options;
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(Math.max(failures - 1, 0), 30));
  return full * (1 - jitter * random());
}

/** `valueMs` give or take a share, so that many timers set at one time do not fire at one time. */
export function jitteredMs(valueMs: number, share = 0.1, random: () => number = Math.random): number {
  return valueMs * (1 - share + 2 * share * random());
}

/** Resolves after `ms`, or at once when the signal aborts. Never rejects: the caller looks at the signal. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal?.addEventListener("abort", finish, { once: true });
  });
}
