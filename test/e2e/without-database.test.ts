import assert from "node:assert/strict";
import { isDbless } from "./setup-kong.ts";
import { useScene, type Applied } from "./setup-scene.ts";
import { skip } from "../dev/skip.ts";
import { env } from "./setup.ts";

const MANY = 40;

describe("e2e: a gateway without a database", () => {
  const scene = useScene("no-database", { gateway: { drift: { intervalSeconds: 3600 } } });
  const service = (name: string): Applied => ["KongService", name, { url: env().backends.a.url }];
  const route = (name: string, ...paths: string[]): Applied => [
    "KongRoute",
    name,
    { serviceRef: { name: "shop" }, paths },
  ];
  const loads = (): number => scene.front.writes.length;

  before(async function () {
    if (!isDbless(process.env)) skip(this, "needs a gateway without a database: KJO_E2E_DBLESS=1");
    await scene.apply(service("shop"), route("shop", scene.path("/shop")));
    await scene.ready("KongRoute", "shop");
    await scene.served(scene.path("/shop"));
  });

  it("gets many objects in few loads, and nothing where nothing differs", async () => {
    scene.front.reset();
    const names = Array.from({ length: MANY }, (_, index) => `many-${index}`);
    await Promise.all(names.map((name) => scene.apply(route(name, scene.path(`/${name}`)))));
    await scene.ready("KongRoute", ...names);
    assert.ok(loads() < MANY / 2, `${loads()} loads`);
    assert.ok(scene.front.writes.every(({ method, path }) => method === "POST" && path.startsWith("/config")));
    scene.front.reset();
    for (const name of names.slice(0, 3)) await scene.reconcile("KongRoute", name);
    assert.equal(loads(), 0);
  });

  it("knows an object by the same id whatever else is loaded", async () => {
    const before = await scene.inKong("routes", scene.kongName("shop"));
    await scene.apply(service("another"));
    await scene.ready("KongService", "another");
    assert.equal((await scene.inKong("routes", scene.kongName("shop"))).id, before.id);
    const { kong } = (await scene.get("KongRoute", "shop")).status as unknown as { kong: { id: string } };
    assert.equal(kong.id, before.id);
  });

  it("keeps the last good version of a refused object over a restart of the operator, and takes what else changes", async () => {
    await scene.apply(route("shop", scene.path("/shop"), "~/(unclosed"));
    await scene.condition("KongRoute", "shop", "Programmed", { status: "False", reason: "Rejected", message: /paths/ });
    await env().operator.stop();
    await env().operator.start();
    await scene.apply(route("later", scene.path("/later")));
    await scene.served(scene.path("/later"));
    await scene.served(scene.path("/shop"));
    await scene.condition("KongRoute", "shop", "Programmed", { status: "False", reason: "Rejected", message: /paths/ });
    await scene.apply(route("shop", scene.path("/shop")));
    await scene.ready("KongRoute", "shop");
  });
});

describe("e2e: a gateway without a database that somebody else has loaded", () => {
  const scene = useScene("foreign-load", { gateway: false });
  const theirs = { name: "theirs", host: "theirs.invalid" };

  before(async function () {
    if (!isDbless(process.env)) skip(this, "needs a gateway without a database: KJO_E2E_DBLESS=1");
    await env().kong.admin("POST", "/config", { _format_version: "3.0", services: [theirs] });
  });

  it("keeps what it has, says so and what would replace it; objects wait", async () => {
    await scene.apply(
      ["KongGateway", "default", { adminApi: { url: scene.front.url } }],
      ["KongService", "ours", { url: "http://ours.invalid" }],
    );
    const expected = { status: "False", reason: "ForeignConfiguration", message: /replaceForeign/ } as const;
    await scene.condition("KongGateway", "default", "Ready", expected);
    await scene.condition("KongService", "ours", "Ready", { status: "Unknown" });
    assert.deepEqual(scene.front.writes, []);
    assert.equal((await scene.inKong("services", "theirs"))["host"], "theirs.invalid");
  });

  it("is taken over when that is asked for", async () => {
    await scene.patch("KongGateway", "default", { dbless: { replaceForeign: true } });
    await scene.ready("KongService", "ours");
    assert.equal(await env().kong.find("services", "theirs"), undefined);
  });
});
