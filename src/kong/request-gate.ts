import { Fifo } from "../runtime/fifo.ts";

/** `write` and `soon`, a read that a write waits for, go before `read`: a thousand lists in the background must not hold up one change. */
export type Urgency = "write" | "soon" | "read";

/**
 * At most `limit` requests to one gateway at a time, in order within each urgency.
 *
 * Guarantee: `writes` counts what waits or runs as a write, so zero means that nothing is being changed.
 */
export class RequestGate {
  #limit: number;
  #running = 0;
  #writes = 0;
  #endedAt = Number.NEGATIVE_INFINITY;
  readonly #first = new Fifo<() => void>();
  readonly #later = new Fifo<() => void>();
  readonly #onIdle: () => void;

  constructor(limit: number, onIdle: () => void = () => {}) {
    this.#limit = limit;
    this.#onIdle = onIdle;
  }

  get writes(): number {
    return this.#writes;
  }

  /** Milliseconds since a request last ended, however it did. */
  get quietMs(): number {
    return performance.now() - this.#endedAt;
  }

  get limit(): number {
    return this.#limit;
  }

  set limit(limit: number) {
    this.#limit = limit;
    while (this.#running < this.#limit && this.#startNext());
  }

  async run<T>(urgency: Urgency, work: () => Promise<T>): Promise<T> {
    if (urgency === "write") this.#writes++;
    if (this.#running >= this.#limit)
      await new Promise<void>((resolve) => (urgency === "read" ? this.#later : this.#first).push(resolve));
    else this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
      this.#endedAt = performance.now();
      if (this.#running < this.#limit) this.#startNext();
      if (urgency === "write" && --this.#writes === 0) this.#onIdle();
    }
  }

  #startNext(): boolean {
    const next = this.#first.shift() ?? this.#later.shift();
    if (!next) return false;
    this.#running++;
    next();
    return true;
  }
}
