import { clearDeclared, floorEntities, measureDeclaredFloor, measureFloor } from "../floor.ts";
import { deleteTagged, type Counts } from "../gateway.ts";
import { MeasuredOperator } from "../operator.ts";
import { countsOf, entitiesOf, objectsOf, round, settled, type Bench } from "../scenario.ts";

/** Seconds that the gateway needs for the same writes where nobody is between. */
export async function floorSeconds({ gateway, options, say }: Bench, tag: string): Promise<number> {
  const entities = floorEntities(options.services, tag, options);
  say(
    options.dbless ? "Floor: one POST /config of the same" : "Floor: the same writes over 16 plain keep-alive sockets",
  );
  const seconds = options.dbless
    ? await measureDeclaredFloor(gateway.adminUrl, entities)
    : await measureFloor(gateway.adminUrl, entities);
  await (options.dbless ? clearDeclared(gateway.adminUrl) : deleteTagged(gateway.adminUrl, tag));
  say(`  ${round(seconds)} s`);
  return round(seconds);
}

/** From synced informers to the answer of the last write. */
export async function bulkSync(bench: Bench, operator: MeasuredOperator): Promise<{ seconds: number } & Counts> {
  const { gateway, options, say } = bench;
  say("Bulk: from synced informers to the last write's answer");
  const done = options.dbless
    ? await operator.until("all loaded", ({ entities }) => entities >= entitiesOf(options))
    : await operator.until("all written", ({ writes }) => writes >= entitiesOf(options));
  const counts = await countsOf(gateway, done);
  const seconds = round((done.lastWriteMs - operator.syncedMs) / 1000);
  say(`  ${seconds} s; waiting for the statuses`);
  await settled(operator);
  return { seconds, ...counts };
}

/** From the first create to the last status, with the operator running. Returns seconds. */
export async function fromApply(bench: Bench): Promise<number> {
  const { load, run, gateway, options, say } = bench;
  say("From apply: from the first create to the last status, with the operator running");
  await load.createNamespace(run);
  const operator = await MeasuredOperator.start(bench.kubeconfig, bench.build, ["--watch-namespaces", run]);
  try {
    await load.createGateway(run, gateway.adminUrl);
    const startedMs = Date.now();
    await load.createObjects(run, options.services, { withFinalizer: false, upstreams: options.upstreams });
    await operator.until("all programmed", ({ entities }) => entities >= entitiesOf(options));
    await settled(operator);
    const seconds = round((Date.now() - startedMs) / 1000);
    const programmed = await load.countProgrammed(run);
    if (programmed !== objectsOf(options)) throw new Error(`${programmed} of ${objectsOf(options)} are Programmed`);
    return seconds;
  } finally {
    await operator.stop();
  }
}
