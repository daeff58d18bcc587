import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { startOwnControlPlane } from "../controlplane/control-plane.ts";
import { controlPlaneOrSkip } from "../controlplane/suite.ts";
import { skip } from "../dev/skip.ts";
import { startOperator, type OperatorProcess } from "../dev/operator-process.ts";
import { describeWithDatabase } from "./setup-database.ts";
import { Cluster, conditionOf } from "./setup-cluster.ts";
import { eventually } from "./setup-eventually.ts";
import { RUN } from "./setup-run.ts";
import { useScene, type Applied } from "./setup-scene.ts";
import { env, namespaceObject } from "./setup.ts";

const CRDS = fileURLToPath(new URL("../../crds", import.meta.url));

describeWithDatabase(
  "e2e: two operators in one cluster on one Kong",
  "it has one owner, whose configuration is all it holds",
  () => {
    const left = useScene("left", { gateway: { drift: { intervalSeconds: 1 } } });
    const right = useScene("right", { gateway: { drift: { intervalSeconds: 1 } } });
    const operators: OperatorProcess[] = [];

    before(async () => {
      await left.apply(["KongService", "shop", { url: env().backends.a.url }]);
      await right.apply(["KongService", "shop", { url: env().backends.b.url }]);
      await left.ready("KongService", "shop");
      await right.ready("KongService", "shop");
      // The suite's own watches every namespace: here each of two has its own part.
      await env().operator.stop();
      for (const { namespace } of [left, right]) {
        await env().cluster.apply(namespaceObject(`${namespace}-op`));
        const args = ["--operator-namespace", `${namespace}-op`, "--watch-namespaces", namespace];
        operators.push(await startOperator({ kubeconfig: env().cluster.kubeconfig, args }));
      }
    });

    after(async () => {
      for (const operator of operators) await operator.stop();
      await env().operator.start();
      for (const { namespace } of [left, right]) await env().cluster.delete("Namespace", "", `${namespace}-op`);
    });

    it("each sees to its own namespaces and leaves the other's entities alone", async () => {
      left.front.reset();
      right.front.reset();
      await eventually(() => assert.ok(left.front.checks >= 4 && right.front.checks >= 4));
      assert.deepEqual([...left.front.writes, ...right.front.writes], []);
      assert.deepEqual(await left.ownedInKong(), [`services/${left.kongName("shop")}`]);
      assert.deepEqual(await right.ownedInKong(), [`services/${right.kongName("shop")}`]);
    });

    it("a change of one is written by it and by nobody else", async () => {
      right.front.reset();
      await left.patch("KongService", "shop", { retries: 2 });
      await left.ready("KongService", "shop");
      assert.equal((await left.inKong("services", left.kongName("shop")))["retries"], 2);
      assert.deepEqual(right.front.writes, []);
    });

    it("what one has is a conflict for the other, which names its owner", async () => {
      await right.apply(["KongService", "clash", { name: left.kongName("shop"), url: "http://clash.invalid" }]);
      const message = new RegExp(
        `belongs to KongService ${left.namespace}/shop of instance ${left.namespace}\\.default`,
      );
      await right.condition("KongService", "clash", "Programmed", { status: "False", reason: "Conflict", message });
      await right.delete("KongService", "clash");
      await right.gone("KongService", "clash");
    });
  },
);

