import assert from "node:assert/strict";
import { controlPlaneOrSkip } from "../controlplane/suite.ts";
import { startKongDouble, type KongDouble } from "../doubles/kong/double.ts";
import { expectProgrammed } from "./end-state.ts";
import { custom, type TestObject } from "./objects.ts";
import { gateway, Scene } from "./scene.ts";
import { inParallel, until } from "./waiting.ts";

/** More than the operator has workers. */
const HANGING = 300;
const OTHERS = 20;
/** The other gateway's objects are there long before the first request to the hanging one is given up. */
const SOON_MS = 8_000;
const TIMEOUT_MS = 20_000;

describe("fault: a gateway that takes requests and never answers", () => {
  let scene: Scene;
  let hanging: KongDouble;

  before(async function () {
    scene = await Scene.open(await controlPlaneOrSkip(this), "lanes");
    hanging = await startKongDouble();
    await scene.create([gateway("hanging", hanging.adminUrl, { adminApi: { timeoutMs: TIMEOUT_MS } })]);
    await scene.create(services(HANGING, "hanging", { gatewayRef: { name: "hanging" } }));
    await scene.operator();
    await expectProgrammed(scene);
  });

  after(async () => {
    hanging?.faults.clear();
    await scene?.close();
    await hanging?.stop();
  });

  it("delays no object of another gateway, neither its entity nor its status", async () => {
    hanging.faults.add({ action: { kind: "stall", ms: Number.POSITIVE_INFINITY } });
    await inParallel(services(HANGING, "hanging"), ({ kind, metadata }) =>
      scene.patch(kind, metadata.name, { spec: { host: "changed.test" } }),
    );
    const startedAt = performance.now();
    await scene.create(services(OTHERS, "other"));
    await until("the others are in Kong", () => scene.kong.store.table("services").rows.size === OTHERS, TIMEOUT_MS);
    const inKongMs = performance.now() - startedAt;
    await until("the others say so", async () => (await programmed("other")) === OTHERS, 2 * TIMEOUT_MS);
    const toldMs = performance.now() - startedAt;
    assert.ok(inKongMs < SOON_MS, `in Kong after ${inKongMs} ms`);
    assert.ok(toldMs < SOON_MS, `Programmed after ${toldMs} ms`);
  });

  it("gets what it has missed when it answers again", async () => {
    hanging.faults.clear();
    const changed = (): number =>
      [...hanging.store.table("services").rows.values()].filter(({ host }) => host === "changed.test").length;
    await until("all is written", () => changed() === HANGING, 2 * TIMEOUT_MS);
    await expectProgrammed(scene);
  });

  async function programmed(prefix: string): Promise<number> {
    const objects = (await scene.list("KongService")).filter(({ metadata }) => metadata.name.startsWith(prefix));
    return objects.filter(({ status }) =>
      status?.conditions?.some(({ type, status: value }) => type === "Programmed" && value === "True"),
    ).length;
  }
});

function services(count: number, prefix: string, spec: Readonly<Record<string, unknown>> = {}): TestObject[] {
  return Array.from({ length: count }, (_, n) =>
    custom("KongService", `${prefix}-${n}`, { host: `${prefix}-${n}.test`, ...spec }),
  );
}
