import { setTimeout as sleep } from "node:timers/promises";
import type { Counts } from "../gateway.ts";
import type { MeasuredOperator } from "../operator.ts";
import { countsOf, round, settled, type Bench } from "../scenario.ts";

export interface RefusedTimes extends Counts {
  /** From the create to the condition that says why. */
  readonly toldMs: number;
}

export interface ForeignTimes extends Counts {
  readonly toldMs: number;
  /** From the deletion of the foreign entity to ours in its place; null where that was not waited for. */
  readonly takenOverMs: number | null;
}

const POLL_MS = 5;
const LIMIT_MS = 120_000;
/** The operator finds a foreign entity gone at its next look: a wish for one saves the wait for the interval. */
const RECONCILE = "kjo.dev/reconcile";

/** One object that Kong refuses, among all that it has taken. */
export async function refusedObject(bench: Bench, operator: MeasuredOperator): Promise<RefusedTimes> {
  const { load, run, gateway, say } = bench;
  say("Refused: one route that Kong does not take");
  const before = await operator.read();
  await gateway.resetCounts();
  const startedMs = Date.now();
  const spec = { serviceRef: { name: "service-0" }, paths: ["~/refused/(unclosed"] };
  await load.create("KongRoute", run, "refused", spec);
  const toldMs = await until(bench, "refused", "False", startedMs);
  await settled(operator);
  const counts = await countsOf(gateway, await operator.read(), before);
  await load.delete("KongRoute", run, "refused");
  await settled(operator);
  return { toldMs, ...counts };
}

/** One object whose name in Kong an entity of somebody else's has. */
export async function foreignInTheWay(bench: Bench, operator: MeasuredOperator): Promise<ForeignTimes> {
  const { load, run, gateway, say } = bench;
  say("Foreign: an entity of somebody else's has the name that an object wants");
  const name = `${run}-foreign`;
  const foreign = `${gateway.adminUrl}/services/${name}`;
  await request("PUT", foreign, { host: "127.0.0.1" });
  try {
    const before = await operator.read();
    await gateway.resetCounts();
    const startedMs = Date.now();
    await load.create("KongService", run, "foreign", { name, url: "http://127.0.0.1:8080" });
    const toldMs = await until(bench, "foreign", "False", startedMs, "KongService");
    await settled(operator);
    const counts = await countsOf(gateway, await operator.read(), before);
    await request("DELETE", foreign);
    const freedMs = Date.now();
    await load.annotate("KongService", run, "foreign", { [RECONCILE]: String(freedMs) });
    const takenOverMs = await until(bench, "foreign", "True", freedMs, "KongService");
    await load.delete("KongService", run, "foreign");
    await settled(operator);
    return { toldMs, takenOverMs, ...counts };
  } finally {
    await request("DELETE", foreign);
  }
}

/** All objects, from the first delete to the last one gone from the cluster. */
export async function deletion(bench: Bench, operator: MeasuredOperator): Promise<{ seconds: number } & Counts> {
  const { load, run, gateway, say } = bench;
  say("Deletion: all objects");
  const before = await operator.read();
  await gateway.resetCounts();
  const startedMs = Date.now();
  await load.deleteObjects(run);
  await operator.until("all gone from Kong", ({ entities }) => entities === 0);
  while ((await load.countObjects(run)) > 0) await sleep(100);
  const seconds = round((Date.now() - startedMs) / 1000);
  await settled(operator);
  return { seconds, ...(await countsOf(gateway, await operator.read(), before)) };
}

/** Milliseconds from `sinceMs` until the object's condition Programmed is so. */
async function until(
  { load, run }: Bench,
  name: string,
  status: "True" | "False",
  sinceMs: number,
  kind = "KongRoute",
): Promise<number> {
  for (;;) {
    const condition = await load.conditionOf(kind, run, name, "Programmed");
    const elapsedMs = Date.now() - sinceMs;
    if (condition?.status === status) return elapsedMs;
    if (elapsedMs > LIMIT_MS) throw new Error(`${kind} ${name}: Programmed=${condition?.status}, not ${status}`);
    await sleep(POLL_MS);
  }
}

async function request(method: string, url: string, body?: unknown): Promise<void> {
  const init =
    body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(url, { method, ...init });
  await response.body?.cancel();
  if (response.status >= 400) throw new Error(`${method} ${url}: HTTP ${response.status}`);
}
