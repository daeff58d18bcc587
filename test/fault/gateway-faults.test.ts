import assert from "node:assert/strict";
import { controlPlaneOrSkip } from "../controlplane/suite.ts";
import type { OperatorProcess } from "../dev/operator-process.ts";
import { htmlPage, serverError, tooManyRequests, type FaultAction } from "../doubles/kong/faults.ts";
import { expectGone, expectInKong, expectProgrammed } from "./end-state.ts";
import { addForeign } from "./foreign.ts";
import { isWrite } from "./kill-point.ts";
import { rowsOf, sizeOf, stateOf, type KongRows, type KongState } from "./kong-state.ts";
import { custom, fewObjects } from "./objects.ts";
import { crash, Scene } from "./scene.ts";
import { inParallel, until } from "./waiting.ts";

const TIMEOUT_MS = 1_000;
/** Writes that go wrong, and reads: of these fewer, for each is waited out with backoff before the next is tried. */
const WRITES = 12;
const READS = 2;
/** Longest round of the table: some backoffs on a busy machine. */
const ROUND_MS = 3 * 60_000;

const FAULTS: readonly { readonly title: string; readonly action: FaultAction }[] = [
  { title: "resets connections before it applies", action: { kind: "reset" } },
  { title: "applies, and resets the connection instead of an answer", action: { kind: "lose-answer" } },
  { title: "stalls for longer than the timeout", action: { kind: "stall", ms: 3 * TIMEOUT_MS } },
  { title: "answers 429 with Retry-After", action: { kind: "answer", response: tooManyRequests(1) } },
  { title: "answers 500", action: { kind: "answer", response: serverError(500) } },
  { title: "stands behind a proxy that answers 502 in HTML", action: answer(502, "Bad Gateway") },
  { title: "stands behind a proxy that answers 404 in HTML", action: answer(404, "Not Found") },
  { title: "stands behind a proxy that answers 200 in HTML", action: answer(200, "Welcome") },
];

function answer(status: number, title: string): FaultAction {
  return { kind: "answer", response: htmlPage(status, title) };
}

describe("fault: a gateway that fails for a while", () => {
  let scene: Scene;
  let operator: OperatorProcess;
  let foreign: KongRows;
  /** Of {@link fewObjects} on a gateway without faults. */
  let expected: KongState;
  let empty: KongState;

  before(async function () {
    scene = await Scene.open(await controlPlaneOrSkip(this), "gateway", { adminApi: { timeoutMs: TIMEOUT_MS } });
    await addForeign(scene.kong);
    foreign = rowsOf(scene.kong.store);
    empty = stateOf(scene.kong.store);
    operator = await scene.operator();
    await scene.create(fewObjects());
    await expectProgrammed(scene);
    expected = stateOf(scene.kong.store);
    await deleteAll();
  });

  after(() => scene?.close());
  afterEach(() => scene.kong.faults.clear());

  async function deleteAll(): Promise<void> {
    await inParallel(await scene.objects(), ({ kind, metadata }) => scene.delete(kind, metadata.name));
    await expectGone(scene);
    await inParallel(fewObjects(), ({ kind, metadata }) =>
      kind === "Secret" ? scene.delete(kind, metadata.name) : Promise.resolve(),
    );
  }

  for (const { title, action } of FAULTS) {
    it(`that ${title} is configured, read and cleared all the same`, async function () {
      this.timeout(ROUND_MS);
      const failingWrites = { action, when: isWriteRequest, times: WRITES };
      scene.kong.faults.add(failingWrites);
      await scene.create(fewObjects());
      await expectInKong(scene, operator, expected);
      await expectProgrammed(scene);

      await crash(operator);
      scene.kong.store.replaceAll(foreign);
      scene.kong.faults.add({ action, times: READS });
      operator = await scene.operator();
      await expectInKong(scene, operator, expected);

      scene.kong.faults.add(failingWrites);
      await deleteAll();
      await expectInKong(scene, operator, empty);
    });
  }

  it("that applies without an answer keeps nothing of an object that was deleted before one came", async () => {
    scene.kong.faults.add({ action: { kind: "lose-answer" }, when: isWriteRequest });
    await scene.create([custom("KongService", "brief", { host: "brief.test" })]);
    await until("it is in Kong", () => sizeOf(scene.kong.store) > empty.size);
    await scene.delete("KongService", "brief");
    await until("it has left Kong", () => sizeOf(scene.kong.store) === empty.size);
    scene.kong.faults.clear();
    await expectGone(scene);
    await expectInKong(scene, operator, empty);
  });

  it("that asks for a pause with 429 gets one", async () => {
    const pauseMs = 3_000;
    const refuse = { kind: "answer", response: tooManyRequests(pauseMs / 1_000) } as const;
    scene.kong.resetCounts();
    const relent = scene.kong.faults.add({ action: refuse });
    setTimeout(relent, 0.8 * pauseMs);
    await scene.create(fewObjects());
    await expectInKong(scene, operator, expected);
    const requests = scene.kong.requests;
    const refused = requests.find(({ status }) => status === 429)!;
    // What was under way when the refusal came is not held against the operator.
    const graceMs = 500;
    const early = requests.filter(({ atMs }) => atMs > refused.atMs + graceMs && atMs < refused.atMs + pauseMs);
    assert.deepEqual(early, []);
    await deleteAll();
  });
});

describe("fault: a write that reaches the gateway after its object has gone", () => {
  let scene: Scene;

  before(async function () {
    scene = await Scene.open(await controlPlaneOrSkip(this), "late", {
      adminApi: { timeoutMs: 500 },
      drift: { intervalSeconds: 2 },
    });
    await scene.operator();
  });

  after(() => scene?.close());

  it("leaves an orphan, which the next look at the gateway removes", async () => {
    const arrive = scene.kong.faults.add({ action: { kind: "stall", ms: 120_000 }, when: isWriteRequest, times: 1 });
    await scene.create([custom("KongService", "brief", { host: "brief.test" })]);
    await expectProgrammed(scene);
    await scene.delete("KongService", "brief");
    await expectGone(scene);
    assert.equal(stateOf(scene.kong.store).size, 0);
    arrive();
    await until("the late write is applied", () => stateOf(scene.kong.store).size === 1);
    await until("the orphan is removed", () => stateOf(scene.kong.store).size === 0);
  });
});

function isWriteRequest({ method }: { readonly method: string }): boolean {
  return isWrite(method);
}