describeWithDatabase("e2e: two clusters on one Kong", "it has one owner, whose configuration is all it holds", () => {
  const scene = useScene("clusters", { gateway: { drift: { intervalSeconds: 1 } } });
  let second: Cluster | undefined;
  let stops: (() => Promise<unknown>)[] = [];

  before(async function () {
    const controlPlane = await controlPlaneOrSkip(this, () => startOwnControlPlane({ components: [] }));
    stops.push(() => controlPlane.stop());
    const cluster = await Cluster.open(controlPlane);
    stops.push(() => cluster.close());
    await must(cluster.kubectl(["apply", "--server-side", "-f", CRDS]));
    await must(cluster.kubectl(["wait", "--for=condition=Established", "--timeout=60s", "-f", CRDS]));
    await cluster.apply(namespaceObject(scene.namespace));
    await cluster.apply(namespaceObject(`${RUN}-op2`));
    const args = ["--operator-namespace", `${RUN}-op2`];
    const operator = await startOperator({ kubeconfig: cluster.kubeconfig, args });
    stops.push(() => operator.stop());
    second = cluster;
    await scene.apply(
      ["KongService", "shop", { url: env().backends.a.url }],
      ["KongRoute", "shop", { serviceRef: { name: "shop" }, paths: [scene.path("/shop")] }],
    );
    await scene.ready("KongRoute", "shop");
  });

  after(async () => {
    for (const stop of stops.reverse()) await stop();
    stops = [];
  });

  const there = (): Cluster => {
    assert.ok(second, "the second cluster is not there");
    return second;
  };
  const applyThere = (object: Applied) => there().apply(scene.object(object));
  const gatewayThere = (name: string, rest: object = {}): Applied => [
    "KongGateway",
    name,
    { adminApi: { url: scene.front.url }, drift: { intervalSeconds: 1 }, ...rest },
  ];
  const saysThere = (kind: string, name: string, type: string, status: string, reason: string, message = /./) =>
    eventually(async () => {
      const condition = conditionOf(await there().find(kind, scene.namespace, name), type);
      assert.deepEqual([condition?.status, condition?.reason], [status, reason], JSON.stringify(condition));
      assert.match(condition?.message ?? "", message);
    });

  it("the second that claims an instance is stopped, writes nothing and is told the way out", async () => {
    const before = await scene.ownedInKong();
    await applyThere(gatewayThere("default"));
    await applyThere(["KongService", "shop", { url: "http://second.invalid" }]);
    await saysThere("KongGateway", "default", "Ready", "False", "InstanceInUse", /spec\.instance.*spec\.takeOver/);
    await saysThere("KongService", "shop", "Programmed", "Unknown", "GatewayNotReady");
    assert.deepEqual(await scene.ownedInKong(), before);
    const service = await scene.inKong("services", scene.kongName("shop"));
    assert.notEqual(service["host"], "second.invalid");
  });

  it("the first is not disturbed by that", async () => {
    await scene.patch("KongService", "shop", { retries: 3 });
    await scene.ready("KongService", "shop");
    await scene.served(scene.path("/shop"));
  });

  it("with an instance of its own the second lives beside the first, each with its own", async () => {
    const gatewayRef = { name: "own" };
    await applyThere(gatewayThere("own", { instance: `${scene.namespace}.second` }));
    await applyThere(["KongService", "other", { url: "http://other.invalid", gatewayRef }]);
    await saysThere("KongService", "other", "Ready", "True", "Programmed");
    await applyThere(["KongService", "clash", { name: scene.kongName("shop"), url: "http://c.invalid", gatewayRef }]);
    const message = new RegExp(
      `belongs to KongService ${scene.namespace}/shop of instance ${scene.namespace}\\.default`,
    );
    await saysThere("KongService", "clash", "Programmed", "False", "Conflict", message);
    scene.front.reset();
    await eventually(() => assert.ok(scene.front.checks >= 6));
    assert.deepEqual(scene.front.writes, []);
    for (const name of ["clash", "other"]) await there().delete("KongService", scene.namespace, name);
    await eventually(async () => assert.equal(await there().find("KongService", scene.namespace, "other"), undefined));
    await there().delete("KongGateway", scene.namespace, "own");
    await eventually(async () => assert.equal(await there().find("KongGateway", scene.namespace, "own"), undefined));
  });

  it("the objects of the one that was stopped go without touching what the first has", async () => {
    await there().delete("KongService", scene.namespace, "shop");
    await there().delete("KongGateway", scene.namespace, "default");
    await eventually(async () => {
      assert.equal(await there().find("KongService", scene.namespace, "shop"), undefined);
      assert.equal(await there().find("KongGateway", scene.namespace, "default"), undefined);
    });
    await scene.served(scene.path("/shop"));
  });
});

describeWithDatabase("e2e: workspaces", "workspaces are kept in one", () => {
  const scene = useScene("workspace", { gateway: false });

  it("that the gateway does not have are said on the KongGateway, and nothing is written elsewhere", async function () {
    const { status } = await env().kong.tryAdmin("GET", "/workspaces");
    if (status === 200) skip(this, "this Kong has workspaces");
    await scene.apply([
      "KongGateway",
      "default",
      { adminApi: { url: scene.front.url, workspace: "team-a" }, drift: { intervalSeconds: 1 } },
    ]);
    await scene.apply(["KongService", "shop", { url: env().backends.a.url }]);
    const expected = { status: "False", reason: "WorkspaceNotFound", message: /workspace "team-a"/ } as const;
    await scene.condition("KongGateway", "default", "Ready", expected);
    assert.deepEqual(scene.front.writes, []);
  });
});

async function must(running: Promise<{ code: number; output: string }>): Promise<void> {
  const { code, output } = await running;
  if (code !== 0) throw new Error(output);
}
