/** A clock and its timers; tests bring their own. */
export interface Clock {
  /** Milliseconds that never go back. */
  now(): number;
  /** @returns what undoes it. */
  after(delayMs: number, run: () => void): () => void;
}

export const REAL_CLOCK: Clock = {
  now: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

export interface DebounceOptions {
  /** Must not reject. */
  readonly run: () => Promise<void>;
  /** It runs when nobody has asked for so long. */
  readonly quietMs: number;
  /** And at the latest so long after the first who asked. */
  readonly longestMs: number;
  readonly clock?: Clock;
}

/**
 * Makes one run of many wishes.
 *
 * Guarantees: runs never overlap; each wish is followed by a run that begins after it, unless `stop` comes first.
 */
export class Debounce {
  readonly #options: DebounceOptions;
  readonly #clock: Clock;
  #askedAt: number | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #cancel: () => void = () => {};
  #running: Promise<void> | undefined;
  #isStopped = false;
  #waiters: (() => void)[] = [];

  constructor(options: DebounceOptions) {
    this.#options = options;
    this.#clock = options.clock ?? REAL_CLOCK;
  }

  /** Asks for a run soon. */
  ask(): void {
    const now = this.#clock.now();
    this.#askedAt ??= now;
    this.#schedule(Math.min(now + this.#options.quietMs, this.#askedAt + this.#options.longestMs));
  }

  /** Asks for a run where none is to come. */
  ensure(): void {
    if (this.#askedAt === undefined) this.ask();
  }

  /** Asks for a run after so long, whoever asks for one meanwhile. */
  askIn(delayMs: number): void {
    this.#askedAt ??= this.#clock.now();
    if (this.#clock.now() + delayMs < this.#dueAt) this.#schedule(this.#clock.now() + delayMs);
  }

  /** Resolves when a run that begins after this call is over; at once after {@link stop}. */
  done(): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      this.ask();
    });
  }

  /** Waits for the run that is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#running;
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  #schedule(dueAt: number): void {
    this.#dueAt = dueAt;
    if (this.#running || this.#isStopped) return;
    this.#cancel();
    this.#cancel = this.#clock.after(Math.max(0, dueAt - this.#clock.now()), () => this.#start());
  }

  #start(): void {
    const waiters = this.#waiters.splice(0);
    this.#askedAt = undefined;
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#running = this.#options.run().finally(() => {
      this.#running = undefined;
      for (const resolve of waiters) resolve();
      if (this.#askedAt !== undefined) this.#schedule(this.#dueAt);
    });
  }
}
