import { setTimeout as sleep } from "node:timers/promises";
import type { Counts } from "../gateway.ts";
import type { MeasuredOperator } from "../operator.ts";
import { countsOf, percentiles, POLL_MS, round, settled, type Bench } from "../scenario.ts";

export interface ChangeTimes extends Counts {
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** Long enough for a status write or a second look to show up as a request that it should not make. */
const IDLE_MS = 5_000;

/** One route's paths, another route each time: from before the patch to Kong's answer to the write. */
export function routeChanges(bench: Bench, operator: MeasuredOperator): Promise<ChangeTimes> {
  const { load, run, options } = bench;
  return changes(bench, operator, "one route", (change) =>
    load.changeRoute(run, (change * 37) % options.services, `/${run}/changed/${change}`),
  );
}

/** One target's weight, of another upstream each time. */
export function targetChanges(bench: Bench, operator: MeasuredOperator): Promise<ChangeTimes> {
  const { load, run, options } = bench;
  return changes(bench, operator, "one target's weight", (change) =>
    load.changeTarget(run, (change * 37) % options.services, 1 + (change % 90)),
  );
}

async function changes(
  { gateway, options, say }: Bench,
  operator: MeasuredOperator,
  what: string,
  change: (index: number) => Promise<void>,
): Promise<ChangeTimes> {
  say(`Change: ${what}, ${options.changes} times`);
  const before = await operator.read();
  await gateway.resetCounts();
  const timesMs: number[] = [];
  for (let index = 0; index < options.changes; index += 1) {
    const { writes } = await operator.read();
    const startedMs = Date.now();
    await change(index);
    const isWritten = (reading: Counts): boolean => reading.writes > writes;
    const done = await operator.until("the change is written", isWritten, { everyMs: POLL_MS });
    timesMs.push(done.lastWriteMs - startedMs);
    await sleep(20);
  }
  await settled(operator);
  const counts = await countsOf(gateway, await operator.read(), before);
  return {
    ...percentiles(timesMs),
    writes: round(counts.writes / options.changes),
    reads: round(counts.reads / options.changes),
  };
}

/** What is asked of the gateway while nothing changes. */
export async function idle({ gateway, say }: Bench, operator: MeasuredOperator): Promise<Counts> {
  say(`No-op: ${IDLE_MS / 1000} s with nothing to do`);
  const before = await operator.read();
  await gateway.resetCounts();
  await sleep(IDLE_MS);
  return countsOf(gateway, await operator.read(), before);
}
