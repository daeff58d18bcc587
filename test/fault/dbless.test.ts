import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { controlPlaneOrSkip } from "../controlplane/suite.ts";
import type { OperatorProcess } from "../dev/operator-process.ts";
import { htmlPage, serverError, tooManyRequests, type FaultAction } from "../doubles/kong/faults.ts";
import { expectGone, expectInKong, expectProgrammed } from "./end-state.ts";
import { isWrite, killAt, MOMENTS } from "./kill-point.ts";
import { sizeOf, stateOf, type KongState } from "./kong-state.ts";
import { fewObjects } from "./objects.ts";
import { chooseSeed, seededRandom } from "./random.ts";
import { crash, Scene } from "./scene.ts";
import { inParallel, until } from "./waiting.ts";

const SEED = chooseSeed();
/** Lives of an operator that end at a moment of their own. */
const KILLS = 8;
const RESTARTS = 5;
/** Loads that go wrong one after the other. */
const FAILING = 3;
const CHANGED = "route-0";

const FAULTS: readonly { readonly title: string; readonly action: FaultAction }[] = [
  { title: "resets connections before it loads", action: { kind: "reset" } },
  { title: "loads, and resets the connection instead of an answer", action: { kind: "lose-answer" } },
  {
    title: "is still busy with another load: 429 with Retry-After",
    action: { kind: "answer", response: tooManyRequests(1) },
  },
  { title: "answers 500", action: { kind: "answer", response: serverError(500) } },
  {
    title: "stands behind a proxy that answers 502 in HTML",
    action: { kind: "answer", response: htmlPage(502, "No") },
  },
];

describe(`fault: a gateway without a database (KJO_FAULT_SEED=${SEED})`, () => {
  const random = seededRandom(SEED);
  let scene: Scene;
  let operator: OperatorProcess;
  /** What the objects ask for, as the gateway holds it. */
  let expected: KongState;
  /** From the start of the operator to the end of its first load. */
  let syncMs = 0;
  let changes = 0;

  before(async function () {
    const controlPlane = await controlPlaneOrSkip(this);
    this.timeout(3 * 60_000);
    scene = await Scene.open(controlPlane, "dbless", {}, { dbless: true });
    operator = await scene.operator();
    await scene.create(fewObjects());
    await expectProgrammed(scene);
    expected = stateOf(scene.kong.store);
  });

  after(() => scene?.close());
  afterEach(() => scene.kong.faults.clear());

  /** What a restart leaves of a gateway that has no database. */
  async function emptyKong(): Promise<void> {
    const response = await fetch(`${scene.kong.adminUrl}/config`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ _format_version: "3.0" }),
    });
    assert.equal(response.status, 201, await response.text());
    assert.equal(sizeOf(scene.kong.store), 0);
  }

  /** Gives a route another path, and expects that of the gateway. */
  async function change(): Promise<void> {
    const paths = [`/changed-${++changes}`];
    await scene.patch("KongRoute", CHANGED, { spec: { paths } });
    expected = new Map(
      [...expected].map(([key, fields]) => [
        key,
        fields["name"] === `${scene.namespace}.${CHANGED}` ? { ...fields, paths } : fields,
      ]),
    );
  }

  async function recover(): Promise<void> {
    scene.kong.faults.clear();
    operator = await scene.operator();
    await expectInKong(scene, operator, expected);
  }

  for (const moment of MOMENTS) {
    it(`fills an empty gateway though the operator is killed at its load, ${moment}`, async () => {
      await crash(operator);
      await emptyKong();
      await scene.killedOperator((kill) => killAt(scene.kong, { write: 1, moment }, kill));
      await recover();
    });

    it(`takes up a change though the operator is killed at its load, ${moment}`, async () => {
      await crash(operator);
      await change();
      await scene.killedOperator((kill) => killAt(scene.kong, { write: 1, moment }, kill));
      await recover();
    });
  }

  it("loads nothing when it starts and all is there", async () => {
    await crash(operator);
    scene.kong.resetCounts();
    await recover();
    assert.equal(scene.kong.count("writes"), 0);
  });

  it("takes its time when it is not killed", async () => {
    await crash(operator);
    await emptyKong();
    const startedAt = performance.now();
    await recover();
    syncMs = performance.now() - startedAt;
  });

  for (const share of Array.from({ length: KILLS }, () => random())) {
    it(`fills an empty gateway though the operator is killed after ${(100 * share).toFixed(1)} % of that`, async () => {
      await crash(operator);
      await emptyKong();
      await scene.killedOperator((kill) => setTimeout(kill, share * syncMs));
      await recover();
    });
  }

  for (const { title, action } of FAULTS) {
    it(`comes to its end with a gateway that ${title}`, async function () {
      this.timeout(2 * 60_000);
      let met = 0;
      const when = ({ method }: { method: string }): boolean => isWrite(method) && ++met > 0;
      scene.kong.faults.add({ action, when, times: FAILING });
      await change();
      await expectInKong(scene, operator, expected);
      await expectProgrammed(scene);
      assert.ok(met > 0, "no load met the fault");
    });
  }

  it(`fills a gateway that restarts empty ${RESTARTS} times, while objects change`, async function () {
    this.timeout(2 * 60_000);
    for (let round = 0; round < RESTARTS; round++) {
      await change();
      await sleep(random() * 600);
      await emptyKong();
      await until("the gateway is filled again", () => sizeOf(scene.kong.store) === expected.size, 10_000);
    }
    await expectInKong(scene, operator, expected);
    await expectProgrammed(scene);
  });

  it("is killed again and again while all objects are deleted, and leaves nothing", async function () {
    this.timeout(3 * 60_000);
    await crash(operator);
    await inParallel(await scene.objects(), ({ kind, metadata }) => scene.delete(kind, metadata.name));
    for (const moment of MOMENTS) {
      await scene.killedOperator((kill) => killAt(scene.kong, { write: 1, moment }, kill));
      scene.kong.faults.clear();
    }
    operator = await scene.operator();
    await expectGone(scene);
    assert.equal(sizeOf(scene.kong.store), 0);
  });
});
