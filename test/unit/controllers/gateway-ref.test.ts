import assert from "node:assert/strict";
import { gatewayCandidates } from "../../../src/controllers/gateway-ref.ts";

describe("controllers/gateway-ref", () => {
  const TABLE = [
    { title: "the one that is named, in the object's namespace", ref: { name: "edge" }, candidates: ["team-a/edge"] },
    {
      title: "the one that is named, in the namespace that is named",
      ref: { name: "edge", namespace: "kong" },
      candidates: ["kong/edge"],
    },
    {
      title: "without a reference the default of its own namespace, then the operator's",
      ref: undefined,
      candidates: ["team-a/default", "operators/default"],
    },
    {
      title: "without a name the same",
      ref: { namespace: "kong" },
      candidates: ["team-a/default", "operators/default"],
    },
    {
      title: "in the operator's own namespace its default, once",
      namespace: "operators",
      ref: undefined,
      candidates: ["operators/default"],
    },
  ];
  for (const { title, namespace = "team-a", ref, candidates } of TABLE) {
    it(`means ${title}`, () => {
      const found = gatewayCandidates(namespace, ref, "operators");
      assert.deepEqual(
        found.map((key) => `${key.namespace}/${key.name}`),
        candidates,
      );
      assert.ok(found.every(({ kind }) => kind === "KongGateway"));
    });
  }
});
