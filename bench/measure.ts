import { startOwnControlPlane } from "../test/controlplane/control-plane.ts";
import { buildOperator } from "./build.ts";
import { deleteTagged, realGateway, startDouble, type Counts, type Gateway } from "./gateway.ts";
import { Load } from "./load.ts";
import { MeasuredOperator } from "./operator.ts";
import type { BenchOptions } from "./options.ts";
import { round, type Bench } from "./scenario.ts";
import { bulkSync, floorSeconds, fromApply } from "./scenarios/bulk.ts";
import { idle, routeChanges, targetChanges, type ChangeTimes } from "./scenarios/changes.ts";
import { restart } from "./scenarios/restart.ts";
import {
  deletion,
  foreignInTheWay,
  refusedObject,
  type ForeignTimes,
  type RefusedTimes,
} from "./scenarios/troubles.ts";

/** What the bench prints: seconds, milliseconds, requests at the gateway, megabytes. */
export interface Result {
  readonly gateway: "database" | "db-less" | "real";
  readonly services: number;
  readonly routes: number;
  readonly upstreams: number;
  readonly bulk: { seconds: number; floorSeconds: number; ratio: number; fromApplySeconds: number | null } & Counts;
  readonly change: ChangeTimes;
  /** Null without `--upstreams`. */
  readonly targetChange: ChangeTimes | null;
  readonly noop: Counts;
  readonly refused: RefusedTimes;
  /** Null without a database: nobody else's entities can stand there. */
  readonly foreign: ForeignTimes | null;
  readonly restart: { seconds: number } & Counts;
  readonly deletion: { seconds: number } & Counts;
  readonly rssMb: number;
  readonly rssPeakMb: number;
}

/** @throws ControlPlaneUnavailableError where there is no API server to be had. */
export async function measure(options: BenchOptions, say: (text: string) => void): Promise<Result> {
  const run = `bench-${Date.now().toString(36)}`;
  const floorTag = `kjo.floor:${run}`;
  const build = await buildOperator();
  const controlPlane = await startOwnControlPlane({ components: [], log: say });
  const gateway = options.kong ? realGateway(options.kong) : await startDouble(options);
  say(describeGateway(options));
  try {
    const load = new Load(controlPlane);
    await load.installKinds();
    const { kubeconfig } = controlPlane;
    return await scenarios({ options, build, kubeconfig, load, gateway, run, say }, floorTag);
  } finally {
    if (options.kong) {
      for (const tag of [`kjo.instance:${run}.default`, `kjo.instance:${run}-apply.default`, floorTag])
        await deleteTagged(gateway.adminUrl, tag);
    }
    await gateway.stop();
    await controlPlane.stop();
  }
}

async function scenarios(bench: Bench, floorTag: string): Promise<Result> {
  const { options, load, gateway, run, say } = bench;
  const floor = await floorSeconds(bench, floorTag);
  await load.createNamespace(run);
  say(`Creating ${options.services} services and as many routes, with finalizers, before the operator starts`);
  await load.createGateway(run, gateway.adminUrl);
  await load.createObjects(run, options.services, { withFinalizer: true, upstreams: options.upstreams });
  await gateway.resetCounts();
  const start = (): Promise<MeasuredOperator> =>
    MeasuredOperator.start(bench.kubeconfig, bench.build, ["--watch-namespaces", run]);
  const first = await start();
  const bulk = await bulkSync(bench, first);
  const change = await routeChanges(bench, first);
  const targetChange = options.upstreams ? await targetChanges(bench, first) : null;
  const noop = await idle(bench, first);
  const { nowMb, peakMb } = first.rss();
  const refused = await refusedObject(bench, first);
  const foreign = options.dbless ? null : await foreignInTheWay(bench, first);
  await first.stop();
  const restarted = await restart(bench);
  const last = await start();
  const deleted = await deletion(bench, last).finally(() => last.stop());
  const fromApplySeconds = options.apply ? await fromApplyOn(bench) : null;
  return {
    gateway: kindOf(options),
    services: options.services,
    routes: options.services,
    upstreams: options.upstreams ? options.services : 0,
    bulk: {
      seconds: bulk.seconds,
      floorSeconds: floor,
      ratio: round(bulk.seconds / floor, 3),
      fromApplySeconds,
      writes: bulk.writes,
      reads: bulk.reads,
    },
    change,
    targetChange,
    noop,
    refused,
    foreign,
    restart: restarted,
    deletion: deleted,
    rssMb: nowMb,
    rssPeakMb: peakMb,
  };
}

/** A gateway without a database has one owner: the second KongGateway gets one of its own. */
async function fromApplyOn(bench: Bench): Promise<number> {
  const run = `${bench.run}-apply`;
  if (!bench.options.dbless) return fromApply({ ...bench, run });
  const gateway: Gateway = await startDouble(bench.options);
  return fromApply({ ...bench, run, gateway }).finally(() => gateway.stop());
}

function kindOf(options: BenchOptions): Result["gateway"] {
  if (options.kong) return "real";
  return options.dbless ? "db-less" : "database";
}

function describeGateway(options: BenchOptions): string {
  if (options.kong) return `Kong: ${options.kong}`;
  if (options.dbless) return "Kong: the stand-in without a database, at a real Kong's pace (0.16 ms an entity)";
  return "Kong: the stand-in, at a real Kong's pace (2 x 2 ms a request, 690 services and 490 routes a second)";
}
