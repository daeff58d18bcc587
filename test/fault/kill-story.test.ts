import assert from "node:assert/strict";
import { controlPlaneOrSkip } from "../controlplane/suite.ts";
import type { OperatorProcess } from "../dev/operator-process.ts";
import { expectGone, expectInKong, expectProgrammed } from "./end-state.ts";
import { addForeign } from "./foreign.ts";
import { isWrite, killAt, MOMENTS, type KillPoint } from "./kill-point.ts";
import { stateOf, type KongState } from "./kong-state.ts";
import { custom, secret } from "./objects.ts";
import { Scene } from "./scene.ts";
import { until } from "./waiting.ts";

const IS_FULL = process.env["KJO_FAULT_FULL"] === "1";
/** After the answer of one write is before the next one: only a full run looks at both. */
const TRIED = IS_FULL ? MOMENTS : (["before it is applied", "before its answer"] as const);

const OBJECTS = [
  secret("alice-key", { key: "the-first-key" }),
  custom("KongService", "users", { host: "users.test" }),
  custom("KongRoute", "users", { serviceRef: { name: "users" }, paths: ["/users"] }),
  custom("KongPluginBinding", "limit", {
    plugin: "rate-limiting",
    config: { minute: 5, policy: "local" },
    targets: [{ routeRef: { name: "users" } }],
  }),
  custom("KongConsumer", "alice", { credentials: [{ type: "key-auth", secretRef: { name: "alice-key" } }] }),
];

/** What people do, one chapter after the other. */
const CHAPTERS: readonly { readonly title: string; readonly tell: (scene: Scene) => Promise<unknown> }[] = [
  { title: "create", tell: (scene) => scene.create(OBJECTS) },
  {
    title: "change",
    tell: (scene) =>
      Promise.all([
        scene.patch("Secret", "alice-key", { stringData: { key: "the-second-key" } }),
        scene.patch("KongService", "users", { spec: { host: "members.test" } }),
        scene.patch("KongRoute", "users", { spec: { paths: ["/members"] } }),
        scene.patch("KongPluginBinding", "limit", { spec: { config: { minute: 10 } } }),
        scene.patch("KongConsumer", "alice", { spec: { custom_id: "4711" } }),
      ]),
  },
  {
    title: "delete",
    tell: (scene) => Promise.all(OBJECTS.map(({ kind, metadata }) => scene.delete(kind, metadata.name))),
  },
];

describe("fault: the operator is killed around every write of a small story", () => {
  let scene: Scene;
  let operator: OperatorProcess;
  /** What the gateway holds after each chapter. */
  const expected: KongState[] = [];
  /** How many writes each chapter takes. */
  const writes: number[] = [];

  before(async function () {
    scene = await Scene.open(await controlPlaneOrSkip(this), "story");
    await addForeign(scene.kong);
    operator = await scene.operator();
  });

  after(() => scene?.close());

  async function expectChapter(index: number): Promise<void> {
    await expectInKong(scene, operator, expected[index]!);
    if (index === CHAPTERS.length - 1) await expectGone(scene);
    else await expectProgrammed(scene);
  }

  /** Tells the whole story; in each chapter with so many writes the operator dies around this one. */
  async function tellWithDeaths(write: number, moment: KillPoint["moment"]): Promise<number> {
    let deaths = 0;
    for (const [index, { tell }] of CHAPTERS.entries()) {
      const victim = operator;
      if (write <= writes[index]!) {
        killAt(scene.kong, { write, moment }, () => victim.child.signal("SIGKILL"));
        await tell(scene);
        await until("the operator is killed", () => !victim.child.isRunning());
        scene.kong.faults.clear();
        operator = await scene.operator();
        deaths += 1;
      } else {
        await tell(scene);
      }
      await expectChapter(index);
    }
    return deaths;
  }

  it("is recorded first, undisturbed", async () => {
    const before = stateOf(scene.kong.store);
    for (const [index, { title, tell }] of CHAPTERS.entries()) {
      scene.kong.resetCounts();
      await tell(scene);
      if (title === "delete") await expectGone(scene);
      else await expectProgrammed(scene);
      const recorded = scene.kong.requests.filter(({ method }) => isWrite(method));
      console.info(`      ${title}: ${recorded.map(({ method, path }) => `${method} ${typeIn(path)}`).join(", ")}`);
      expected[index] = stateOf(scene.kong.store);
      writes[index] = recorded.length;
    }
    assert.deepEqual(expected.at(-1), before, "what the story leaves behind");
    assert.deepEqual(writes, [5, 5, 4], "one write an entity, and the credential goes with its consumer");
  });

  it("ends as if nobody had died, whatever the write and the moment", async function () {
    this.timeout(5 * 60_000);
    let points = 0;
    for (let write = 1; write <= Math.max(...writes); write += 1) {
      for (const moment of TRIED) points += await tellWithDeaths(write, moment);
    }
    console.info(`      ${points} points: ${TRIED.join(", ")}${IS_FULL ? "" : " (all three with KJO_FAULT_FULL=1)"}`);
    assert.equal(points, TRIED.length * writes.reduce((sum, count) => sum + count, 0));
  });
});

/** `/consumers/<id>/key-auth/<id>` -> `consumers/key-auth`. */
function typeIn(path: string): string {
  return path
    .split("/")
    .filter((part) => /^[a-z][a-z_-]*$/.test(part))
    .join("/");
}
