import assert from "node:assert/strict";
import { needsDatabase } from "./setup-database.ts";
import { RUN, RUN_TAG } from "./setup-run.ts";
import { useScene } from "./setup-scene.ts";
import { env } from "./setup.ts";

describe("e2e: what Kong refuses", () => {
  const scene = useScene("refusals", { gateway: { drift: { intervalSeconds: 3600 } } });

  before(async () => {
    await scene.apply(
      ["KongService", "shop", { url: env().backends.a.url }],
      ["KongRoute", "shop", { serviceRef: { name: "shop" }, paths: [scene.path("/shop")] }],
    );
  });

  it("names a plugin that the gateway does not have", async () => {
    const spec = { plugin: "teleport", targets: [{ routeRef: { name: "shop" } }] };
    await scene.apply(["KongPluginBinding", "teleport", spec]);
    const message = /no plugin "teleport"/;
    const expected = { status: "False", reason: "NotSupportedByGateway", message } as const;
    await scene.condition("KongPluginBinding", "teleport", "Programmed", expected);
    await scene.served(scene.path("/shop"));
  });

  it("shows the field of a plugin's configuration that Kong refuses, and heals when it is right", async () => {
    const config = { minute: -1, policy: "local" };
    const spec = { plugin: "rate-limiting", config, targets: [{ routeRef: { name: "shop" } }] };
    await scene.apply(["KongPluginBinding", "limit", spec]);
    const expected = { status: "False", reason: "Rejected", message: /minute.*value must be greater than 0/s } as const;
    await scene.condition("KongPluginBinding", "limit", "Programmed", expected);
    await scene.condition("KongPluginBinding", "limit", "Stalled", { status: "True" });
    const events = await scene.events("KongPluginBinding", "limit", "Rejected");
    assert.match(events[0]?.note ?? "", /minute/);
    await scene.patch("KongPluginBinding", "limit", { config: { minute: 100 } });
    await scene.ready("KongPluginBinding", "limit");
    const { headers } = await scene.answered(200, scene.path("/shop"));
    assert.equal(typeof headers, "object");
  });

  it("keeps what was served while a later edit is refused", async () => {
    await scene.patch("KongRoute", "shop", { paths: [scene.path("/shop"), "~/(unclosed"] });
    await scene.condition("KongRoute", "shop", "Programmed", { status: "False", reason: "Rejected", message: /paths/ });
    await scene.served(scene.path("/shop"));
    await scene.patch("KongRoute", "shop", { paths: [scene.path("/shop")] });
    await scene.ready("KongRoute", "shop");
  });

  it("lets what hangs on a refused object wait, and everything come when that is put right", async () => {
    const route = (path: string) => ({ serviceRef: { name: "shop" }, paths: [path] });
    const config = { status_code: 418 };
    await scene.apply(
      ["KongRoute", "wrong", route("~/(unclosed")],
      [
        "KongPluginBinding",
        "hanging",
        { plugin: "request-termination", config, targets: [{ routeRef: { name: "wrong" } }] },
      ],
      ["KongRoute", "good", route(scene.path("/good"))],
    );
    await scene.condition("KongRoute", "wrong", "Programmed", {
      status: "False",
      reason: "Rejected",
      message: /paths/,
    });
    await scene.condition("KongPluginBinding", "hanging", "Programmed", { status: "Unknown", reason: "RefNotReady" });
    await scene.served(scene.path("/good"));
    await scene.patch("KongRoute", "wrong", { paths: [scene.path("/right")] });
    await scene.answered(418, scene.path("/right"));
    await scene.ready("KongPluginBinding", "hanging");
  });

  it("refuses at kubectl apply what can be told without Kong, with the field and the remedy", async () => {
    const object = scene.object(["KongRoute", "wrong", { serviceRef: { name: "shop" }, paths: ["no-slash"] }]);
    await assert.rejects(env().cluster.apply(object), /spec\.paths\[0\].*must start with '\/'/);
  });

  it("names what it says of a name that somebody else's service has, and leaves that alone", async function () {
    needsDatabase(this, "nobody else has anything in it");
    const name = `${RUN}-contested`;
    const theirs = await env().kong.admin("POST", "/services", { name, host: "theirs.invalid", tags: [RUN_TAG] });
    await scene.apply(["KongService", "contested", { name, url: "http://ours.invalid" }]);
    const expected = { status: "False", reason: "Conflict", message: /service.*not managed.*spec\.adopt/ } as const;
    await scene.condition("KongService", "contested", "Programmed", expected);
    assert.deepEqual(await scene.inKong("services", name), theirs);
    await env().kong.admin("DELETE", `/services/${theirs.id}`);
    await scene.reconcile("KongService", "contested");
    await scene.ready("KongService", "contested");
  });

  it("names the object of ours that has a name already, and serves the second when the first goes", async () => {
    const name = `${RUN}-twice`;
    await scene.apply(["KongService", "first", { name, url: "http://first.invalid" }]);
    await scene.ready("KongService", "first");
    await scene.apply(["KongService", "second", { name, url: "http://second.invalid" }]);
    const message = new RegExp(`belongs to KongService ${scene.namespace}/first`);
    const expected = { status: "False", reason: "Conflict", message } as const;
    await scene.condition("KongService", "second", "Programmed", expected);
    await scene.delete("KongService", "first");
    await scene.ready("KongService", "second");
    assert.equal((await scene.inKong("services", name))["host"], "second.invalid");
  });
});
