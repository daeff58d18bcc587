import type { SnapshotChange, SnapshotSource } from "../snapshot.ts";
import { GatewayIndex, INDEXED_TABLES } from "./gateway-index.ts";
import type { IndexedTable, IndexOptions } from "./gateway-index.ts";
import { textOf } from "./json-fields.ts";

/** Interval at which a real Kong looks for changes with default settings (`worker_state_update_frequency`). */
export const DEFAULT_LAG_INTERVAL_MS = 5000;

/** Balancers are rebuilt by a timer of their own, this long after the router. */
const BALANCER_DELAY_MS = 100;

const BALANCER_TABLES: readonly IndexedTable[] = ["upstreams", "targets"];

/** Upstreams are here too: a service's host means an upstream as soon as one has that name, built or not. */
const ROUTER_TABLES: readonly IndexedTable[] = INDEXED_TABLES.filter((table) => table !== "targets");

/** What of the gateway's configuration the proxy sees at a moment. */
export interface Visibility {
  /** The index to serve the next request from. */
  current(): GatewayIndex;
  /** True when the upstream's balancer has been built, so that its targets can be used. */
  hasBalancer(upstreamId: string): boolean;
  stop(): void;
}

/**
 * Every change is visible to the next request.
 *
 * Guarantees: changes are only noted when they happen and taken over by the next request, each entity once, so that a
 * thousand writes between two requests cost a thousand small updates and not one rebuild.
 */
export function watchImmediately(source: SnapshotSource, options: IndexOptions): Visibility {
  const index = new GatewayIndex(options);
  const pending = new PendingChanges();
  const unsubscribe = source.onChange((change) => pending.note(change));
  return {
    current(): GatewayIndex {
      pending.takeOver(index, source, INDEXED_TABLES);
      return index;
    },
    hasBalancer: () => true,
    stop: unsubscribe,
  };
}

/**
 * Changes become visible at ticks, as with a real Kong: the router, plugins, consumers and credentials together,
 * targets and balancers 100 ms later. A service that has just been pointed at a new upstream therefore answers 503 for
 * that while, unless the upstream was there a tick before.
 */
export function watchWithLag(source: SnapshotSource, options: IndexOptions, intervalMs: number): Visibility {
  const index = new GatewayIndex(options);
  const pending = new PendingChanges();
  const built = new Set<string>();

  function rebuildBalancers(): void {
    pending.takeOver(index, source, BALANCER_TABLES);
    built.clear();
    for (const upstream of index.upstreams()) built.add(textOf(upstream["id"]) ?? "");
  }
  function tick(): void {
    pending.takeOver(index, source, ROUTER_TABLES);
    balancerTimer = setTimeout(rebuildBalancers, Math.min(BALANCER_DELAY_MS, intervalMs / 2));
  }

  let balancerTimer: NodeJS.Timeout | undefined;
  pending.takeOver(index, source, INDEXED_TABLES);
  rebuildBalancers();
  const unsubscribe = source.onChange((change) => pending.note(change));
  const timer = setInterval(tick, intervalMs);
  return {
    current: () => index,
    hasBalancer: (upstreamId) => built.has(upstreamId),
    stop(): void {
      clearInterval(timer);
      clearTimeout(balancerTimer);
      unsubscribe();
    },
  };
}

/** Which entities changed since they were last taken over. Starts with everything. */
class PendingChanges {
  readonly #ids = new Map<IndexedTable, Set<string> | "all">(INDEXED_TABLES.map((table) => [table, "all"]));

  note({ type, action, id }: SnapshotChange): void {
    if (type === "*" || action === "replace") {
      for (const table of INDEXED_TABLES) this.#ids.set(table, "all");
      return;
    }
    const table = INDEXED_TABLES.find((name) => name === type);
    if (table === undefined) return;
    const ids = this.#ids.get(table);
    if (ids === "all") return;
    if (ids === undefined) this.#ids.set(table, new Set([id]));
    else ids.add(id);
  }

  takeOver(index: GatewayIndex, source: SnapshotSource, tables: readonly IndexedTable[]): void {
    if (this.#ids.size === 0) return;
    for (const table of tables) {
      const ids = this.#ids.get(table);
      if (ids === undefined) continue;
      index.refresh(source.current(), table, ids);
      this.#ids.delete(table);
    }
  }
}
