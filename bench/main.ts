import { setTimeout as sleep } from "node:timers/promises";
import { ControlPlaneUnavailableError, startOwnControlPlane } from "../test/controlplane/control-plane.ts";
import { buildOperator, type Build } from "./build.ts";
import { floorRequests, measureFloor } from "./floor.ts";
import { deleteTagged, realGateway, startDouble, type Counts, type Gateway } from "./gateway.ts";
import { Load } from "./load.ts";
import { MeasuredOperator } from "./operator.ts";
import { parseBenchOptions, USAGE, type BenchOptions } from "./options.ts";

/** Long enough for a status write or a second look to show up as a request that it should not make. */
const IDLE_MS = 5_000;
/** How often the metrics are read while a time is measured; the times themselves come from the operator's clock. */
const POLL_MS = 10;

interface Result {
  services: number;
  routes: number;
  bulk: { seconds: number; floorSeconds: number; ratio: number; fromApplySeconds: number | null } & Counts;
  change: { p50Ms: number; p95Ms: number } & Counts;
  noop: Counts;
  restart: { seconds: number } & Counts;
  rssMb: number;
  rssPeakMb: number;
}

interface Measured {
  readonly build: Build;
  readonly run: string;
  readonly options: BenchOptions;
  readonly say: (text: string) => void;
}

async function measure(options: BenchOptions, say: (text: string) => void): Promise<Result> {
  const run = `bench-${Date.now().toString(36)}`;
  const tags = [`kjo.instance:${run}.default`, `kjo.instance:${run}-apply.default`, `kjo.floor:${run}`];
  const build = await buildOperator();
  const controlPlane = await startOwnControlPlane({ components: [], log: say });
  const gateway = options.kong ? realGateway(options.kong) : await startDouble();
  say(
    options.kong
      ? `Kong: ${options.kong}`
      : "Kong: the stand-in, at a real Kong's pace (2 x 2 ms a request, 690 services and 490 routes a second)",
  );
  try {
    const load = new Load(controlPlane);
    await load.installKinds();
    const floorSeconds = await floor(gateway, options, tags[2] ?? "", say);
    await load.createNamespace(run);
    say(`Creating ${options.services} services and as many routes, with finalizers, before the operator starts`);
    await load.createGateway(run, gateway.adminUrl);
    await load.createObjects(run, options.services, { withFinalizer: true });
    const kubeconfig = controlPlane.kubeconfig;
    await gateway.resetCounts();
    const first = await MeasuredOperator.start(kubeconfig, build, ["--watch-namespaces", run]);
    const bulk = await bulkSync(first, gateway, options, say);
    const change = await singleChanges(first, load, gateway, { run, options, say });
    const noop = await idle(first, gateway, say);
    const { nowMb, peakMb } = first.rss();
    await first.stop();
    const restart = await restarted(kubeconfig, gateway, { build, run, options, say });
    const fromApplySeconds = options.apply
      ? await fromApply(kubeconfig, load, gateway, { build, run: `${run}-apply`, options, say })
      : null;
    return {
      services: options.services,
      routes: options.services,
      bulk: {
        seconds: bulk.seconds,
        floorSeconds,
        ratio: round(bulk.seconds / floorSeconds, 3),
        fromApplySeconds,
        writes: bulk.writes,
        reads: bulk.reads,
      },
      change,
      noop,
      restart,
      rssMb: nowMb,
      rssPeakMb: peakMb,
    };
  } finally {
    if (options.kong) for (const tag of tags) await deleteTagged(gateway.adminUrl, tag);
    await gateway.stop();
    await controlPlane.stop();
  }
}

async function floor(
  gateway: Gateway,
  options: BenchOptions,
  tag: string,
  say: (text: string) => void,
): Promise<number> {
  say("Floor: the same PUTs over 16 plain keep-alive sockets");
  const seconds = await measureFloor(gateway.adminUrl, floorRequests(options.services, tag));
  await deleteTagged(gateway.adminUrl, tag);
  say(`  ${round(seconds)} s`);
  return round(seconds);
}

async function bulkSync(
  operator: MeasuredOperator,
  gateway: Gateway,
  { services }: BenchOptions,
  say: (text: string) => void,
): Promise<{ seconds: number } & Counts> {
  say("Bulk: from synced informers to the last PUT's answer");
  const done = await operator.until("all written", ({ writes }) => writes >= 2 * services);
  const counts = await countsOf(gateway, done);
  const seconds = round((done.lastWriteMs - operator.syncedMs) / 1000);
  say(`  ${seconds} s; waiting for the statuses`);
  await settled(operator);
  return { seconds, ...counts };
}

