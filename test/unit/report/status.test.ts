import assert from "node:assert/strict";
import type { Condition } from "../../../src/api/meta.ts";
import type { KongEntity } from "../../../src/model/kong-entity.ts";
import { gatewayConditions } from "../../../src/report/gateway-status.ts";
import { kindStatus } from "../../../src/report/kind-status.ts";
import { mergeConditions } from "../../../src/report/merge-conditions.ts";
import { hasUnansweredRequest, isProgrammed, reconcileRequest } from "../../../src/report/object-status.ts";
import { assertKstatus, summaryOf } from "./kstatus.ts";

function condition(type: string, status: Condition["status"], observedGeneration?: number): Condition {
  return { type, status, reason: type, message: "…", lastTransitionTime: "2026-01-01T00:00:00Z", observedGeneration };
}

describe("report/gateway-status", () => {
  const TABLE = [
    { phase: "Connecting", ready: "Unknown", beside: "Reconciling" },
    { phase: "Ready", ready: "True", beside: undefined },
    { phase: "Unavailable", ready: "False", beside: "Reconciling" },
    { phase: "AuthFailed", ready: "False", beside: "Stalled" },
    { phase: "Refused", ready: "False", beside: "Stalled" },
  ] as const;
  for (const { phase, ready, beside } of TABLE) {
    it(`${phase} is Ready=${ready}${beside ? ` and ${beside}` : ""}`, () => {
      const conditions = gatewayConditions({ phase, reason: "Why", message: "so" });
      assertKstatus(conditions);
      assert.deepEqual(summaryOf(conditions), {
        Accepted: "True Accepted",
        ResolvedRefs: "True ResolvedRefs",
        Ready: `${ready} Why`,
        ...(beside ? { [beside]: "True Why" } : {}),
      });
    });
  }
});

describe("report/merge-conditions", () => {
  const draft = { type: "Ready", status: "False", reason: "InUse", message: "…" } as const;

  it("keeps what lasts and was not said again, at the generation that it was said of", () => {
    const merged = mergeConditions([condition("Programmed", "True", 1)], [draft], 2);
    assert.deepEqual(
      merged.map(({ type, observedGeneration }) => [type, observedGeneration]),
      [
        ["Programmed", 1],
        ["Ready", 2],
      ],
    );
  });

  it("drops what was true only for the moment", () => {
    const before = [
      condition("Reconciling", "True", 1),
      condition("Stalled", "True", 1),
      condition("Orphans", "True", 1),
    ];
    assert.deepEqual(
      mergeConditions(before, [draft], 2).map(({ type }) => type),
      ["Ready"],
    );
  });

  it("lets the new word stand where both speak", () => {
    assert.deepEqual(mergeConditions([condition("Ready", "True", 1)], [draft], 2), [
      { ...draft, observedGeneration: 2 },
    ]);
  });

  it("is the same list whatever the order", () => {
    const other = { ...draft, type: "Accepted" };
    assert.deepEqual(mergeConditions([], [draft, other], 1), mergeConditions([], [other, draft], 1));
  });

  it("has neither generation nor times that nobody gave", () => {
    assert.deepEqual(mergeConditions(undefined, [draft], undefined), [draft]);
  });
});

describe("report/object-status", () => {
  const programmed = (status: Condition["status"], generation?: number) => ({
    metadata: { generation: 2 },
    status: { conditions: [condition("Programmed", status, generation)] },
  });

  it("calls an object programmed only at its present generation", () => {
    assert.equal(isProgrammed(programmed("True", 2)), true);
    assert.equal(isProgrammed(programmed("True", 1)), false);
    assert.equal(isProgrammed(programmed("Unknown", 2)), false);
    assert.equal(isProgrammed({ metadata: { generation: 1 } }), false);
  });

  it("takes our own request for a reconcile before Flux's", () => {
    const flux = { "reconcile.fluxcd.io/requestedAt": "flux" };
    assert.equal(reconcileRequest({ ...flux, "kjo.dev/reconcile": "ours" }), "ours");
    assert.equal(reconcileRequest(flux), "flux");
    assert.equal(reconcileRequest(undefined), undefined);
  });

  it("knows a request that has been answered", () => {
    const asked = { metadata: { annotations: { "kjo.dev/reconcile": "1" } } };
    assert.equal(hasUnansweredRequest(asked), true);
    assert.equal(hasUnansweredRequest({ ...asked, status: { lastHandledReconcileAt: "1" } }), false);
    assert.equal(hasUnansweredRequest({ metadata: {}, status: { lastHandledReconcileAt: "1" } }), false);
  });
});

describe("report/kind-status", () => {
  const entity = (type: KongEntity["type"], id: string, fields: KongEntity["fields"] = {}, part = ""): KongEntity => ({
    type,
    id,
    fields,
    part,
    owner: { kind: "Any", namespace: "team-a", name: "any" },
  });

  const TABLE = [
    {
      kind: "KongService",
      entities: [entity("services", "s", { name: "team-a.users", host: "h" })],
      status: { kong: { id: "s", name: "team-a.users" } },
    },
    {
      kind: "KongUpstream",
      entities: [entity("upstreams", "u", { name: "pool" }), entity("targets", "t1"), entity("targets", "t2")],
      status: { kong: { id: "u", name: "pool" } },
    },
    {
      kind: "KongConsumer",
      entities: [
        entity("consumers", "c", { username: "alice" }),
        entity("acls", "a", { group: "staff" }),
        entity("keyauth_credentials", "k", { key: "c4nary" }),
      ],
      status: { kong: { id: "c", name: "alice" }, credentials: 1 },
    },
    {
      kind: "KongPluginBinding",
      entities: [entity("plugins", "p", { name: "cors" }, "service.users")],
      status: { plugins: [{ id: "p", target: "service.users" }] },
    },
    { kind: "KongPluginBinding", entities: [], status: { plugins: [] } },
    { kind: "KongService", entities: [], status: {} },
  ];
  for (const { kind, entities, status } of TABLE) {
    it(`of a ${kind} with ${entities.length} entities has ids, names and counts, and no value`, () => {
      assert.deepEqual(kindStatus(kind, entities), status);
    });
  }
});
