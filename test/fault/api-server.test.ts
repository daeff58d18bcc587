import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { kubeconfigThrough, TcpGate } from "../cluster/tcp-gate.ts";
import { sharedControlPlane, startOwnControlPlane, type ControlPlane } from "../controlplane/control-plane.ts";
import { controlPlaneOrSkip } from "../controlplane/suite.ts";
import type { OperatorProcess } from "../dev/operator-process.ts";
import { expectGone, expectInKong, expectProgrammed, untilIdle } from "./end-state.ts";
import { fetchMetrics, sumOf } from "./operator-metrics.ts";
import { killAt } from "./kill-point.ts";
import { stateOf, type KongState } from "./kong-state.ts";
import { custom, fewObjects, objectsOf } from "./objects.ts";
import { Scene } from "./scene.ts";
import { inParallel, until } from "./waiting.ts";

const SERVICES = objectsOf({ upstreams: 0, services: 100, routes: 100, plugins: 0, consumers: 0 });

describe("fault: the API server dies under the operator", () => {
  let controlPlane: ControlPlane;
  let folder: string;
  let gate: TcpGate;
  let scene: Scene;
  let operator: OperatorProcess;

  before(async function () {
    // Its own one: others must not lose theirs.
    controlPlane = await controlPlaneOrSkip(this, () => startOwnControlPlane());
    folder = await mkdtemp(path.join(tmpdir(), "kjo-fault-crash-"));
    gate = await gateTo(controlPlane);
    scene = await Scene.open(controlPlane, "crash");
    operator = await scene.operator({ kubeconfig: await through(gate, controlPlane, folder) });
    await scene.create(SERVICES);
    await expectProgrammed(scene);
  });

  after(async () => {
    await scene?.close();
    await gate?.stop();
    await controlPlane?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it("and comes back: the operator lives on, and nothing is lost of what it had begun", async () => {
    let restart: Promise<() => Promise<void>> | undefined;
    killAt(scene.kong, { write: 40, moment: "before its answer" }, () => {
      restart = controlPlane.crashApiServer!();
    });
    // What is changed after its death did not happen, as its author is told.
    await inParallel(
      SERVICES.filter(({ kind }) => kind === "KongService"),
      ({ kind, metadata }) =>
        scene.patch(kind, metadata.name, { spec: { host: "changed.test" } }).catch(() => undefined),
    );
    await until("it is dead", () => restart !== undefined);
    await (
      await restart!
    )();
    scene.kong.faults.clear();
    await expectProgrammed(scene);
    assert.ok(operator.child.isRunning());
    await untilIdle(operator);
    const wanted = (await scene.list("KongService")).map(({ spec }) => spec["host"]).toSorted();
    const served = [...stateOf(scene.kong.store).values()].flatMap(({ host }) => (host === undefined ? [] : [host]));
    assert.deepEqual(served.toSorted(), wanted);
    assert.ok(wanted.filter((host) => host === "changed.test").length >= 40);
  });

  it("and has forgotten what happened while the operator was cut off: it lists again and misses no deletion", async () => {
    gate.cut();
    await (
      await controlPlane.crashApiServer!()
    )();
    // By force, as nobody should: the operator is not asked.
    for (const kind of ["KongRoute", "KongService"]) {
      await scene.patch(kind, `${kind.slice(4).toLowerCase()}-99`, { metadata: { finalizers: null } });
      await scene.delete(kind, `${kind.slice(4).toLowerCase()}-99`);
    }
    gate.open();
    await until("what they left is removed", () => stateOf(scene.kong.store).size === SERVICES.length - 2);
    await untilIdle(operator);
    const expired = sumOf(await fetchMetrics(operator.url), "kjo_informer_incidents_total", { incident: "expired" });
    assert.ok(expired > 0, "the watch went on where it was: nothing was put to the test");
  });

  it("and all can be deleted afterwards", async () => {
    await inParallel(await scene.objects(), ({ kind, metadata }) => scene.delete(kind, metadata.name));
    await expectGone(scene);
    assert.equal(stateOf(scene.kong.store).size, 0);
  });
});

describe("fault: the operator is cut off from the API server", () => {
  let scene: Scene;
  let gate: TcpGate;
  let folder: string;
  let operator: OperatorProcess;
  let expected: KongState;

  before(async function () {
    const controlPlane = await controlPlaneOrSkip(this, sharedControlPlane);
    folder = await mkdtemp(path.join(tmpdir(), "kjo-fault-gate-"));
    gate = await gateTo(controlPlane);
    scene = await Scene.open(controlPlane, "gap");
    operator = await scene.operator({ kubeconfig: await through(gate, controlPlane, folder) });
  });

  after(async () => {
    await scene?.close();
    await gate?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it("while objects come, change and go: it sees what has become of them", async () => {
    await scene.create(fewObjects());
    await expectProgrammed(scene);
    gate.cut();
    await scene.create([custom("KongService", "late", { host: "late.test" })]);
    await scene.patch("KongService", "service-5", { spec: { host: "changed.test" } });
    await scene.delete("KongPluginBinding", "limit-0");
    gate.open();
    await until("the deleted one is gone", async () => !(await names("KongPluginBinding")).includes("limit-0"));
    await expectProgrammed(scene);
    await untilIdle(operator);
    const hosts = [...stateOf(scene.kong.store).values()].map(({ host }) => host);
    assert.ok(hosts.includes("changed.test") && hosts.includes("late.test"));
    expected = stateOf(scene.kong.store);
  });

  it("while a Secret goes: its consumer says so, and is well again when the Secret is back", async () => {
    gate.cut();
    await scene.delete("Secret", "key-0");
    gate.open();
    await until("its absence is told", async () => (await reasonOf("KongConsumer", "consumer-0")) === "SecretNotFound");
    await scene.create(fewObjects().filter(({ metadata }) => metadata.name === "key-0"));
    await expectProgrammed(scene);
    await expectInKong(scene, operator, expected);
  });

  it("while a finalizer is taken off by force: what is left in Kong is found and removed", async () => {
    gate.cut();
    await scene.delete("KongService", "late");
    await scene.patch("KongService", "late", { metadata: { finalizers: null } });
    gate.open();
    const left = (): boolean => [...stateOf(scene.kong.store).values()].some(({ host }) => host === "late.test");
    await until("the orphan is removed", () => !left());
    await untilIdle(operator);
    assert.equal(stateOf(scene.kong.store).size, expected.size - 1);
  });

  async function names(kind: string): Promise<string[]> {
    return (await scene.list(kind)).map(({ metadata }) => metadata.name);
  }

  async function reasonOf(kind: string, name: string): Promise<string | undefined> {
    const object = (await scene.list(kind)).find(({ metadata }) => metadata.name === name);
    return object?.status?.conditions?.find(({ type }) => type === "Ready")?.reason;
  }
});

function gateTo({ url }: ControlPlane): Promise<TcpGate> {
  const { hostname, port } = new URL(url);
  return TcpGate.start(hostname, Number(port));
}

function through(gate: TcpGate, { kubeconfig }: ControlPlane, folder: string): Promise<string> {
  return kubeconfigThrough(gate, kubeconfig, path.join(folder, "kubeconfig.yaml"));
}