async function singleChanges(
  operator: MeasuredOperator,
  load: Load,
  gateway: Gateway,
  { run, options, say }: { run: string; options: BenchOptions; say: (text: string) => void },
): Promise<Result["change"]> {
  say(`Change: one route, ${options.changes} times`);
  const before = await operator.read();
  await gateway.resetCounts();
  const timesMs: number[] = [];
  for (let change = 0; change < options.changes; change += 1) {
    const { writes } = await operator.read();
    const startedMs = Date.now();
    await load.changeRoute(run, (change * 37) % options.services, `/${run}/changed/${change}`);
    const done = await operator.until("the change is written", (reading) => reading.writes > writes, {
      everyMs: POLL_MS,
    });
    timesMs.push(done.lastWriteMs - startedMs);
    await sleep(20);
  }
  await settled(operator);
  const counts = await countsOf(gateway, await operator.read(), before);
  timesMs.sort((a, b) => a - b);
  const percentile = (share: number): number =>
    round(timesMs[Math.min(timesMs.length - 1, Math.ceil(share * timesMs.length) - 1)] ?? 0, 1);
  return {
    p50Ms: percentile(0.5),
    p95Ms: percentile(0.95),
    writes: round(counts.writes / options.changes),
    reads: round(counts.reads / options.changes),
  };
}

async function idle(operator: MeasuredOperator, gateway: Gateway, say: (text: string) => void): Promise<Counts> {
  say(`No-op: ${IDLE_MS / 1000} s with nothing to do`);
  const before = await operator.read();
  await gateway.resetCounts();
  await sleep(IDLE_MS);
  return countsOf(gateway, await operator.read(), before);
}

async function restarted(
  kubeconfig: string,
  gateway: Gateway,
  { build, run, options, say }: Measured,
): Promise<Result["restart"]> {
  say("Restart: from the start of the process to everything looked at");
  await gateway.resetCounts();
  const startedMs = Date.now();
  const operator = await MeasuredOperator.start(kubeconfig, build, ["--watch-namespaces", run]);
  try {
    const looked = ({
      reconciles,
      busyKeys,
      reads,
    }: {
      reconciles: number;
      busyKeys: number;
      reads: number;
    }): boolean => reads > 0 && busyKeys === 0 && reconciles >= 2 * options.services + 1;
    await operator.until("everything looked at", looked, { everyMs: 50 });
    const seconds = round((Date.now() - startedMs) / 1000);
    await sleep(1_000);
    return { seconds, ...(await countsOf(gateway, await operator.read())) };
  } finally {
    await operator.stop();
  }
}

async function fromApply(
  kubeconfig: string,
  load: Load,
  gateway: Gateway,
  { build, run, options, say }: Measured,
): Promise<number> {
  say("From apply: from the first create to the last status, with the operator running");
  await load.createNamespace(run);
  const operator = await MeasuredOperator.start(kubeconfig, build, ["--watch-namespaces", run]);
  try {
    await load.createGateway(run, gateway.adminUrl);
    const startedMs = Date.now();
    await load.createObjects(run, options.services, { withFinalizer: false });
    await operator.until("all written", ({ writes }) => writes >= 2 * options.services);
    await settled(operator);
    const seconds = round((Date.now() - startedMs) / 1000);
    const programmed = await load.countProgrammed(run);
    if (programmed !== 2 * options.services)
      throw new Error(`${programmed} of ${2 * options.services} objects are Programmed`);
    return seconds;
  } finally {
    await operator.stop();
  }
}

async function settled(operator: MeasuredOperator): Promise<void> {
  await operator.until(
    "nothing left to do",
    ({ busyKeys, pendingStatuses }) => busyKeys === 0 && pendingStatuses === 0,
  );
}

/** Counted at the gateway where it counts, else by the operator since `before`. */
async function countsOf(gateway: Gateway, reading: Counts, before: Counts = { writes: 0, reads: 0 }): Promise<Counts> {
  return (await gateway.counts()) ?? { writes: reading.writes - before.writes, reads: reading.reads - before.reads };
}

function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}

function readOptions(): BenchOptions | "help" {
  try {
    return parseBenchOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exit(2);
  }
}

const options = readOptions();
if (options === "help") {
  console.log(USAGE);
} else {
  const say = (text: string): void => (options.json ? console.error(text) : console.log(text));
  try {
    console.log(JSON.stringify(await measure(options, say)));
  } catch (error) {
    console.error(error instanceof ControlPlaneUnavailableError ? error.message : error);
    process.exitCode = 1;
  }
}
