import assert from "node:assert/strict";
import type { KongObject } from "../../../src/controllers/caches.ts";
import type { ControllerContext } from "../../../src/controllers/context.ts";
import type { Gateway } from "../../../src/controllers/gateways.ts";
import { contest } from "../../../src/controllers/plugin-contest.ts";
import type { KongEntity } from "../../../src/model/kong-entity.ts";
import { formatKey, type ObjectKey } from "../../../src/model/object-key.ts";

const SERVICE_ID = "8a8f0c5e-0000-4000-8000-000000000001";

function binding(name: string, createdAt: string): KongObject {
  return {
    apiVersion: "kjo.dev/v1alpha1",
    kind: "KongPluginBinding",
    metadata: {
      name,
      namespace: "team-a",
      uid: name,
      resourceVersion: "1",
      generation: 1,
      creationTimestamp: createdAt,
    },
    spec: { plugin: "cors", targets: [{ serviceRef: { name: "users" } }] },
  };
}

function plugin(owner: KongObject): KongEntity {
  return {
    type: "plugins",
    id: `id of ${owner.metadata.name}`,
    part: "service.users",
    owner: { kind: owner.kind, namespace: "team-a", name: owner.metadata.name },
    fields: { name: "cors", service: { id: SERVICE_ID } },
  };
}

describe("controllers/plugin-contest", () => {
  const older = binding("older", "2026-01-01T00:00:00Z");
  const younger = binding("younger", "2026-01-02T00:00:00Z");
  const enqueued: string[] = [];
  const awaiting: string[] = [];
  const gateway = {
    key: { kind: "KongGateway", namespace: "team-a", name: "default" },
    connection: {
      state: { info: { database: "postgres" } },
      // The younger one was there first.
      entitiesOf: ({ name }: ObjectKey) => (name === "younger" ? [plugin(younger)] : []),
      awaitChange: (id: string, { name }: ObjectKey) => void awaiting.push(`${name}: ${id}`),
    },
  } as unknown as Gateway;
  const context = {
    caches: { kinds: new Map([["KongPluginBinding", { byIndex: () => [older, younger] }]]) },
    gateways: { choose: () => gateway.key, refuses: () => false },
    operatorNamespace: "kjo",
    enqueue: (key: ObjectKey) => void enqueued.push(formatKey(key)),
  } as unknown as ControllerContext;

  beforeEach(() => {
    enqueued.length = 0;
    awaiting.length = 0;
  });

  it("lets the older one take over what stands, by its id, and asks nobody to look before it has", () => {
    const { desired, against } = contest(context, older, gateway, [plugin(older)]);
    assert.deepEqual(
      desired.map(({ id }) => id),
      ["id of younger"],
    );
    assert.deepEqual(against.map(formatKey), ["KongPluginBinding/team-a/younger"]);
    assert.deepEqual({ enqueued, awaiting }, { enqueued: [], awaiting: ["younger: id of younger"] });
  });

  it("lets the younger one keep what it has until then, and asks the older one to take it", () => {
    const { desired, lost } = contest(context, younger, gateway, [plugin(younger)]);
    assert.deepEqual({ kept: desired.length, lost }, { kept: 1, lost: [] });
    assert.deepEqual(enqueued, ["KongPluginBinding/team-a/older"]);
  });
});
