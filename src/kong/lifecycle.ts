import { GatewayAuthError, KongUnavailableError } from "../errors.ts";
import { backoffDelayMs, jitteredMs, sleep } from "../runtime/backoff.ts";
import { verdictOf, type GatewayState } from "./gateway-state.ts";

export interface RetryTimes {
  /** After the first failure; doubles up to `maxMs`. */
  readonly baseMs: number;
  readonly maxMs: number;
  /** Where only a person can help: wrong credentials, a gateway that must not be written to. */
  readonly recheckMs: number;
}

export const DEFAULT_RETRY_TIMES: RetryTimes = { baseMs: 500, maxMs: 15_000, recheckMs: 60_000 };

export interface LifecycleOptions {
  /** One look at the gateway and all that is ours there. Where it succeeds the phase is Ready, and what it returns is called. */
  readonly check: () => Promise<() => void>;
  /** One cheap request, to tell a gateway in trouble from one bad answer. */
  readonly probe: () => Promise<void>;
  /** Time between two checks of a gateway that is well. */
  readonly intervalMs: () => number;
  readonly retry: () => RetryTimes;
  readonly now: () => Date;
  readonly onChange: () => void;
}

type Verdict = Pick<GatewayState, "phase" | "reason" | "message" | "since">;

/** Failures after which a gateway need not be asked whether it is there. */
const CERTAIN: ReadonlySet<string> = new Set(["ConnectionRefused", "TooManyRequests", "Redirected"]);

/**
 * Of the time that a check took: so long no further one is made for the asking. Whoever may annotate an object may ask,
 * as often as they like, and a check reads all that a gateway holds.
 */
const REST_SHARE = 3;

/**
 * Phases of one gateway's connection, and the one loop that looks at it.
 *
 *   Connecting --check--> Ready --failed request, failed check--> Unavailable | AuthFailed | Refused
 *                           ^---------------------- check ----------------------+
 *
 * Guarantees: one check at a time; while the gateway is away nobody but this loop asks for it, with backoff and jitter;
 * one bad answer of a gateway that is otherwise well does not stop the others.
 */
export class GatewayLifecycle {
  readonly #options: LifecycleOptions;
  #verdict: Verdict;
  #failures = 0;
  #nextCheckAt = 0;
  /** Before that only a check that is due by itself is made. */
  #restsUntil = 0;
  /** Counts the calls that want a check that begins after them. */
  #asked = 0;
  #wake: () => void = () => {};
  #requests: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  #probing: Promise<void> | undefined;

  constructor(options: LifecycleOptions) {
    this.#options = options;
    this.#verdict = { ...CONNECTING, since: options.now() };
  }

  get verdict(): Verdict {
    return this.#verdict;
  }

  /** Checks until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const requests = this.#requests.splice(0);
      const asked = this.#asked;
      const startedAt = performance.now();
      try {
        const afterwards = await this.#options.check();
        if (signal.aborted) break;
        this.#failures = 0;
        const now = performance.now();
        this.#restsUntil = now + REST_SHARE * (now - startedAt);
        this.#nextCheckAt = now + jitteredMs(this.#options.intervalMs());
        this.#enter({ phase: "Ready", reason: "Connected", message: "connected" });
        afterwards();
        for (const { resolve } of requests) resolve();
      } catch (error) {
        // Other settings have come meanwhile: what failed says nothing of them.
        if (!signal.aborted && asked === this.#asked) this.#fail(error);
        for (const { reject } of requests) reject(error);
      }
      if (asked !== this.#asked) this.#nextCheckAt = 0;
      if (this.#requests.length > 0) this.#nextCheckAt = Math.min(this.#nextCheckAt, this.#restsUntil);
      await this.#pause(signal);
    }
    for (const { resolve } of this.#requests.splice(0)) resolve();
  }

  /** Resolves when a check that began after this call has succeeded, and rejects when it has failed. */
  recheck(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#requests.push({ resolve, reject });
      this.#checkAt(Math.min(this.#nextCheckAt, this.#restsUntil));
    });
  }

  /** Credentials have changed: what was said so far may no longer hold. */
  checkSoon(): void {
    this.#asked++;
    this.#checkAt(0);
  }

  /** The settings lead to another gateway: nothing is known of it. */
  restart(): void {
    this.#failures = 0;
    this.#asked++;
    this.#enter(CONNECTING);
    this.#checkAt(0);
  }

  /** A request outside of a check failed in a way that may concern the whole gateway. */
  report(error: unknown): void {
    if (this.#verdict.phase !== "Ready") return;
    const isCertain =
      error instanceof GatewayAuthError || (error instanceof KongUnavailableError && CERTAIN.has(error.reason));
    if (isCertain) {
      this.#fail(error);
      this.#wake();
      return;
    }
    this.#probing ??= this.#options
      .probe()
      .catch((probed: unknown) => {
        if (this.#verdict.phase !== "Ready") return;
        this.#fail(probed);
        this.#wake();
      })
      .finally(() => (this.#probing = undefined));
  }

  #fail(error: unknown): void {
    this.#failures++;
    this.#restsUntil = 0;
    const verdict = verdictOf(error);
    const retry = this.#options.retry();
    const delayMs =
      verdict.phase === "Unavailable" ? backoffDelayMs(this.#failures, retry) : jitteredMs(retry.recheckMs);
    const askedForMs = error instanceof KongUnavailableError ? (error.retryAfterMs ?? 0) : 0;
    this.#nextCheckAt = performance.now() + Math.max(delayMs, askedForMs);
    this.#enter(verdict);
  }

  #enter(verdict: Pick<GatewayState, "phase" | "reason" | "message">): void {
    const { phase, reason, message } = this.#verdict;
    if (phase === verdict.phase && reason === verdict.reason && message === verdict.message) return;
    const since = phase === verdict.phase ? this.#verdict.since : this.#options.now();
    this.#verdict = { phase: verdict.phase, reason: verdict.reason, message: verdict.message, since };
    this.#options.onChange();
  }

  #checkAt(time: number): void {
    this.#nextCheckAt = time;
    this.#wake();
  }

  /** Until the next check is due; that time may move while it waits. */
  async #pause(signal: AbortSignal): Promise<void> {
    for (;;) {
      const leftMs = this.#nextCheckAt - performance.now();
      if (signal.aborted || leftMs <= 0) return;
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      await sleep(leftMs, AbortSignal.any([signal, woken.signal]));
    }
  }
}

const CONNECTING = { phase: "Connecting", reason: "Connecting", message: "listing the gateway's entities" } as const;
