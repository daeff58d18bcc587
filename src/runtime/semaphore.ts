import { Fifo } from "./fifo.ts";

/** At most `limit` holders at a time; those who wait are served in order. */
export class Semaphore {
  readonly #limit: number;
  #held = 0;
  readonly #waiting = new Fifo<() => void>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Runs `work` when there is room, and frees the place whatever comes of it. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.#acquire();
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  #acquire(): Promise<void> | void {
    if (this.#held < this.#limit) {
      this.#held++;
      return;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #release(): void {
    const next = this.#waiting.shift();
    // The place goes straight to the next in line, so that a newcomer cannot take it in between.
    if (next) next();
    else this.#held--;
  }
}
