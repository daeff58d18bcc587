import assert from "node:assert/strict";
import { KongUnavailableError } from "../../../src/errors.ts";
import { applyPlan } from "../../../src/kong/apply.ts";
import { RequestGate } from "../../../src/kong/request-gate.ts";
import type { KongAction, KongEntityType } from "../../../src/model/kong-entity.ts";
import type { PlannedOperation } from "../../../src/plan/kong.ts";
import { keyOf } from "./rig.ts";

function operation(action: KongAction, type: KongEntityType, id: string, after: number[] = []): PlannedOperation {
  return { action, changes: [], after, entity: { type, id, fields: {}, part: "", owner: keyOf("KongService", "s") } };
}

/** Runs a plan whose writes end when the test says so, or fail. */
async function run(
  plan: PlannedOperation[],
  failing: Record<string, Error> = {},
): Promise<{ log: string[]; done: string[]; failed: string[] }> {
  const log: string[] = [];
  const { done, failures } = await applyPlan(plan, async ({ entity: { id } }) => {
    log.push(`begin ${id}`);
    await new Promise((resolve) => setImmediate(resolve));
    if (failing[id]) throw failing[id];
    log.push(`end ${id}`);
  });
  return {
    log,
    done: done.map(({ entity }) => entity.id),
    failed: failures.map(({ operation: { entity } }) => entity.id),
  };
}

describe("kong/apply", () => {
  it("begins an operation when those that it needs have ended, and independent ones at once", async () => {
    const { log } = await run([
      operation("create", "services", "s"),
      operation("create", "routes", "a", [0]),
      operation("create", "routes", "b", [0]),
    ]);
    assert.deepEqual(log.slice(0, 4), ["begin s", "end s", "begin a", "begin b"]);
  });

  it("leaves out what needs a failed operation, and does the rest", async () => {
    const plan = [
      operation("create", "services", "s"),
      operation("create", "routes", "r", [0]),
      operation("create", "consumers", "c"),
    ];
    const { done, failed } = await run(plan, { s: new Error("refused") });
    assert.deepEqual([done, failed], [["c"], ["s"]]);
  });

  it("deletes entities of a type after the new ones have been dealt with, also where one was refused", async () => {
    const plan = [
      operation("create", "targets", "new"),
      operation("create", "targets", "bad"),
      operation("delete", "targets", "old"),
    ];
    const { log, done } = await run(plan, { bad: new Error("refused") });
    assert.deepEqual(log, ["begin new", "begin bad", "end new", "begin old", "end old"]);
    assert.deepEqual(done, ["new", "old"]);
  });

  it("stops the rest where the gateway cannot be reached", async () => {
    const plan = [
      operation("create", "services", "s"),
      operation("create", "consumers", "c"),
      operation("delete", "consumers", "old"),
    ];
    const { log } = await run(plan, { s: new KongUnavailableError("ConnectionRefused", "x") });
    assert.ok(!log.includes("begin old"));
  });
});

describe("kong/request-gate", () => {
  it("lets no more run than its limit, writes before lists, each in its order", async () => {
    const gate = new RequestGate(1);
    const log: string[] = [];
    const work = (name: string) => async (): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      log.push(name);
    };
    await Promise.all([
      gate.run("read", work("first")),
      gate.run("read", work("list 1")),
      gate.run("read", work("list 2")),
      gate.run("write", work("write 1")),
      gate.run("soon", work("read for a write")),
      gate.run("write", work("write 2")),
    ]);
    assert.deepEqual(log, ["first", "write 1", "read for a write", "write 2", "list 1", "list 2"]);
  });

  it("counts the writes that wait or run, and tells when there are none left", async () => {
    let idle = 0;
    const gate = new RequestGate(1, () => idle++);
    const all = [1, 2, 3].map(() => gate.run("write", () => new Promise((resolve) => setImmediate(resolve))));
    assert.equal(gate.writes, 3);
    await Promise.all(all);
    assert.deepEqual([gate.writes, idle], [0, 1]);
  });

  it("goes on after a failure", async () => {
    const gate = new RequestGate(1);
    await assert.rejects(gate.run("write", () => Promise.reject(new Error("x"))));
    assert.equal(await gate.run("write", () => Promise.resolve("y")), "y");
  });

  it("takes up a higher limit at once", async () => {
    const gate = new RequestGate(1);
    let running = 0;
    const all = [1, 2, 3].map(() =>
      gate.run("read", async () => {
        running++;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }),
    );
    gate.limit = 3;
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(running, 3);
    await Promise.all(all);
  });
});
