import assert from "node:assert/strict";
import { ANNOTATION_RECONCILE, FINALIZER } from "../../../src/api/names.ts";
import type { ControllerContext } from "../../../src/controllers/context.ts";
import { Gateways } from "../../../src/controllers/gateways.ts";
import { reconcileKongGateway } from "../../../src/controllers/kong-gateway.ts";
import type { GatewayConnection } from "../../../src/kong/gateway-connection.ts";

const KEY = { kind: "KongGateway", namespace: "team-a", name: "default" };

describe("controllers/kong-gateway", () => {
  it("looks at the gateway once for one request, although the status tells of it only later", async () => {
    let request = "1";
    let looks = 0;
    const connection = {
      state: { phase: "Connecting", reason: "Connecting", message: "m", since: new Date(0), counts: {} },
      refresh: () => Promise.resolve(void looks++),
      update: () => undefined,
    } as unknown as GatewayConnection;
    const context = {
      caches: {
        get: () => ({
          apiVersion: "kjo.dev/v1alpha1",
          kind: "KongGateway",
          metadata: {
            ...KEY,
            uid: "u",
            resourceVersion: "1",
            generation: 1,
            finalizers: [FINALIZER],
            annotations: { [ANNOTATION_RECONCILE]: request },
          },
          spec: { adminApi: { url: "http://kong:8001" } },
        }),
        noteWritten: () => undefined,
      },
      gateways: new Gateways({ exists: () => true, namespaceLabels: () => undefined, readsNamespaces: true }),
      statuses: { submit: () => undefined },
    } as unknown as ControllerContext;
    for (let times = 0; times < 3; times++) await reconcileKongGateway(context, () => connection, KEY);
    assert.equal(looks, 1);
    request = "2";
    await reconcileKongGateway(context, () => connection, KEY);
    assert.equal(looks, 2);
  });
});
