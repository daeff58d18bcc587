import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { CustomResource } from "../../../src/kube/resource.ts";
import { SharedValues } from "../../../src/kube/shared-values.ts";

function widget(name: string, message = "well"): CustomResource<object, { conditions: object[]; size: number }> {
  const metadata = { name, namespace: "team-a", uid: name, resourceVersion: "1", creationTimestamp: "" };
  const conditions = [{ type: "Ready", status: "True", reason: "Programmed", message }];
  return {
    apiVersion: "example.com/v1",
    kind: "Widget",
    metadata: { ...metadata, finalizers: ["example.com/cleanup"] },
    spec: { name },
    status: { conditions, size: 1 },
  };
}

describe("SharedValues", () => {
  it("gives objects with equal conditions and finalizers the same ones", () => {
    const shared = new SharedValues();
    const a = shared.shareIn(widget("a"));
    const b = shared.shareIn(widget("b"));
    assert.equal(b.status?.conditions, a.status?.conditions);
    assert.equal(b.metadata.finalizers, a.metadata.finalizers);
  });

  it("changes nothing that an object says, nor the object itself", () => {
    const shared = new SharedValues();
    shared.shareIn(widget("a"));
    const given = widget("b", "ill");
    assert.deepEqual(shared.shareIn(given), widget("b", "ill"));
    assert.deepEqual(given, widget("b", "ill"));
  });

  it("leaves out what an object does not have", () => {
    const shared = new SharedValues();
    const { status: _status, ...bare } = widget("a");
    assert.deepEqual(Object.keys(shared.shareIn(bare)), Object.keys(bare));
    const clusterScoped = { apiVersion: "v1", kind: "Namespace", metadata: { name: "a" } as (typeof bare)["metadata"] };
    assert.deepEqual(shared.shareIn(clusterScoped), clusterScoped);
  });

  it("keeps objects right when it has forgotten what it knew", () => {
    const shared = new SharedValues();
    for (let index = 0; index < 5_000; index += 1) {
      const given = widget(`w-${index}`, `message ${index}`);
      assert.deepEqual(shared.shareIn(given), given);
    }
  });
});
