/** A second, and a little: what is sent in good time may arrive closer together. */
const WINDOW_MS = 1_050;

/**
 * The pace of requests to one server's address: no more than `perSecond` in any second, in the order in which they came;
 * those that are `urgent` (to start a build) before those that only look.
 */
export class RequestRate {
  readonly #perSecond: number;
  readonly #now: () => number;
  readonly #urgent: (() => void)[] = [];
  readonly #patient: (() => void)[] = [];
  /** When the last `perSecond` requests were let through, oldest first. */
  readonly #admitted: number[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(perSecond: number, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond;
    this.#now = now;
  }

  /** Resolves when the caller may send one request. */
  turn(urgency: "urgent" | "patient"): Promise<void> {
    return new Promise((resolve) => {
      (urgency === "urgent" ? this.#urgent : this.#patient).push(resolve);
      this.#serve();
    });
  }

  #serve(): void {
    if (this.#timer) return;
    while (this.#urgent.length + this.#patient.length > 0) {
      const waitMs = this.#waitMs();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => {
          this.#timer = undefined;
          this.#serve();
        }, waitMs);
        return;
      }
      this.#admitted.push(this.#now());
      if (this.#admitted.length > this.#perSecond) this.#admitted.shift();
      (this.#urgent.shift() ?? this.#patient.shift())?.();
    }
  }

  #waitMs(): number {
    const [oldest] = this.#admitted;
    const isFull = this.#admitted.length === this.#perSecond;
    return isFull && oldest !== undefined ? oldest + WINDOW_MS - this.#now() : 0;
  }
}

/** One pace for each address, whatever JenkinsServers name it; the slowest that was asked for holds. */
export class OriginRates {
  readonly #rates = new Map<string, { readonly rate: RequestRate; readonly perSecond: number }>();

  of(url: string, perSecond: number): RequestRate {
    const { origin } = new URL(url);
    const known = this.#rates.get(origin);
    if (known && known.perSecond <= perSecond) return known.rate;
    const rate = new RequestRate(perSecond);
    this.#rates.set(origin, { rate, perSecond });
    return rate;
  }
}
