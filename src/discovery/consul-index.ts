/**
 * The index to ask with after an answer; 0 asks for an answer at once.
 *
 * - An index below 1 is a bug of the server's, and asking with 0 again would be a loop without a pause: 1 waits.
 * - An index that goes backwards means that the server's state is another one: everything is asked anew.
 *
 * Source: Consul HTTP API, "Blocking queries", "Implementation details".
 */
export function nextIndex(asked: number, answered: number): number {
  if (answered < 1) return 1;
  return answered < asked ? 0 : answered;
}

export interface PaceOptions {
  /** Answers that may follow each other without a pause. */
  readonly burst: number;
  /** Time for one of them to come back. */
  readonly refillMs: number;
}

/** Limits how often a service that flaps is asked for: bursts at once, what goes on at a steady rate. */
export class Pace {
  readonly #options: PaceOptions;
  #tokens: number;
  #atMs: number;

  constructor(options: PaceOptions, nowMs: number) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#atMs = nowMs;
  }

  /** Takes up one answer. Returns the milliseconds to wait before the next question. */
  take(nowMs: number): number {
    const { burst, refillMs } = this.#options;
    this.#tokens = Math.min(burst, this.#tokens + (nowMs - this.#atMs) / refillMs) - 1;
    this.#atMs = nowMs;
    return this.#tokens >= 0 ? 0 : -this.#tokens * refillMs;
  }
}
