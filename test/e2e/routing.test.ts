import assert from "node:assert/strict";
import { eventually } from "./setup-eventually.ts";
import { echoOf, isDbless } from "./setup-kong.ts";
import { useScene } from "./setup-scene.ts";
import { env } from "./setup.ts";

describe("e2e: routing", () => {
  const scene = useScene("routing", { gateway: { drift: { intervalSeconds: 3600 } } });

  before(async () => {
    await scene.apply(["KongService", "shop", { url: env().backends.a.url }]);
  });

  it("serves a route on its service, with the matching path taken off by strip_path", async () => {
    await scene.apply(
      ["KongRoute", "users", { serviceRef: { name: "shop" }, paths: [scene.path("/users")], strip_path: true }],
      ["KongRoute", "raw", { serviceRef: { name: "shop" }, paths: [scene.path("/raw")], strip_path: false }],
    );
    assert.equal((await scene.served(`${scene.path("/users")}/42?x=1`)).path, "/42?x=1");
    assert.equal((await scene.served(`${scene.path("/raw")}/42`)).path, `${scene.path("/raw")}/42`);
  });

  it("lets kubectl wait for Ready and shows the name in Kong and why it is ready", async () => {
    const waited = await scene.kubectl("wait", "--for=condition=Ready", "--timeout=20s", "kongroutes.kjo.dev/users");
    assert.equal(waited.code, 0, waited.output);
    const { output } = await scene.kubectl("get", "kongroutes.kjo.dev", "users");
    assert.match(output, /^NAME\s+KONG NAME\s+SERVICE\s+(SERVING\s+)?READY\s+REASON\s+AGE$/m);
    assert.match(output, new RegExp(`^users\\s+${scene.kongName("users")}\\s+shop\\s+True\\s+Programmed\\s`, "m"));
    const all = await scene.kubectl("get", "kjo");
    for (const name of ["konggateway.kjo.dev/default", "kongservice.kjo.dev/shop", "kongroute.kjo.dev/users"]) {
      assert.ok(all.output.includes(name), all.output);
    }
  });

  it("shows the gateway's version and mode in kubectl get", async () => {
    const { output } = await scene.kubectl("get", "konggateways.kjo.dev");
    const mode = isDbless(process.env) ? "db-less" : "database";
    assert.match(output, new RegExp(`^default\\s+\\d+\\.\\d+\\S*\\s+${mode}\\s+True\\s`, "m"));
  });

  it("serves an edited path and no longer the one before", async () => {
    const path = scene.path("/members");
    await scene.patch("KongRoute", "users", { paths: [path] });
    assert.equal((await scene.served(`${path}/7`)).path, "/7");
    await scene.answered(404, scene.path("/users/7"));
  });

  it("writes a changed route once and reads nothing for it", async () => {
    await scene.ready("KongRoute", "users", "raw");
    scene.front.reset();
    const path = scene.path("/people");
    await scene.patch("KongRoute", "users", { paths: [path] });
    await scene.ready("KongRoute", "users");
    await scene.served(path);
    const { id } = await scene.inKong("routes", scene.kongName("users"));
    const write = isDbless(process.env)
      ? { method: "POST", path: "/config?check_hash=1&flatten_errors=1", status: 201 }
      : { method: "PUT", path: `/routes/${id}`, status: 200 };
    // Whether a gateway without a database still has its configuration is looked at every few seconds.
    const requests = scene.front.requests.filter(({ path: asked }) => asked !== "/status");
    assert.deepEqual(
      requests.map(({ method, path: asked, status }) => ({ method, path: asked, status })),
      [write],
    );
  });

  it("takes a service's url apart into protocol, host, port and path", async () => {
    await scene.apply(
      ["KongService", "under", { url: `${env().backends.b.url}/deep/down` }],
      ["KongService", "bare", { url: "https://bare.invalid" }],
      ["KongRoute", "under", { serviceRef: { name: "under" }, paths: [scene.path("/under")] }],
    );
    await scene.ready("KongService", "under", "bare");
    const { hostname, port } = new URL(env().backends.b.url);
    const shown = async (name: string): Promise<unknown> => {
      const { protocol, host, port, path } = await scene.inKong("services", scene.kongName(name));
      return { protocol, host, port, path };
    };
    assert.deepEqual(await shown("under"), {
      protocol: "http",
      host: hostname,
      port: Number(port),
      path: "/deep/down",
    });
    assert.deepEqual(await shown("bare"), { protocol: "https", host: "bare.invalid", port: 443, path: null });
    assert.equal((await scene.served(`${scene.path("/under")}/x`)).path, "/deep/down/x");
  });

  it("gives up on a backend after the service's read_timeout", async () => {
    const path = scene.path("/slow");
    await scene.apply(
      ["KongService", "slow", { url: env().backends.silent.url, retries: 0, read_timeout: 300 }],
      ["KongRoute", "slow", { serviceRef: { name: "slow" }, paths: [path] }],
    );
    await scene.answered(504, path);
  });

  it("matches by host, method and header", async () => {
    const toShop = { serviceRef: { name: "shop" }, paths: [scene.path("/match")], strip_path: true };
    await scene.apply(
      ["KongRoute", "by-host", { ...toShop, hosts: [scene.host("api"), `*.${scene.host("wild")}`] }],
      ["KongRoute", "by-method", { ...toShop, paths: [scene.path("/method")], methods: ["POST", "PUT"] }],
      ["KongRoute", "by-header", { ...toShop, paths: [scene.path("/header")], headers: { "x-version": ["v2", "v3"] } }],
    );
    for (const host of [scene.host("api"), `any.${scene.host("wild")}`]) {
      await scene.served(scene.path("/match"), { headers: { host } });
    }
    await scene.answered(404, scene.path("/match"), { headers: { host: scene.host("other") } });
    assert.equal((await scene.served(scene.path("/method"), { method: "PUT" })).method, "PUT");
    await scene.answered(404, scene.path("/method"));
    await scene.served(scene.path("/header"), { headers: { "x-version": "v3" } });
    await scene.answered(404, scene.path("/header"), { headers: { "x-version": "v1" } });
  });

  it("answers the annotation kjo.dev/reconcile in status.lastHandledReconcileAt, and writes nothing that is right", async () => {
    await scene.ready("KongService", "shop");
    scene.front.reset();
    for (const [kind, name] of [
      ["KongService", "shop"],
      ["KongRoute", "users"],
      ["KongGateway", "default"],
    ] as const) {
      await scene.reconcile(kind, name);
    }
    assert.deepEqual(scene.front.writes, []);
  });

  it("stops serving a deleted route and goes on with the others", async () => {
    await scene.delete("KongRoute", "raw");
    await scene.gone("KongRoute", "raw");
    await scene.answered(404, scene.path("/raw"));
    await eventually(async () => echoOf(await env().kong.get(scene.path("/people"))));
  });
});
