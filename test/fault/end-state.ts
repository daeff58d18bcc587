import assert from "node:assert/strict";
import type { KongObject } from "../../src/controllers/caches.ts";
import type { OperatorProcess } from "../dev/operator-process.ts";
import { differences, sizeOf, stateOf, type KongState } from "./kong-state.ts";
import { busyKeys, fetchMetrics, sumOf } from "./operator-metrics.ts";
import type { Scene } from "./scene.ts";
import { until } from "./waiting.ts";

/**
 * Waits until the gateway holds exactly this and the operator has nothing left to do; so there is no duplicate (it would
 * be too much), no orphan and no loss.
 * @throws AssertionError with what differs
 */
export async function expectInKong(scene: Scene, operator: OperatorProcess, expected: KongState): Promise<void> {
  const { store } = scene.kong;
  const isReached = (): boolean =>
    sizeOf(store) === expected.size && differences(expected, stateOf(store)).length === 0;
  await until("the gateway holds what it should", isReached).catch((error: unknown) => {
    const lines = differences(expected, stateOf(store));
    const shown = [...lines.slice(0, 10), `${lines.length} differences`, ...operator.child.lastLines().slice(-10)];
    throw new assert.AssertionError({ message: `${(error as Error).message}\n${shown.join("\n")}` });
  });
  await untilIdle(operator);
  assert.deepEqual(differences(expected, stateOf(store)), []);
}

/** Waits until no key is worked on, and checks that none ended with a bug. */
export async function untilIdle({ url }: OperatorProcess): Promise<void> {
  await until("the operator is idle", async () => busyKeys(await fetchMetrics(url)) === 0);
  assert.equal(sumOf(await fetchMetrics(url), "kjo_reconcile_bugs_total"), 0, "reconciles that ended with a bug");
}

/** Waits until every object of the scene is Programmed and Ready at its present generation. */
export async function expectProgrammed(scene: Scene): Promise<void> {
  let late: readonly string[] = [];
  const isReached = async (): Promise<boolean> => {
    late = (await scene.objects()).filter((object) => !isProgrammed(object)).map(describe);
    return late.length === 0;
  };
  await until("every object is Programmed", isReached, 120_000).catch((error: unknown) => {
    throw new assert.AssertionError({ message: [(error as Error).message, ...late.slice(0, 10)].join("\n") });
  });
}

/** Waits until no object but KongGateways is left: every finalizer has gone. */
export async function expectGone(scene: Scene): Promise<void> {
  let left: readonly KongObject[] = [];
  const isReached = async (): Promise<boolean> => {
    left = await scene.objects();
    return left.length === 0;
  };
  await until("every object is gone", isReached, 120_000).catch((error: unknown) => {
    const shown = left.slice(0, 10).map(describe);
    throw new assert.AssertionError({
      message: [`${(error as Error).message}; ${left.length} left`, ...shown].join("\n"),
    });
  });
}

function isProgrammed({ metadata, status }: KongObject): boolean {
  return ["Programmed", "Ready"].every((wanted) => {
    const condition = status?.conditions?.find(({ type }) => type === wanted);
    return condition?.status === "True" && condition.observedGeneration === metadata.generation;
  });
}

function describe({ kind, metadata, status }: KongObject): string {
  return `${kind} ${metadata.name}: ${JSON.stringify(status?.conditions ?? "no conditions")}`;
}
