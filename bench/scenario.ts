import type { Build } from "./build.ts";
import type { Counts, Gateway } from "./gateway.ts";
import type { Load } from "./load.ts";
import type { MeasuredOperator, Reading } from "./operator.ts";
import type { BenchOptions } from "./options.ts";

/** What every scenario is given. */
export interface Bench {
  readonly options: BenchOptions;
  readonly build: Build;
  readonly kubeconfig: string;
  readonly load: Load;
  readonly gateway: Gateway;
  /** Namespace of the objects, and part of every name. */
  readonly run: string;
  readonly say: (text: string) => void;
}

/** How often the metrics are read while a time is measured; the times themselves come from the operator's clock. */
export const POLL_MS = 10;

/** Entities that the load becomes at the gateway. */
export function entitiesOf({ services, upstreams }: BenchOptions): number {
  return (upstreams ? 5 : 2) * services;
}

/** Custom resources of the load. */
export function objectsOf({ services, upstreams }: BenchOptions): number {
  return (upstreams ? 3 : 2) * services;
}

export async function settled(operator: MeasuredOperator): Promise<Reading> {
  return operator.until(
    "nothing left to do",
    ({ busyKeys, pendingStatuses }) => busyKeys === 0 && pendingStatuses === 0,
  );
}

/** Counted at the gateway where it counts, else by the operator since `before`. */
export async function countsOf(
  gateway: Gateway,
  reading: Counts,
  before: Counts = { writes: 0, reads: 0 },
): Promise<Counts> {
  return (await gateway.counts()) ?? { writes: reading.writes - before.writes, reads: reading.reads - before.reads };
}

/** Of times in ms: a median and a 95th percentile, by the nearest rank. */
export function percentiles(timesMs: readonly number[]): { p50Ms: number; p95Ms: number } {
  const sorted = [...timesMs].sort((a, b) => a - b);
  const at = (share: number): number => round(sorted[Math.ceil(share * sorted.length) - 1] ?? 0, 1);
  return { p50Ms: at(0.5), p95Ms: at(0.95) };
}

export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}
