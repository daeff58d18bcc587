import { isDeepStrictEqual } from "node:util";
import type { Endpoint } from "../model/endpoint.ts";
import { backoffDelayMs, jitteredMs, sleep } from "../runtime/backoff.ts";
import type { Logger } from "../runtime/logger.ts";
import { readAnswer, type ConsulAnswer } from "./consul-answer.ts";
import { nextIndex, Pace, type PaceOptions } from "./consul-index.ts";
import { ConsulError } from "./consul-error.ts";
import { requestPath, type ConsulQuery } from "./consul-query.ts";
import type { ConsulTransport } from "./consul-transport.ts";

/** What is known of a service in Consul. Neither of the two: the first answer is still on its way. */
export interface ConsulState {
  /** As last known; empty where no instance passes. undefined where Consul has never told us. */
  readonly endpoints: readonly Endpoint[] | undefined;
  /** Why what is known may be out of date, or why nothing is. */
  readonly problem: ConsulError | undefined;
}

export interface ConsulTimes {
  /** How long Consul may hold a question whose answer has not changed. A dead connection is noticed this late. */
  readonly waitSeconds: number;
  /** Until an answer begins that Consul need not wait for. */
  readonly answerMs: number;
  /** Failures that are over by then are nobody's concern. */
  readonly graceMs: number;
  readonly retry: { readonly baseMs: number; readonly maxMs: number };
  readonly pace: PaceOptions;
}

export const CONSUL_TIMES: ConsulTimes = {
  waitSeconds: 60,
  answerMs: 10_000,
  graceMs: 3_000,
  retry: { baseMs: 250, maxMs: 10_000 },
  pace: { burst: 10, refillMs: 500 },
};

export interface ConsulWatchOptions {
  readonly query: ConsulQuery;
  readonly transport: ConsulTransport;
  readonly logger: Logger;
  readonly times: ConsulTimes;
  /** What was known before, when the same was asked with other credentials. */
  readonly endpoints?: readonly Endpoint[] | undefined;
  /** {@link ConsulWatch.state} has changed. */
  readonly onChange: () => void;
  /** What came of a question: `changed`, `unchanged` or the reason of the problem. */
  readonly onResult: (result: string) => void;
}

/**
 * Follows the passing instances of one service by blocking queries.
 *
 * Guarantees:
 * - what was known stays known, whatever Consul answers after that, until it tells of the service again;
 * - a problem is told once, when it has lasted, and its words stay the same until its reason changes;
 * - one question at a time; questions follow each other no faster than the pace, failed ones with growing pauses.
 */
export class ConsulWatch {
  readonly #options: ConsulWatchOptions;
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  #state: ConsulState;
  #index = 0;
  #failures = 0;
  #failingSinceMs: number | undefined;

  constructor(options: ConsulWatchOptions) {
    this.#options = options;
    this.#state = { endpoints: options.endpoints, problem: undefined };
    this.#running = this.#run(this.#ending.signal);
  }

  get state(): ConsulState {
    return this.#state;
  }

  /** Ends the question under way. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#options.transport.close();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { times } = this.#options;
    const pace = new Pace(times.pace, performance.now());
    while (!signal.aborted) {
      const askedMs = performance.now();
      const isBlocking = this.#index > 0;
      try {
        this.#take(await this.#ask(signal));
        await sleep(pace.take(performance.now()), signal);
      } catch (error) {
        if (signal.aborted) return;
        // How long a question was held by a Consul that was well is no part of its failure.
        this.#fail(error, isBlocking ? performance.now() : askedMs);
        await sleep(backoffDelayMs(this.#failures, times.retry), signal);
      }
    }
  }

  async #ask(signal: AbortSignal): Promise<ConsulAnswer> {
    const { query, transport, times } = this.#options;
    const index = this.#index;
    const path = requestPath(query, index, Math.round(jitteredMs(times.waitSeconds)));
    // Consul itself adds up to a sixteenth to the time.
    const heldMs = index > 0 ? times.waitSeconds * 1.1 * 1000 * (1 + 1 / 16) : 0;
    const answer = readAnswer(query, await transport.get(path, heldMs + times.answerMs, signal));
    this.#index = nextIndex(index, answer.index);
    return answer;
  }

  #take({ endpoints, unusable }: ConsulAnswer): void {
    const { logger, query, onResult } = this.#options;
    const { endpoints: before, problem } = this.#state;
    const isChanged = !isDeepStrictEqual(before, endpoints);
    onResult(isChanged ? "changed" : "unchanged");
    this.#failures = 0;
    this.#failingSinceMs = undefined;
    if (!isChanged && !problem) return;
    const fields = { service: query.service, instances: endpoints.length, unusable };
    if (problem) logger.info("consul is followed again", fields);
    else logger.debug("consul service changed", fields);
    this.#become({ endpoints, problem: undefined });
  }

  #fail(error: unknown, sinceMs: number): void {
    const { logger, query, times, onResult } = this.#options;
    const problem = error instanceof ConsulError ? error : new ConsulError("ConsulUnavailable", String(error));
    onResult(problem.reason);
    // A Consul that comes back may be another one: its present state is asked for, and not only what follows.
    this.#index = 0;
    this.#failures++;
    this.#failingSinceMs ??= sinceMs;
    const hasLasted = performance.now() - this.#failingSinceMs >= times.graceMs;
    if (!hasLasted || this.#state.problem?.reason === problem.reason) return;
    logger.warn("consul cannot be followed", {
      service: query.service,
      reason: problem.reason,
      problem: problem.message,
      instances: this.#state.endpoints?.length,
    });
    this.#become({ endpoints: this.#state.endpoints, problem });
  }

  #become(state: ConsulState): void {
    this.#state = state;
    this.#options.onChange();
  }
}
