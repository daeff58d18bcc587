import assert from "node:assert/strict";
import { conditionOf } from "./setup-cluster.ts";
import { eventually } from "./setup-eventually.ts";
import { RUN } from "./setup-run.ts";
import { useScene, type Applied, type Spec } from "./setup-scene.ts";
import { env } from "./setup.ts";

const CONTENDERS = ["one", "two", "three", "four", "five"];

describe("e2e: clashes", () => {
  const scene = useScene("clashes", { gateway: { drift: { intervalSeconds: 3600 } } });
  const upstream = (name: string): string => `${name}.${scene.namespace}.kjo.invalid`;

  const binding = (name: string, plugin: string, fields: Spec): Applied => [
    "KongPluginBinding",
    name,
    { plugin, targets: [{ routeRef: { name: "shop" } }], ...fields },
  ];
  const targetsOf = async (name: string): Promise<Record<string, unknown>> => {
    const found = await env().kong.list(`/upstreams/${upstream(name)}/targets`);
    return Object.fromEntries(found.map(({ target, weight }) => [target, weight]));
  };
  const readyOf = async (): Promise<Record<string, string | undefined>> => {
    const found = await Promise.all(CONTENDERS.map((name) => env().cluster.find("KongService", scene.namespace, name)));
    return Object.fromEntries(
      found.flatMap((each) => (each ? [[each.metadata.name, conditionOf(each, "Ready")?.reason]] : [])),
    );
  };

  before(async () => {
    await scene.apply(
      ["KongService", "shop", { url: env().backends.a.url }],
      ["KongRoute", "shop", { serviceRef: { name: "shop" }, paths: [scene.path("/shop")] }],
    );
    await scene.ready("KongRoute", "shop");
  });

  it("of five services that want one name at once, one has it and the others name it; the next follows", async () => {
    const name = `${RUN}-wanted`;
    const spec = (host: string) => ({ name, url: `http://${host}.invalid` });
    await Promise.all(CONTENDERS.map((each) => scene.apply(["KongService", each, spec(each)])));
    const winner = await eventually(async () => {
      const ready = await readyOf();
      const [first, ...others] = CONTENDERS.filter((each) => ready[each] === "Programmed");
      const refused = CONTENDERS.filter((each) => ready[each] === "Conflict");
      assert.equal(others.length, 0, JSON.stringify(ready));
      assert.equal(refused.length, CONTENDERS.length - 1, JSON.stringify(ready));
      return first ?? "";
    });
    assert.equal((await scene.inKong("services", name))["host"], `${winner}.invalid`);
    const rest = CONTENDERS.filter((each) => each !== winner);
    const message = new RegExp(`belongs to KongService ${scene.namespace}/${winner}`);
    await scene.condition("KongService", rest, "Programmed", { status: "False", reason: "Conflict", message });
    await scene.delete("KongService", winner);
    await eventually(async () => {
      const reasons = Object.values(await readyOf()).sort();
      assert.deepEqual(reasons, ["Conflict", "Conflict", "Conflict", "Programmed"]);
    });
  });

  it("an instance_name that another plugin has is told with whose it is, and is free with that", async () => {
    const shared = { instance_name: `${RUN}-instance` };
    await scene.apply(binding("first", "correlation-id", shared));
    await scene.ready("KongPluginBinding", "first");
    await scene.apply(binding("second", "request-size-limiting", shared));
    const message = new RegExp(`belongs to KongPluginBinding ${scene.namespace}/first`);
    const expected = { status: "False", reason: "Conflict", message } as const;
    await scene.condition("KongPluginBinding", "second", "Programmed", expected);
    await scene.patch("KongPluginBinding", "first", { instance_name: null });
    await scene.ready("KongPluginBinding", "first", "second");
  });

  it("one address spelled in two ways in an upstream is told with both fields, and heals without one of them", async () => {
    const targets = [
      { target: "10.0.0.1", weight: 10 },
      { target: "10.0.0.1:8000", weight: 20 },
    ];
    await scene.apply(["KongUpstream", "twice", { targets }]);
    const message = /spec\.targets\[1\].*spec\.targets\[0\].*10\.0\.0\.1:8000/;
    const refused = { status: "False", reason: "InvalidSpec", message } as const;
    await scene.condition("KongUpstream", "twice", "Accepted", refused);
    await scene.patch("KongUpstream", "twice", { targets: targets.slice(0, 1) });
    await scene.ready("KongUpstream", "twice");
    assert.deepEqual(await targetsOf("twice"), { "10.0.0.1:8000": 10 });
  });

  it("an address that is spelled in another way is the same target: it is written once, if at all", async () => {
    const short = { target: "[2001:db8::1]:8000", weight: 10 };
    await scene.apply(["KongUpstream", "spelled", { targets: [short] }]);
    await scene.ready("KongUpstream", "spelled");
    const before = await targetsOf("spelled");
    await scene.patch("KongUpstream", "spelled", {
      targets: [{ target: "[2001:0db8:0000:0000:0000:0000:0000:0001]:8000", weight: 10 }],
    });
    await scene.ready("KongUpstream", "spelled");
    assert.deepEqual(await targetsOf("spelled"), before);
  });

  it("several fields that Kong refuses are all named, the items of a list by their content", async () => {
    const config = { minute: -1, hour: "many", policy: "elsewhere" };
    await scene.apply(binding("wrong", "rate-limiting", { config }));
    for (const message of [/minute/, /hour/, /policy/]) {
      await scene.condition("KongPluginBinding", "wrong", "Programmed", {
        status: "False",
        reason: "Rejected",
        message,
      });
    }
    const headers = ["x-good:1", "bad"];
    await scene.apply(binding("wrong-item", "request-transformer", { config: { add: { headers } } }));
    const expected = { status: "False", reason: "Rejected", message: /add.*headers/s } as const;
    await scene.condition("KongPluginBinding", "wrong-item", "Programmed", expected);
  });

  it("a tag that Kong does not take is refused at kubectl apply, with the field and what is wrong", async () => {
    for (const tag of ["a,b", "a/b", "kjo.mine"]) {
      const object = scene.object(["KongService", "tagged", { url: "http://x.invalid", tags: ["good", tag] }]);
      await assert.rejects(
        env().cluster.apply(object),
        /spec\.tags\[1\].*must (be a tag that Kong takes|not begin with 'kjo')/,
      );
    }
  });
});
