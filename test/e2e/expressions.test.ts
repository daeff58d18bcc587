import assert from "node:assert/strict";
import { startKongDouble, type KongDouble } from "../doubles/kong/double.ts";
import { skip } from "../dev/skip.ts";
import { isDbless, type KongEntityFields } from "./setup-kong.ts";
import { useScene, type Applied, type Spec } from "./setup-scene.ts";
import { env } from "./setup.ts";

const NODE = "/";

describe("e2e: routes with an expression", () => {
  const scene = useScene("expressions", { gateway: { drift: { intervalSeconds: 3600 } } });
  const byPath = (path: string): string => `http.path ^= "${scene.path(path)}" && http.method == "GET"`;

  async function flavor(): Promise<unknown> {
    const { configuration } = await env().kong.admin<{ configuration?: Spec }>("GET", NODE);
    return configuration?.["router_flavor"];
  }

  before(async () => {
    await scene.apply(["KongService", "shop", { url: env().backends.a.url }]);
    await scene.ready("KongService", "shop");
  });

  it("are refused at kubectl apply beside the fields that they stand in place of", async () => {
    const both = { serviceRef: { name: "shop" }, expression: byPath("/both"), paths: [scene.path("/both")] };
    const applied = env().cluster.apply(scene.object(["KongRoute", "both", both]));
    await assert.rejects(applied, /expression stands in place of .*paths.*remove them or the expression/);
  });

  it("say of a gateway that routes without them what is not sent, and do not become routes for everything", async function () {
    if ((await flavor()) === "expressions") skip(this, "the router of this Kong knows expressions");
    await scene.apply([
      "KongRoute",
      "unknown",
      { serviceRef: { name: "shop" }, expression: byPath("/unknown"), priority: 5 },
    ]);
    const message = /must set one of .*; this gateway does not know and was not sent: expression, priority/;
    const expected = { status: "False", reason: "Rejected", message } as const;
    await scene.condition("KongRoute", "unknown", "Ready", expected);
    assert.equal(await env().kong.find("routes", scene.kongName("unknown")), undefined);
    await scene.patch("KongRoute", "unknown", { expression: null, priority: null, paths: [scene.path("/known")] });
    await scene.ready("KongRoute", "unknown");
  });

  describe("at a gateway that routes by them", () => {
    let double: KongDouble | undefined;
    let adminUrl: string;
    const there = { gatewayRef: { name: "expressions" } };
    const route = (name: string, fields: Spec): Applied => [
      "KongRoute",
      name,
      { ...there, serviceRef: { name: "there" }, ...fields },
    ];
    const inKong = async (name: string): Promise<KongEntityFields | undefined> => {
      const answer = await fetch(`${adminUrl}/routes/${scene.kongName(name)}`);
      return answer.status === 200 ? ((await answer.json()) as KongEntityFields) : undefined;
    };

    before(async () => {
      if ((await flavor()) !== "expressions")
        double = await startKongDouble({ routerFlavor: "expressions", dbless: isDbless(process.env) });
      adminUrl = double?.adminUrl ?? env().kong.adminUrl;
      await scene.apply(
        ["KongGateway", "expressions", { adminApi: { url: adminUrl }, drift: { intervalSeconds: 1 } }],
        ["KongService", "there", { ...there, url: env().backends.a.url }],
        route("by-expression", { expression: byPath("/by-expression"), priority: 100 }),
        route("classic", { paths: [scene.path("/classic")], regex_priority: 3 }),
      );
      await scene.ready("KongRoute", "by-expression", "classic");
    });

    after(async () => {
      await scene.deleteAll(["KongRoute", "KongService"]);
      await scene.delete("KongGateway", "expressions");
      await scene.gone("KongGateway", "expressions");
      await double?.stop();
    });

    it("are there as they are written, beside routes of the classic fields, and nothing is written again", async () => {
      const before = await inKong("by-expression");
      assert.equal(before?.["expression"], byPath("/by-expression"));
      assert.equal(before["priority"], 100);
      assert.deepEqual((await inKong("classic"))?.["paths"], [scene.path("/classic")]);
      for (const name of ["by-expression", "classic"]) await scene.reconcile("KongRoute", name);
      assert.equal((await inKong("by-expression"))?.["updated_at"], before["updated_at"]);
      if (!double) await scene.served(scene.path("/by-expression"));
    });

    it("follow a change of the expression, and go back to classic fields", async () => {
      await scene.patch("KongRoute", "by-expression", { expression: byPath("/changed"), priority: 7 });
      await scene.ready("KongRoute", "by-expression");
      const changed = await inKong("by-expression");
      assert.deepEqual([changed?.["expression"], changed?.["priority"]], [byPath("/changed"), 7]);
      await scene.patch("KongRoute", "by-expression", { expression: null, priority: null, paths: [scene.path("/x")] });
      await scene.ready("KongRoute", "by-expression");
      assert.equal((await inKong("by-expression"))?.["expression"] ?? null, null);
    });

    it("that Kong cannot read are refused with the place of the mistake, and what it has stays", async () => {
      await scene.apply(route("wrong", { expression: byPath("/wrong") }));
      await scene.ready("KongRoute", "wrong");
      await scene.patch("KongRoute", "wrong", { expression: `${byPath("/wrong")} &&` });
      const expected = { status: "False", reason: "Rejected", message: /--> 1:\d+.*expected/s } as const;
      await scene.condition("KongRoute", "wrong", "Programmed", expected);
      assert.equal((await inKong("wrong"))?.["expression"], byPath("/wrong"));
      await scene.patch("KongRoute", "wrong", { expression: byPath("/right") });
      await scene.ready("KongRoute", "wrong");
    });
  });
});
