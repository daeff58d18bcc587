import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { LEASE, type KubeObject } from "../../src/kube/resource.ts";
import { controlPlaneOrSkip } from "../controlplane/suite.ts";
import type { OperatorProcess } from "../dev/operator-process.ts";
import { expectProgrammed, untilIdle } from "./end-state.ts";
import { killAt } from "./kill-point.ts";
import { stateOf } from "./kong-state.ts";
import { objectsOf } from "./objects.ts";
import { Scene } from "./scene.ts";
import { inParallel, until } from "./waiting.ts";

const SERVICES = 100;
const OBJECTS = objectsOf({ upstreams: 0, services: SERVICES, routes: SERVICES, plugins: 0, consumers: 0 });
/** How long a Lease counts after its last renewal, and how long another then needs at most on a busy machine. */
const LEASE_MS = 15_000;
const TAKE_OVER_MS = LEASE_MS + 15_000;

describe("fault: the leader goes while its replica stands by", () => {
  let scene: Scene;
  const replicas = new Map<string, OperatorProcess>();

  before(async function () {
    scene = await Scene.open(await controlPlaneOrSkip(this), "leader");
  });

  after(() => scene?.close());
  afterEach(() => scene.kong.faults.clear());

  async function start(identity: string): Promise<OperatorProcess> {
    const replica = await scene.operator({ args: [`--identity=${identity}`] });
    replicas.set(identity, replica);
    return replica;
  }

  async function leader(): Promise<string> {
    const ref = { namespace: scene.namespace, name: "kong-jenkins-operator" };
    const lease = await scene.client.get<KubeObject & { spec: { holderIdentity?: string } }>(LEASE, ref);
    return lease.spec.holderIdentity ?? "";
  }

  const untilLeading = (identity: string): Promise<void> =>
    until(`${identity} leads`, async () => (await leader().catch(() => "")) === identity, TAKE_OVER_MS);

  async function changeServices(host: string): Promise<void> {
    await inParallel(await scene.list("KongService"), ({ metadata }) =>
      scene.patch("KongService", metadata.name, { spec: { host } }),
    );
  }

  /** Services in Kong that have this host. */
  function withHost(host: string): number {
    return [...stateOf(scene.kong.store).values()].filter((fields) => fields["host"] === host).length;
  }

  it("by SIGTERM in the middle of a sync: the other goes on at once, and nothing is written twice", async () => {
    const first = await start("first");
    await untilLeading("first");
    const second = await start("second");
    killAt(scene.kong, { write: SERVICES / 2, moment: "before its answer" }, () => first.child.signal("SIGTERM"));
    await scene.create(OBJECTS);
    assert.deepEqual(await first.child.exited, { code: 0, signal: null });
    const goneAt = performance.now();
    await untilLeading("second");
    const waitedMs = performance.now() - goneAt;
    assert.ok(waitedMs < LEASE_MS / 2, `the Lease was not given back: ${waitedMs} ms`);
    await expectProgrammed(scene);
    await untilIdle(second);
    assert.equal(stateOf(scene.kong.store).size, OBJECTS.length);
    assert.equal(scene.kong.count("writes"), OBJECTS.length);
  });

  it("by SIGKILL in the middle of a sync: the other goes on when the Lease has run out", async () => {
    const third = await start("third");
    killAt(scene.kong, { write: SERVICES / 2, moment: "before its answer" }, () =>
      replicas.get("second")?.child.signal("SIGKILL"),
    );
    await changeServices("changed.test");
    await untilLeading("third");
    await expectProgrammed(scene);
    await untilIdle(third);
    assert.equal(stateOf(scene.kong.store).size, OBJECTS.length);
    assert.equal(withHost("changed.test"), SERVICES);
  });

  it("by being frozen for longer than its Lease: awake again it writes nothing", async () => {
    const frozen = replicas.get("third")!;
    const fourth = await start("fourth");
    frozen.child.signal("SIGSTOP");
    try {
      await changeServices("changed-while-frozen.test");
      await untilLeading("fourth");
      await until("all is written", () => withHost("changed-while-frozen.test") === SERVICES);
      await expectProgrammed(scene);
      await untilIdle(fourth);
      scene.kong.resetCounts();
    } finally {
      frozen.child.signal("SIGCONT");
    }
    await sleep(3_000);
    assert.equal(scene.kong.count("writes"), 0);
    assert.equal(await leader(), "fourth");
  });
});
