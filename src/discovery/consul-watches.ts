import type { Endpoint } from "../model/endpoint.ts";
import type { Logger } from "../runtime/logger.ts";
import { identityOf, placeOf, type ConsulQuery } from "./consul-query.ts";
import { consulTransport, type ConsulTransport } from "./consul-transport.ts";
import { CONSUL_TIMES, ConsulWatch, type ConsulState, type ConsulTimes } from "./consul-watch.ts";

export interface ConsulWatchesOptions {
  readonly logger: Logger;
  /** Whoever follows what has changed, as they called themselves. */
  readonly onChange: (followers: readonly string[]) => void;
  /** What came of a question: `changed`, `unchanged` or the reason of the problem. */
  readonly onResult?: (result: string) => void;
  readonly transport?: (query: ConsulQuery) => ConsulTransport;
  readonly times?: ConsulTimes;
}

interface Shared {
  readonly watch: ConsulWatch;
  readonly followers: Set<string>;
}

/**
 * The watches of all followers.
 *
 * Guarantees:
 * - what several ask alike, with the same credentials, is asked once;
 * - a watch ends with its last follower;
 * - a follower that goes over to other credentials keeps what it knew; nobody learns what another's credentials showed.
 */
export class ConsulWatches {
  readonly #options: ConsulWatchesOptions;
  readonly #watches = new Map<string, Shared>();
  /** What each follower asks for. */
  readonly #queries = new Map<string, readonly ConsulQuery[]>();
  readonly #ending = new Set<Promise<void>>();
  #isStopped = false;

  constructor(options: ConsulWatchesOptions) {
    this.#options = options;
  }

  /** What the follower asks from now on, in place of all it asked before. Returns what is known, in the same order. */
  follow(follower: string, queries: readonly ConsulQuery[]): ConsulState[] {
    if (this.#isStopped) return queries.map(() => ({ endpoints: undefined, problem: undefined }));
    const former = this.#queries.get(follower) ?? [];
    const states = queries.map((query) => this.#join(follower, query, former).state);
    const wanted = new Set(queries.map(identityOf));
    for (const query of former) if (!wanted.has(identityOf(query))) this.#leave(follower, identityOf(query));
    if (queries.length > 0) this.#queries.set(follower, queries);
    else this.#queries.delete(follower);
    return states;
  }

  /** How many watches are in each state, for the metrics. */
  counts(): Readonly<Record<"known" | "stale" | "unknown", number>> {
    const counts = { known: 0, stale: 0, unknown: 0 };
    for (const { watch } of this.#watches.values()) {
      const { endpoints, problem } = watch.state;
      if (!endpoints) counts.unknown++;
      else counts[problem ? "stale" : "known"]++;
    }
    return counts;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const { watch } of this.#watches.values()) this.#end(watch);
    this.#watches.clear();
    this.#queries.clear();
    await Promise.all(this.#ending);
  }

  #join(follower: string, query: ConsulQuery, former: readonly ConsulQuery[]): ConsulWatch {
    const identity = identityOf(query);
    const shared = this.#watches.get(identity) ?? this.#start(identity, query, this.#knownOf(query, former));
    shared.followers.add(follower);
    return shared.watch;
  }

  /** What the follower's own former question of the same place has found out. */
  #knownOf(query: ConsulQuery, former: readonly ConsulQuery[]): readonly Endpoint[] | undefined {
    const same = former.find((candidate) => placeOf(candidate) === placeOf(query));
    return same && this.#watches.get(identityOf(same))?.watch.state.endpoints;
  }

  #start(identity: string, query: ConsulQuery, endpoints: readonly Endpoint[] | undefined): Shared {
    const { logger, onChange, onResult = () => {}, transport = consulTransport, times = CONSUL_TIMES } = this.#options;
    const followers = new Set<string>();
    const watch = new ConsulWatch({
      query,
      transport: transport(query),
      logger,
      times,
      endpoints,
      onChange: () => onChange([...followers]),
      onResult,
    });
    const shared = { watch, followers };
    this.#watches.set(identity, shared);
    return shared;
  }

  #leave(follower: string, identity: string): void {
    const shared = this.#watches.get(identity);
    if (!shared?.followers.delete(follower) || shared.followers.size > 0) return;
    this.#watches.delete(identity);
    this.#end(shared.watch);
  }

  #end(watch: ConsulWatch): void {
    const ended = watch.stop().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }
}
