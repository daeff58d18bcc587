import assert from "node:assert/strict";
import { startKongDouble, type KongDouble } from "../doubles/kong/double.ts";
import { skip } from "../dev/skip.ts";
import { eventually } from "./setup-eventually.ts";
import { RUN } from "./setup-run.ts";
import { useScene } from "./setup-scene.ts";
import { env } from "./setup.ts";

describe("e2e: consumer groups", () => {
  const scene = useScene("consumer-groups", { gateway: { drift: { intervalSeconds: 3600 } } });

  it("says of a gateway without them what is missing, and holds up nobody else", async function () {
    const { status } = await env().kong.tryAdmin("GET", "/consumer_groups");
    if (status !== 404) skip(this, "this Kong has consumer groups");
    await scene.apply(
      ["KongConsumerGroup", "gold", {}],
      ["KongConsumer", "alice", {}],
      ["KongConsumer", "bob", { consumerGroups: [{ name: "gold" }] }],
    );
    const message = /Kong Gateway Enterprise/;
    const expected = { status: "False", reason: "NotSupportedByGateway", message } as const;
    await scene.condition("KongConsumerGroup", "gold", "Programmed", expected);
    await scene.ready("KongConsumer", "alice");
    await scene.condition("KongConsumer", "bob", "Programmed", { status: "Unknown", reason: "RefNotReady" });
    await scene.patch("KongConsumer", "bob", { consumerGroups: null });
    await scene.ready("KongConsumer", "bob");
  });

  describe("of a gateway that has them, which only the double can be", () => {
    let double: KongDouble;
    const inGroup = { gatewayRef: { name: "enterprise" } };
    const withKey = (name: string): RequestInit => ({ headers: { apikey: `${RUN}-key-of-${name}` } });
    const ask = async (name: string): Promise<number> => {
      const response = await fetch(`${double.proxyUrl}/grouped`, withKey(name));
      await response.body?.cancel();
      return response.status;
    };

    before(async () => {
      double = await startKongDouble({ edition: "enterprise" });
      for (const name of ["dora", "emil"]) await scene.secret(`key-of-${name}`, { key: `${RUN}-key-of-${name}` });
      const credentials = (name: string) => [{ type: "key-auth", secretRef: { name: `key-of-${name}` } }];
      await scene.apply(
        ["KongGateway", "enterprise", { adminApi: { url: double.adminUrl }, drift: { intervalSeconds: 5 } }],
        ["KongService", "grouped", { ...inGroup, url: env().backends.a.url }],
        ["KongRoute", "grouped", { ...inGroup, serviceRef: { name: "grouped" }, paths: ["/grouped"] }],
        ["KongPluginBinding", "keys", { ...inGroup, plugin: "key-auth", targets: [{ routeRef: { name: "grouped" } }] }],
        ["KongConsumerGroup", "silver", { ...inGroup, tags: ["paying"] }],
        [
          "KongConsumer",
          "dora",
          { ...inGroup, consumerGroups: [{ name: "silver" }], credentials: credentials("dora") },
        ],
        ["KongConsumer", "emil", { ...inGroup, credentials: credentials("emil") }],
        [
          "KongPluginBinding",
          "closed",
          {
            ...inGroup,
            plugin: "request-termination",
            config: { status_code: 451 },
            targets: [{ consumerGroupRef: { name: "silver" } }],
          },
        ],
      );
      await scene.ready("KongConsumer", "dora", "emil");
      await scene.ready("KongPluginBinding", "closed", "keys");
    });

    after(async () => {
      const kinds = ["KongPluginBinding", "KongRoute", "KongService", "KongConsumer", "KongConsumerGroup"];
      await scene.deleteAll(kinds);
      const left = [...double.store.tables()].flatMap(({ rows }) => [...rows.values()]);
      await scene.delete("KongGateway", "enterprise");
      await scene.gone("KongGateway", "enterprise");
      await double.stop();
      assert.deepEqual(left, []);
    });

    it("applies a plugin to the members of the group and to nobody else", async () => {
      await eventually(async () => assert.equal(await ask("dora"), 451));
      assert.equal(await ask("emil"), 200);
    });

    it("follows who is a member", async () => {
      await scene.patch("KongConsumer", "dora", { consumerGroups: null });
      await scene.patch("KongConsumer", "emil", { consumerGroups: [{ name: "silver" }] });
      await eventually(async () => assert.deepEqual([await ask("dora"), await ask("emil")], [200, 451]));
    });

    it("puts a member back that somebody took out", async () => {
      const [group] = [...double.store.table("consumer_groups").rows.values()];
      const members = `${double.adminUrl}/consumer_groups/${String(group?.["id"])}/consumers`;
      await eventually(async () => assert.equal(await ask("emil"), 451));
      await fetch(`${members}/${scene.kongName("emil")}`, { method: "DELETE" });
      assert.equal(await ask("emil"), 200);
      await eventually(async () => assert.equal(await ask("emil"), 451), { timeoutMs: 20_000 });
    });

    it("keeps a group that is in use, and names its users", async () => {
      await scene.delete("KongConsumerGroup", "silver");
      const message = /KongConsumer\/\S+\/emil/;
      await scene.condition("KongConsumerGroup", "silver", "Ready", { status: "False", reason: "InUse", message });
      assert.equal(await ask("emil"), 451);
    });
  });
});
