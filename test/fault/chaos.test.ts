import { controlPlaneOrSkip } from "../controlplane/suite.ts";
import type { OperatorProcess } from "../dev/operator-process.ts";
import { htmlPage, serverError, tooManyRequests, type FaultAction } from "../doubles/kong/faults.ts";
import { expectGone, expectInKong, expectProgrammed } from "./end-state.ts";
import { addForeign } from "./foreign.ts";
import { isWrite } from "./kill-point.ts";
import { stateOf, type KongState } from "./kong-state.ts";
import { fewObjects } from "./objects.ts";
import { chooseSeed, seededRandom } from "./random.ts";
import { crash, Scene } from "./scene.ts";
import { inParallel } from "./waiting.ts";

const SEED = chooseSeed();
const ROUNDS = process.env["KJO_FAULT_FULL"] === "1" ? 20 : 2;
const TIMEOUT_MS = 1_000;
/** Of all writes, and of all reads: a look at the gateway is dozens of reads, and begins anew when one of them fails. */
const FAILING_WRITES = 0.2;
const FAILING_READS = 0.02;

const ACTIONS: readonly FaultAction[] = [
  { kind: "reset" },
  { kind: "lose-answer" },
  { kind: "stall", ms: TIMEOUT_MS / 4 },
  // Carried out after it has been given up: perhaps after what was sent later.
  { kind: "stall", ms: 2 * TIMEOUT_MS },
  { kind: "answer", response: tooManyRequests(1) },
  { kind: "answer", response: serverError(500) },
  { kind: "answer", response: htmlPage(503, "Service Unavailable") },
];

/** Each fault by itself is in gateway-faults.test.ts; here they meet each other, and a crash. */
describe(`fault: anything goes wrong at any time (KJO_FAULT_SEED=${SEED})`, () => {
  let scene: Scene;
  let operator: OperatorProcess;
  let created: KongState;
  let changed: KongState;
  let empty: KongState;

  before(async function () {
    scene = await Scene.open(await controlPlaneOrSkip(this), "chaos", {
      adminApi: { timeoutMs: TIMEOUT_MS },
      drift: { intervalSeconds: 2 },
    });
    await addForeign(scene.kong);
    empty = stateOf(scene.kong.store);
    operator = await scene.operator();
    created = await tell(() => scene.create(fewObjects()));
    changed = await tell(change);
    await deleteAll();
    await expectInKong(scene, operator, empty);
  });

  after(() => scene?.close());
  afterEach(() => scene.kong.faults.clear());

  /** What the gateway holds after this, undisturbed. */
  async function tell(chapter: () => Promise<unknown>): Promise<KongState> {
    await chapter();
    await expectProgrammed(scene);
    return stateOf(scene.kong.store);
  }

  async function change(): Promise<void> {
    await inParallel([...(await scene.list("KongRoute"))], ({ metadata }) =>
      scene.patch("KongRoute", metadata.name, { spec: { paths: [`/changed/${metadata.name}`], strip_path: false } }),
    );
    await scene.patch("KongUpstream", "pool-0", { spec: { targets: [{ target: "10.9.9.9:80" }] } });
    await scene.patch("Secret", "key-0", { stringData: { key: "another-key" } });
    await scene.delete("KongPluginBinding", "limit-1");
  }

  async function deleteAll(): Promise<void> {
    await inParallel(await scene.objects(), ({ kind, metadata }) => scene.delete(kind, metadata.name));
    const secrets = fewObjects().filter(({ kind }) => kind === "Secret");
    await inParallel(secrets, ({ metadata }) => scene.delete("Secret", metadata.name));
    await expectGone(scene);
  }

  /** From now on some requests fail, each in its own way. */
  function unleash(random: () => number): void {
    const isHit = ({ method }: { method: string }): boolean =>
      random() < (isWrite(method) ? FAILING_WRITES : FAILING_READS) / ACTIONS.length;
    for (const action of ACTIONS) scene.kong.faults.add({ action, when: isHit });
  }

  for (let round = 1; round <= ROUNDS; round += 1) {
    it(`and yet everything comes to its end, round ${round}`, async function () {
      this.timeout(5 * 60_000);
      const random = seededRandom(SEED + round);
      unleash(random);
      await scene.create(fewObjects());
      setTimeout(() => operator.child.signal("SIGKILL"), random() * 3_000);
      await operator.child.exited;
      operator = await scene.operator();
      await expectInKong(scene, operator, created);
      await change();
      await expectInKong(scene, operator, changed);
      await crash(operator);
      operator = await scene.operator();
      await deleteAll();
      scene.kong.faults.clear();
      await expectInKong(scene, operator, empty);
    });
  }
});
