import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Verdict, Verification } from "../../../src/model/verification.ts";
import type { ProxyAnswer } from "../../../src/verify/answer.ts";
import { SERVED } from "../../../src/verify/progress.ts";
import { Verifier, type Watched } from "../../../src/verify/verifier.ts";
import { eventually } from "../../e2e/setup-eventually.ts";

const VERIFICATION: Verification = {
  method: "GET",
  path: "/",
  headers: {},
  schemes: ["http"],
  required: false,
  intervalMs: 60_000,
  timeoutMs: 1_000,
  deadlineMs: 0,
};
const WATCHED: Watched = {
  gateway: "KongGateway/a/default",
  verification: VERIFICATION,
  target: () => ({ url: "http://proxy" }),
  proxy: { url: "http://proxy" },
  settleMs: 0,
};
const GOOD: ProxyAnswer = { status: 200, headers: {}, body: "" };
const BAD: ProxyAnswer = { status: 500, headers: {}, body: "" };

/** A verifier whose requests wait until they are answered here. */
function rig() {
  const told: string[] = [];
  const open: { path: string; answer: (answer: ProxyAnswer) => void; aborted: boolean }[] = [];
  const verifier = new Verifier({
    onVerdict: (key, { status, reason }) => told.push(`${key} ${status} ${reason}`),
    probe: ({ path }, _target, signal) =>
      new Promise((resolve, reject) => {
        const asked = { path, answer: resolve, aborted: false };
        signal.addEventListener("abort", () => {
          asked.aborted = true;
          reject(new Error("aborted"));
        });
        open.push(asked);
      }),
    random: () => 0,
  });
  const next = async () => {
    await eventually(() => assert.ok(open.length > 0));
    return open.shift()!;
  };
  return { verifier, told, open, next };
}

describe("verify/verifier", () => {
  it("tells what came of a request, once", async () => {
    const { verifier, told, next } = rig();
    verifier.watch("a", WATCHED, { isWritten: true });
    assert.equal(verifier.verdictOf("a")?.reason, "WaitingForProxy");
    (await next()).answer(GOOD);
    await eventually(() => assert.deepEqual(told, ["a True Served"]));
    await verifier.stop();
  });

  it("asks nothing again for a route that is as it was", async () => {
    const { verifier, open, next } = rig();
    verifier.watch("a", WATCHED, { isWritten: true });
    (await next()).answer(GOOD);
    await eventually(() => assert.equal(verifier.verdictOf("a")?.status, "True"));
    verifier.watch("a", { ...WATCHED, verification: { ...VERIFICATION } }, { isWritten: false, known: SERVED });
    await sleep(50);
    assert.equal(open.length, 0);
    await verifier.stop();
  });

  it("throws away an answer to a request for what the route was before", async () => {
    const { verifier, told, next } = rig();
    verifier.watch("a", WATCHED, { isWritten: true });
    const former = await next();
    verifier.watch("a", { ...WATCHED, verification: { ...VERIFICATION, path: "/new" } }, { isWritten: true });
    const present = await next();
    assert.equal(present.path, "/new");
    present.answer(GOOD);
    await eventually(() => assert.deepEqual(told, ["a True Served"]));
    former.answer(BAD);
    await sleep(20);
    assert.deepEqual(told, ["a True Served"]);
    await verifier.stop();
  });

  it("says nothing of a route that is gone, also when it has come again", async () => {
    const { verifier, told, next } = rig();
    verifier.watch("a", WATCHED, { isWritten: true });
    const former = await next();
    verifier.forget("a");
    verifier.watch("a", WATCHED, { isWritten: true });
    former.answer(GOOD);
    await sleep(20);
    assert.deepEqual(told, []);
    await verifier.stop();
  });

  it("has at most 16 requests of one gateway under way, and no other gateway waits for them", async () => {
    const { verifier, open } = rig();
    for (let index = 0; index < 40; index++) verifier.watch(`a${index}`, WATCHED, { isWritten: true });
    verifier.watch("b", { ...WATCHED, gateway: "KongGateway/b/default" }, { isWritten: true });
    await eventually(() => assert.equal(open.length, 17));
    await sleep(50);
    assert.equal(open.length, 17);
    open[0]!.answer(GOOD);
    await eventually(() => assert.equal(open.length, 18));
    await verifier.stop();
  });

  it("ends requests under way when it is stopped, and tells nothing afterwards", async () => {
    const { verifier, told, next, open } = rig();
    verifier.watch("a", WATCHED, { isWritten: true });
    const asked = await next();
    await verifier.stop();
    assert.ok(asked.aborted);
    verifier.watch("b", WATCHED, { isWritten: true });
    await sleep(30);
    assert.equal(open.length, 0);
    assert.deepEqual(told, []);
  });

  it("asks nothing where it does not know where to, and goes on when it does", async () => {
    const { verifier, told, next, open } = rig();
    const missing: Verdict = { status: "Unknown", reason: "NoProxy", message: "set it" };
    verifier.watch("a", { ...WATCHED, proxy: undefined, target: () => missing }, { isWritten: true });
    await eventually(() => assert.deepEqual(told, ["a Unknown NoProxy"]));
    assert.equal(open.length, 0);
    verifier.watch("a", WATCHED, { isWritten: false });
    (await next()).answer(GOOD);
    await eventually(() => assert.equal(told.at(-1), "a True Served"));
    await verifier.stop();
  });

  it("begins a restart with what has been told before", async () => {
    const { verifier, told, next } = rig();
    verifier.watch("a", WATCHED, { isWritten: false, known: SERVED });
    assert.equal(verifier.verdictOf("a"), SERVED);
    (await next()).answer(GOOD);
    await sleep(20);
    assert.deepEqual(told, []);
    await verifier.stop();
  });
});
