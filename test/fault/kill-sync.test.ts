import assert from "node:assert/strict";
import { controlPlaneOrSkip } from "../controlplane/suite.ts";
import type { OperatorProcess } from "../dev/operator-process.ts";
import { expectGone, expectInKong, expectProgrammed } from "./end-state.ts";
import { addForeign } from "./foreign.ts";
import { killAt, MOMENTS, type KillPoint } from "./kill-point.ts";
import { differences, rowsOf, stateOf, type KongRows, type KongState } from "./kong-state.ts";
import { manyObjects, MANY, MANY_ENTITIES } from "./objects.ts";
import { chooseSeed, seededRandom } from "./random.ts";
import { crash, Scene } from "./scene.ts";
import { inParallel } from "./waiting.ts";

const IS_FULL = process.env["KJO_FAULT_FULL"] === "1";
const SEED = chooseSeed();
const WRITES = Array.from({ length: 11 }, (_, power) => 2 ** power);
const TIMES = 20;

/** Each write with all moments in a full run, else with one after the other. */
const POINTS: readonly KillPoint[] = WRITES.flatMap((write, index) =>
  MOMENTS.filter((_, at) => IS_FULL || at === index % MOMENTS.length).map((moment) => ({ write, moment })),
);

/*
 * The objects stay in the cluster between the rounds and the gateway is emptied, so that a round costs two starts of the
 * operator and one sync. Statuses are waited for at the beginning and at the end only: they take longer than the sync.
 */
describe(`fault: the operator is killed while it syncs ${MANY} objects (KJO_FAULT_SEED=${SEED})`, () => {
  let scene: Scene;
  let foreign: KongRows;
  let afterCrashes: KongState;
  let expected: KongState;
  /** From the start of the operator to the last write. */
  let syncMs: number;

  before(async function () {
    const controlPlane = await controlPlaneOrSkip(this);
    this.timeout(5 * 60_000);
    const full = IS_FULL ? "" : ` (${WRITES.length * MOMENTS.length} with KJO_FAULT_FULL=1)`;
    console.info(`    ${POINTS.length} points counted by writes${full} and ${TIMES} by time, seed ${SEED}`);
    scene = await Scene.open(controlPlane, "sync");
    await addForeign(scene.kong);
    foreign = rowsOf(scene.kong.store);
    await scene.create(manyObjects());
  });

  after(async function () {
    this.timeout(2 * 60_000);
    await scene?.close();
  });

  function emptyKong(): void {
    scene.kong.store.replaceAll(foreign);
    scene.kong.resetCounts();
  }

  /** Another operator finds what the dead one left, and makes the same of it as if nothing had happened. */
  async function recover(): Promise<OperatorProcess> {
    scene.kong.faults.clear();
    const operator = await scene.operator();
    await expectInKong(scene, operator, expected);
    return operator;
  }

  it("is killed again and again from the first finalizer to the last status, and all are Programmed", async function () {
    this.timeout(5 * 60_000);
    const random = seededRandom(SEED);
    for (let lives = 4; lives > 0; lives -= 1) {
      const lifeMs = 500 + random() * 3_000;
      await scene.killedOperator((kill) => setTimeout(kill, lifeMs));
    }
    const operator = await scene.operator();
    await expectProgrammed(scene);
    await operator.stop();
    afterCrashes = stateOf(scene.kong.store);
  });

  it("is not killed, for comparison: one write an entity, and the same end", async () => {
    await inParallel(await scene.objects(), ({ kind, metadata }) =>
      scene.patch(kind, metadata.name, { status: null }, "status"),
    );
    emptyKong();
    const operator = await scene.operator();
    await expectInKong(scene, operator, afterCrashes);
    expected = stateOf(scene.kong.store);
    assert.equal(expected.size, MANY_ENTITIES + foreign.length);
    assert.equal(scene.kong.count("writes"), MANY_ENTITIES);
    await crash(operator);
  });

  for (const point of POINTS) {
    it(`is killed at write ${point.write}, ${point.moment}`, async () => {
      emptyKong();
      await scene.killedOperator((kill) => killAt(scene.kong, point, kill));
      await crash(await recover());
    });
  }

  it("takes its time when it is not killed", async () => {
    emptyKong();
    const startedAt = performance.now();
    const operator = await recover();
    syncMs = performance.now() - startedAt;
    await crash(operator);
  });

  const random = seededRandom(SEED + 1);
  for (const share of Array.from({ length: TIMES }, () => random())) {
    it(`is killed after ${(100 * share).toFixed(1)} % of the time that a sync takes`, async () => {
      emptyKong();
      await scene.killedOperator((kill) => setTimeout(kill, share * syncMs));
      await crash(await recover());
    });
  }

  it("has every object Programmed in the end", async () => {
    const operator = await recover();
    await expectProgrammed(scene);
    assert.deepEqual(differences(expected, stateOf(scene.kong.store)), []);
    await operator.stop();
  });

  it("is killed again and again while all objects are deleted, and leaves only what others made", async function () {
    this.timeout(5 * 60_000);
    await inParallel(await scene.objects(), ({ kind, metadata }) => scene.delete(kind, metadata.name));
    // Together fewer writes than there are to be made.
    const writes = WRITES.slice(0, 9).filter((_, index) => IS_FULL || index % 2 === 0);
    for (const [index, write] of writes.entries()) {
      const moment = MOMENTS[index % MOMENTS.length]!;
      await scene.killedOperator((kill) => killAt(scene.kong, { write, moment }, kill));
      scene.kong.faults.clear();
    }
    const operator = await scene.operator();
    await expectGone(scene);
    const left = stateOf(scene.kong.store);
    emptyKong();
    assert.deepEqual(differences(stateOf(scene.kong.store), left), []);
    await operator.stop();
  });
});
