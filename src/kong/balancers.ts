import { isJsonObject, type Json } from "../model/json.ts";
import type { AdminClient } from "./admin-client.ts";
import type { RequestGate } from "./request-gate.ts";

export interface BalancersOptions {
  readonly client: () => AdminClient;
  readonly gate: RequestGate;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

/** Between two looks at an upstream whose balancer is not built yet. */
export const POLL_MS = 500;
/** A balancer that is not there after so long is not waited for: requests fail until it is, as they would anyway. */
const LONGEST_MS = 30_000;
/** Of a Kong that does not say; the default. Source: Kong's `worker_state_update_frequency`. */
const DEFAULT_SETTLE_MS = 5_000;

/**
 * When a gateway's workers are ready to use an upstream, and when they have let go of one.
 *
 * A new upstream has no balancer until a worker's timer has built it, each worker for itself: a service that is pointed
 * at it before answers 503. And workers go on with the host that a service had until their timers come round. So a
 * service goes over when one worker has shown the balancer and the others have had a timer's period, and what it has
 * left stays for that long.
 */
export class Balancers {
  readonly #options: BalancersOptions;
  readonly #now: () => number;
  /** When we made an upstream, by its id; older ones have their balancers. */
  readonly #createdAt = new Map<string, number>();
  /** When its balancer was first seen. */
  readonly #builtAt = new Map<string, number>();
  /** When a service last left an upstream, by its name. */
  readonly #leftAt = new Map<string, number>();
  /** When this began to look: what was there is at least as old. */
  readonly #startedAt: number;
  /** The period of the workers' timers. */
  settleMs = DEFAULT_SETTLE_MS;

  constructor(options: BalancersOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#startedAt = this.#now();
  }

  noteCreated(upstreamId: string): void {
    this.#forgetOld(this.#createdAt);
    this.#createdAt.set(upstreamId, this.#now());
    this.#builtAt.delete(upstreamId);
  }

  /** A service's host was the name of this upstream until now. */
  noteLeft(upstreamName: string): void {
    this.#forgetOld(this.#leftAt);
    this.#leftAt.set(upstreamName, this.#now());
  }

  /** True for an upstream that a service has left a while ago: its removal was put off. */
  wasLeft(upstreamName: string): boolean {
    return this.#leftAt.has(upstreamName);
  }

  /** Milliseconds for which the workers may still send requests to the upstream of that name; 0 where none. */
  leavingMs(upstreamName: string): number {
    const leftAt = this.#leftAt.get(upstreamName);
    return leftAt === undefined ? 0 : Math.max(0, Math.ceil(leftAt + this.settleMs - this.#now()));
  }

  /**
   * Milliseconds after which to ask again before a service is pointed at the upstream; 0 where it may be. Asks the
   * gateway only about an upstream that is new.
   * @throws KongUnavailableError, GatewayAuthError, AdminRejection
   */
  async waitMs(upstreamId: string): Promise<number> {
    const createdAt = this.#createdAt.get(upstreamId) ?? this.#startedAt;
    if (this.#now() - createdAt > Math.max(LONGEST_MS, 2 * this.settleMs)) return 0;
    if (!this.#builtAt.has(upstreamId)) {
      if (!(await this.#isBuilt(upstreamId, createdAt))) return POLL_MS;
      this.#builtAt.set(upstreamId, this.#now());
    }
    const builtAt = this.#builtAt.get(upstreamId) ?? this.#now();
    return Math.max(0, Math.ceil(builtAt + this.settleMs - this.#now()));
  }

  async #isBuilt(upstreamId: string, createdAt: number): Promise<boolean> {
    const { client, gate } = this.#options;
    const path = `/upstreams/${encodeURIComponent(upstreamId)}/health`;
    const answer = await gate.run("soon", () => client().request("GET", path, "upstreams"));
    const entries = entriesOf(answer);
    // Without targets nothing shows, and nothing is there to be served either.
    return entries.length > 0 ? entries.every(hasHealth) : this.#now() - createdAt >= this.settleMs;
  }

  #forgetOld(times: Map<string, number>): void {
    const old = this.#now() - 2 * Math.max(LONGEST_MS, this.settleMs);
    for (const [key, time] of times) {
      if (time > old) return;
      times.delete(key);
      this.#builtAt.delete(key);
    }
  }
}

function entriesOf(answer: Json | undefined): Json[] {
  return isJsonObject(answer) && Array.isArray(answer["data"]) ? answer["data"] : [];
}

function hasHealth(entry: Json): boolean {
  return isJsonObject(entry) && typeof entry["health"] === "string";
}
