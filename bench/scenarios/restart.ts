import { setTimeout as sleep } from "node:timers/promises";
import type { Counts } from "../gateway.ts";
import { MeasuredOperator, type Reading } from "../operator.ts";
import { countsOf, objectsOf, round, type Bench } from "../scenario.ts";

/** From the start of the process to everything looked at, on a cluster and a gateway that agree. */
export async function restart(bench: Bench): Promise<{ seconds: number } & Counts> {
  const { gateway, options, say } = bench;
  say("Restart: from the start of the process to everything looked at");
  await gateway.resetCounts();
  const startedMs = Date.now();
  const operator = await MeasuredOperator.start(bench.kubeconfig, bench.build, ["--watch-namespaces", bench.run]);
  try {
    const hasLooked = ({ reconciles, busyKeys, reads }: Reading): boolean =>
      reads > 0 && busyKeys === 0 && reconciles >= objectsOf(options) + 1;
    await operator.until("everything looked at", hasLooked, { everyMs: 50 });
    const seconds = round((Date.now() - startedMs) / 1000);
    await sleep(1_000);
    return { seconds, ...(await countsOf(gateway, await operator.read())) };
  } finally {
    await operator.stop();
  }
}
