import type { KongEntityType, KongOperation } from "../model/kong-entity.ts";
import type { PlannedOperation } from "../plan/kong.ts";
import { concernsGateway } from "./writer.ts";

export interface Failure {
  readonly operation: KongOperation;
  readonly error: unknown;
}

export interface Applied {
  readonly done: readonly KongOperation[];
  readonly failures: readonly Failure[];
}

/**
 * Carries out a plan: each operation as soon as those that it needs have succeeded, independent ones at the same time.
 * Entities of a type go only after those that come have been dealt with, so that a rotated credential leaves no gap.
 * A refused entity stops only what needs it; an unreachable gateway stops the rest.
 */
export async function applyPlan(
  plan: readonly PlannedOperation[],
  write: (operation: KongOperation) => Promise<void>,
): Promise<Applied> {
  const done: KongOperation[] = [];
  const failures: Failure[] = [];
  let isStopped = false;

  const run = async (
    operation: PlannedOperation,
    needs: readonly Promise<boolean>[],
    before: Promise<unknown> | undefined,
  ): Promise<boolean> => {
    const succeeded = await Promise.all(needs);
    await before;
    if (isStopped || succeeded.includes(false)) return false;
    try {
      await write(operation);
      done.push(operation);
      return true;
    } catch (error) {
      isStopped ||= concernsGateway(error);
      failures.push({ operation, error });
      return false;
    }
  };

  const ends: Promise<boolean>[] = [];
  const arrivals = new Map<KongEntityType, Promise<unknown>>();
  for (const operation of plan) {
    const { type } = operation.entity;
    const needs = operation.after.flatMap((index) => ends[index] ?? []);
    const end = run(operation, needs, operation.action === "delete" ? arrivals.get(type) : undefined);
    ends.push(end);
    if (operation.action !== "delete") arrivals.set(type, Promise.all([arrivals.get(type), end]));
  }
  await Promise.all(ends);
  return { done, failures };
}
