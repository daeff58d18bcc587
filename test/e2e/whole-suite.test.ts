import assert from "node:assert/strict";
import { isOfThisRun } from "./setup-run.ts";
import { secretValues } from "./setup-scene.ts";
import { findInKong } from "./setup-sweep.ts";
import { env } from "./setup.ts";

// Named so that it comes last: what all the other files did is looked at here.
describe("e2e: the whole suite", () => {
  it("left what others had in Kong exactly as it was, timestamps included", async () => {
    assert.deepEqual(await env().foreign.now(), env().foreign.before);
  });

  it("left nothing in Kong that carries the operator's marks", async () => {
    const found = await findInKong(env().kong, (text) => text.startsWith("kjo.instance:") && isOfThisRun(text));
    assert.equal(found.length, 0, found.slice(0, 10).join(", "));
  });

  it("met no bug: no reconcile ended in an error that has no class", async () => {
    assert.equal(await env().operator.countBugs(), 0);
  });

  it("showed no value of a Secret in the operator's log", async () => {
    const log = await env().operator.readLog();
    assert.ok(log.length > 0);
    // Not the values themselves: a failure is printed.
    const shown = [...secretValues].filter((value) => log.includes(value)).length;
    assert.equal(shown, 0, `${shown} of ${secretValues.size} secret values`);
  });
});
