import assert from "node:assert/strict";
import { eventually } from "./setup-eventually.ts";
import { RUN } from "./setup-run.ts";
import { useScene, type Applied } from "./setup-scene.ts";
import { env, namespaceObject } from "./setup.ts";

describe("e2e: nothing is stuck without a condition that names the way out", () => {
  const scene = useScene("ways-out", { gateway: false });
  const token = `${RUN}-way-out-token`;
  const gateway = (): Applied => [
    "KongGateway",
    "default",
    {
      adminApi: { url: scene.front.url, tokenSecretRef: { name: "admin" } },
      drift: { intervalSeconds: 3600 },
      prune: { maxPercent: 100 },
    },
  ];
  const objects: readonly Applied[] = [
    ["KongService", "shop", { url: "http://shop.invalid" }],
    ["KongRoute", "shop", { serviceRef: { name: "shop" }, paths: [scene.path("/shop")] }],
    ["KongConsumer", "alice", {}],
  ];

  beforeEach(async () => {
    scene.front.requireToken(token);
    await scene.secret("admin", { token });
    await scene.apply(gateway(), ...objects);
    await scene.ready("KongRoute", "shop");
    await scene.ready("KongConsumer", "alice");
  });

  async function deleteObjects(): Promise<void> {
    for (const [kind, name] of objects) await scene.delete(kind, name);
  }

  it("when the token's Secret goes first: the credentials that are known are used to the end", async () => {
    await scene.deleteSecret("admin");
    await scene.delete("KongGateway", "default");
    await deleteObjects();
    await eventually(async () => assert.deepEqual(await scene.objects(), []));
    assert.deepEqual(await scene.ownedInKong(), []);
  });

  it("when nobody knows the credentials any more: the objects say what to do, and it helps", async () => {
    await env().operator.stop();
    await scene.deleteSecret("admin");
    await env().operator.start();
    await scene.delete("KongGateway", "default");
    await deleteObjects();
    const message = /kubectl annotate kongconsumer\.kjo\.dev .*kjo\.dev\/force-delete=true/;
    await scene.condition("KongConsumer", "alice", "Ready", { status: "Unknown", message });
    for (const [kind, name] of objects) await scene.annotate(kind, name, { "kjo.dev/force-delete": "true" });
    await eventually(async () => assert.deepEqual(await scene.objects(), []));
    const [event] = await scene.events("KongConsumer", "alice", "LeftBehind");
    assert.match(event?.note ?? "", /cannot be reached/);
    await scene.secret("admin", { token });
    await scene.apply(gateway());
    await eventually(async () => assert.deepEqual(await scene.ownedInKong(), []));
  });

  it("when the KongGateway is gone for good: GatewayGone, and force-delete lets go", async () => {
    await env().cluster.patch("KongGateway", scene.namespace, "default", { metadata: { finalizers: null } });
    await env().operator.stop();
    await env().cluster.patch("KongGateway", scene.namespace, "default", { metadata: { finalizers: null } });
    await scene.delete("KongGateway", "default");
    await scene.gone("KongGateway", "default");
    await env().operator.start();
    await deleteObjects();
    const message = /is gone.*kjo\.dev\/force-delete=true/;
    await scene.condition("KongConsumer", "alice", "Ready", { status: "False", reason: "GatewayGone", message });
    for (const [kind, name] of objects) await scene.annotate(kind, name, { "kjo.dev/force-delete": "true" });
    await eventually(async () => assert.deepEqual(await scene.objects(), []));
    await scene.apply(gateway());
    await eventually(async () => assert.deepEqual(await scene.ownedInKong(), []));
  });
});

describe("e2e: a namespace that comes and goes", () => {
  const guests = useScene("going", { gateway: false });
  const scene = useScene("staying", {
    gateway: {
      allowedNamespaces: { from: "Selector", selector: { matchLabels: { e2e: RUN } } },
      tenants: [{ namespaces: { selector: { matchLabels: { e2e: RUN } } }, hosts: ["*"] }],
    },
  });
  const gatewayRef = { name: "default", namespace: scene.namespace };
  const label = (value: string | null) =>
    env().cluster.patch("Namespace", "", guests.namespace, { metadata: { labels: { e2e: value } } });

  before(async () => {
    await label(RUN);
    await guests.apply(
      ["KongService", "guest", { url: "http://guest.example", gatewayRef }],
      ["KongRoute", "guest", { serviceRef: { name: "guest" }, paths: [guests.path("/guest")], gatewayRef }],
    );
    await guests.ready("KongRoute", "guest");
  });

  it("takes its entities along when its label goes, and brings them back with it", async () => {
    await label(null);
    await guests.condition("KongRoute", "guest", "ResolvedRefs", { status: "False", reason: "NamespaceNotAllowed" });
    await eventually(async () => assert.deepEqual(await scene.ownedInKong(), []));
    await label(RUN);
    await guests.ready("KongRoute", "guest");
    await guests.ready("KongService", "guest");
    assert.equal((await scene.ownedInKong()).length, 2);
  });

  it("takes its entities along when it is deleted, and is not held by them", async () => {
    const name = `${guests.namespace}-gone`;
    await env().cluster.apply(namespaceObject(name, { e2e: RUN }));
    const service = guests.object(["KongService", "guest", { url: "http://guest.example", gatewayRef }]);
    await env().cluster.apply({ ...service, metadata: { name: "guest", namespace: name } });
    await eventually(async () => assert.ok(await env().kong.find("services", `${name}.guest`)));
    await env().cluster.delete("Namespace", "", name);
    await eventually(async () => assert.equal(await env().cluster.find("Namespace", "", name), undefined), {
      timeoutMs: 60_000,
    });
    assert.equal(await env().kong.find("services", `${name}.guest`), undefined);
  }).timeout(90_000);
});
