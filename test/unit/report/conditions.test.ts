import assert from "node:assert/strict";
import {
  ConflictError,
  DeletionBlockedError,
  GatewayAuthError,
  InvalidSpecError,
  KongRejectedError,
  KongUnavailableError,
  NotReadyError,
  RefNotFoundError,
  RefNotPermittedError,
} from "../../../src/errors.ts";
import { conditionsOf, type ConditionDraft } from "../../../src/report/conditions.ts";
import { assertKstatus, summaryOf } from "./kstatus.ts";

const FINE = { Accepted: "True Accepted", ResolvedRefs: "True ResolvedRefs" };

const FAILURES: readonly {
  readonly title: string;
  readonly error: Error;
  readonly conditions: Record<string, string>;
}[] = [
  {
    title: "a spec that cannot be used is not accepted, and only a change will help",
    error: new InvalidSpecError("InvalidSpec", "spec.url: …"),
    conditions: { Accepted: "False InvalidSpec", Ready: "False InvalidSpec", Stalled: "True InvalidSpec" },
  },
  {
    title: "a reference to nothing is not resolved",
    error: new RefNotFoundError("SecretNotFound", "…"),
    conditions: {
      Accepted: "True Accepted",
      ResolvedRefs: "False SecretNotFound",
      Programmed: "Unknown RefsNotResolved",
      Ready: "False SecretNotFound",
    },
  },
  {
    title: "a reference that is not allowed is not resolved",
    error: new RefNotPermittedError("NamespaceNotAllowed", "…"),
    conditions: {
      Accepted: "True Accepted",
      ResolvedRefs: "False NamespaceNotAllowed",
      Programmed: "Unknown RefsNotResolved",
      Ready: "False NamespaceNotAllowed",
    },
  },
  {
    title: "what is not in Kong yet is waited for",
    error: new NotReadyError("RefNotReady", "…"),
    conditions: {
      ...FINE,
      Programmed: "Unknown RefNotReady",
      Ready: "Unknown RefNotReady",
      Reconciling: "True RefNotReady",
    },
  },
  {
    title: "a violation of Kong's schema is one until the spec changes",
    error: new KongRejectedError("Rejected", "…", { status: 400, code: 2 }),
    conditions: { ...FINE, Programmed: "False Rejected", Ready: "False Rejected", Stalled: "True Rejected" },
  },
  {
    title: "a clash with another entity may end by itself",
    error: new KongRejectedError("Conflict", "…", { status: 400, code: 2 }),
    conditions: { ...FINE, Programmed: "False Conflict", Ready: "False Conflict" },
  },
  {
    title: "another refusal may end by itself",
    error: new KongRejectedError("Rejected", "…", { status: 409, code: 5 }),
    conditions: { ...FINE, Programmed: "False Rejected", Ready: "False Rejected" },
  },
  {
    title: "a gateway that is away leaves it open",
    error: new KongUnavailableError("Timeout", "…"),
    conditions: {
      ...FINE,
      Programmed: "Unknown GatewayUnavailable",
      Ready: "Unknown GatewayUnavailable",
      Reconciling: "True GatewayUnavailable",
    },
  },
  {
    title: "a gateway that refuses our credentials leaves it open",
    error: new GatewayAuthError("AuthFailed", "…"),
    conditions: {
      ...FINE,
      Programmed: "Unknown GatewayAuthFailed",
      Ready: "Unknown GatewayAuthFailed",
      Reconciling: "True GatewayAuthFailed",
    },
  },
  {
    title: "a deletion that waits says nothing of what the object is",
    error: new DeletionBlockedError("InUse", "…"),
    conditions: { Ready: "False InUse" },
  },
  {
    title: "a bug is ours, and is tried again",
    error: new TypeError("undefined is not a function: secret-value"),
    conditions: { Ready: "Unknown InternalError", Reconciling: "True InternalError" },
  },
];

describe("report/conditions", () => {
  for (const { title, error, conditions } of FAILURES) {
    it(`says that ${title}`, () => {
      const drafts = failed(error);
      assert.deepEqual(summaryOf(drafts), conditions);
      assertKstatus(drafts);
    });
  }

  it("says nothing after a conflict, which is tried again at once", () => {
    assert.equal(conditionsOf({ result: "Failed", error: new ConflictError("Conflict", "…") }), undefined);
  });

  it("does not repeat the words of a bug, which may hold anything", () => {
    assert.doesNotMatch(JSON.stringify(failed(new TypeError("it was secret-value"))), /secret-value/);
  });

  it("says the same of an outage whatever its details are, so that a flapping gateway costs one status", () => {
    const said = ["Timeout", "ConnectionLost", "ServerError"].map((reason) =>
      JSON.stringify(failed(new KongUnavailableError(reason, `details of ${reason}`))),
    );
    assert.equal(new Set(said).size, 1);
  });

  it("cuts a message that is too long", () => {
    const [ready] = failed(new DeletionBlockedError("InUse", "x".repeat(5000)));
    assert.equal(ready?.message.length, 1024);
    assert.match(ready?.message ?? "", /…$/);
  });

  it("is ready when it is in Kong", () => {
    const drafts = programmed([], []);
    assertKstatus(drafts);
    assert.deepEqual(summaryOf(drafts), { ...FINE, Programmed: "True Programmed", Ready: "True Programmed" });
  });

  it("names fields that the gateway does not know and was not sent", () => {
    const drafts = programmed(["config.new"], []);
    assertKstatus(drafts);
    assert.equal(summaryOf(drafts)["Accepted"], "True FieldsNotSent");
    assert.match(drafts[0]?.message ?? "", /config\.new/);
  });

  it("names drift that was found and left, and is ready all the same", () => {
    const drafts = programmed([], ["retries", "config.minute"]);
    assertKstatus(drafts);
    assert.deepEqual(
      [summaryOf(drafts)["Drifted"], summaryOf(drafts)["Ready"]],
      ["True DriftFound", "True Programmed"],
    );
    assert.match(drafts.at(-1)?.message ?? "", /retries, config\.minute/);
  });
});

function failed(error: unknown): ConditionDraft[] {
  const drafts = conditionsOf({ result: "Failed", error });
  assert.ok(drafts);
  return drafts;
}

function programmed(fieldsNotSent: string[], driftedFields: string[]): ConditionDraft[] {
  const drafts = conditionsOf({ result: "Programmed", fieldsNotSent, driftedFields });
  assert.ok(drafts);
  return drafts;
}
