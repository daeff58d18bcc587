import type { KongDouble } from "../doubles/kong/double.ts";

/** What the gateway has come to with a write when the one who sent it dies. */
export const MOMENTS = ["before it is applied", "before its answer", "after its answer"] as const;
export type Moment = (typeof MOMENTS)[number];

export interface KillPoint {
  /** The how manieth write, from 1. */
  readonly write: number;
  readonly moment: Moment;
}

/**
 * Calls `kill` when the gateway has come so far with the n-th write from now on, in the order of their arrival. Writes
 * that are under way beside it are carried out.
 * @returns takes the point away again.
 */
export function killAt(kong: KongDouble, point: KillPoint, kill: () => void): () => void {
  let writes = 0;
  return kong.faults.add({
    action: { kind: "reset" },
    when: ({ method }) => {
      if (!isWrite(method)) return false;
      writes += 1;
      if (writes !== point.write) return false;
      // The answer of a request goes out in the same turn of the event loop as its arrival.
      if (point.moment === "after its answer") setImmediate(kill);
      else kill();
      return point.moment === "before it is applied";
    },
  });
}

export function isWrite(method: string): boolean {
  return method !== "GET" && method !== "HEAD" && method !== "OPTIONS";
}
