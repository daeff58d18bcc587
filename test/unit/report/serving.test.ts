import assert from "node:assert/strict";
import { conditionsOf } from "../../../src/report/conditions.ts";
import { withServing } from "../../../src/report/serving.ts";
import { assertKstatus, summaryOf } from "./kstatus.ts";

const PROGRAMMED = conditionsOf({ result: "Programmed", fieldsNotSent: [], driftedFields: [] }) ?? [];

/** Verdict, whether it is required, and what becomes of Ready. */
const CASES = [
  ["True Served", false, "True Programmed", undefined],
  ["False NoRouteMatched", false, "True Programmed", undefined],
  ["Unknown WaitingForProxy", false, "True Programmed", undefined],
  ["True Served", true, "True Programmed", undefined],
  ["False NoRouteMatched", true, "False NoRouteMatched", undefined],
  ["Unknown WaitingForProxy", true, "Unknown WaitingForProxy", "True WaitingForProxy"],
  ["Unknown NoProxy", true, "False NoProxy", undefined],
] as const;

describe("report/serving", () => {
  for (const [verdict, required, ready, reconciling] of CASES) {
    it(`Serving=${verdict}${required ? ", required" : ""}: Ready=${ready}`, () => {
      const [status, reason = ""] = verdict.split(" ") as ["True" | "False" | "Unknown", string];
      const conditions = withServing(PROGRAMMED, { verdict: { status, reason, message: "why" }, required });
      assertKstatus(conditions);
      const { Serving, Ready, Reconciling, Programmed } = summaryOf(conditions);
      assert.deepEqual({ Serving, Ready, Reconciling }, { Serving: verdict, Ready: ready, Reconciling: reconciling });
      assert.equal(Programmed, "True Programmed");
    });
  }
});
