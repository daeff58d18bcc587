import assert from "node:assert/strict";
import type { JsonObject } from "../../../src/model/json.ts";
import { startKongDouble, type KongDouble } from "../../doubles/kong/double.ts";
import { lines, post, run } from "./rig.ts";

const object = (kind: string, name: string, spec: object): string =>
  JSON.stringify({ apiVersion: "kjo.dev/v1alpha1", kind, metadata: { name }, spec });
const secret = (name: string, stringData: object): string =>
  JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name }, stringData });
const all = (...objects: readonly string[]): string => objects.join("\n---\n");

const rows = (kong: KongDouble, type: string): JsonObject[] => [...kong.store.table(type).rows.values()];

const SERVICE = object("KongService", "users", { name: "users", url: "http://users.example" });
const ROUTE = object("KongRoute", "users", { name: "users", serviceRef: { name: "users" }, paths: ["/users"] });
const CONSUMER = object("KongConsumer", "app", {
  username: "app",
  credentials: [{ type: "key-auth", secretRef: { name: "app" } }],
});
const LIMIT = object("KongPluginBinding", "limit", {
  plugin: "rate-limiting",
  config: { minute: 5, policy: "redis", redis: { host: "redis.example" } },
  configPatches: [{ path: "/redis/password", valueFrom: { secretKeyRef: { name: "redis", key: "password" } } }],
  targets: [{ serviceRef: { name: "users" } }],
});
const SECRETS = all(secret("app", { key: "canary-key" }), secret("redis", { password: "canary-password" }));
const SET = all(SERVICE, ROUTE, CONSUMER, LIMIT, SECRETS);

for (const dbless of [false, true]) {
  describe(`offline: manifests against a gateway ${dbless ? "without" : "with"} a database`, () => {
    let kong: KongDouble;

    beforeEach(async () => {
      kong = await startKongDouble({ dbless });
    });

    afterEach(() => kong.stop());

    it("says what it would write, writes that, and then nothing more", async () => {
      const planned = await run(kong.adminUrl, SET, { write: false });
      assert.deepEqual(lines(planned), [
        "create consumers app",
        "create keyauth_credentials key-auth.app",
        "create plugins rate-limiting (service.users)",
        "create routes users",
        "create services users",
      ]);
      assert.equal(rows(kong, "services").length, 0);
      const written = await run(kong.adminUrl, SET);
      assert.deepEqual(written.failures, []);
      assert.deepEqual(lines(written), lines(planned));
      kong.resetCounts();
      assert.deepEqual(lines(await run(kong.adminUrl, SET)), []);
      assert.equal(kong.count("writes"), 0);
    });

    it("shows old and new values, and none that is secret", async () => {
      await run(kong.adminUrl, SET);
      const changed = SET.replace('"minute":5', '"minute":7')
        .replace('["/users"]', '["/users"],"strip_path":false')
        .replaceAll("canary-", "canary-other-");
      const planned = await run(kong.adminUrl, changed, { write: false });
      assert.deepEqual(lines(planned), [
        "update keyauth_credentials key-auth.app: key",
        "update plugins rate-limiting (service.users): config.minute 5 → 7, config.redis.password",
        "update routes users: strip_path true → false",
      ]);
      assert.ok(!JSON.stringify(planned).includes("canary"));
    });

    it("removes what is no longer described, when asked to, and lets its name be taken", async () => {
      await run(kong.adminUrl, SET);
      const renamed = all(
        SERVICE,
        object("KongRoute", "people", { name: "users", serviceRef: { name: "users" }, paths: ["/p"] }),
      );
      const planned = await run(kong.adminUrl, renamed, { write: false, prune: true });
      assert.ok(lines(planned).includes("delete routes users"));
      const done = await run(kong.adminUrl, renamed, { prune: true });
      assert.deepEqual(done.failures, []);
      assert.deepEqual(lines(await run(kong.adminUrl, renamed, { write: false, prune: true })), []);
      assert.deepEqual(
        rows(kong, "routes").map(({ paths }) => paths),
        [["/p"]],
      );
      assert.equal(rows(kong, "consumers").length, 0);
    });

    it("names what fails, with what refers to it, and does the rest", async () => {
      const result = await run(
        kong.adminUrl,
        all(
          SERVICE,
          object("KongRoute", "lost", { serviceRef: { name: "nowhere" }, paths: ["/a"] }),
          object("KongRoute", "invalid", { serviceRef: { name: "users" }, paths: ["no-slash"] }),
          object("KongPluginBinding", "refused", {
            plugin: "cors",
            config: { max_age: "x" },
            targets: [{ serviceRef: { name: "users" } }],
          }),
          object("KongPluginBinding", "on-lost", { plugin: "cors", targets: [{ routeRef: { name: "lost" } }] }),
          object("KongUpstream", "live", { backends: [{ serviceRef: { name: "users", port: 80 } }] }),
          object("KongService", "of-live", { upstreamRef: { name: "live" } }),
          object("KongService", "of-nobody", { upstreamRef: { name: "nobody" } }),
          CONSUMER,
        ),
      );
      const reasons = result.failures.map(({ object: name, reason }) => `${name} ${reason}`).sort();
      assert.deepEqual(reasons, [
        "KongConsumer/team-a/app SecretNotFound",
        "KongPluginBinding/team-a/on-lost RefNotReady",
        "KongPluginBinding/team-a/refused Rejected",
        "KongRoute/team-a/invalid InvalidSpec",
        "KongRoute/team-a/lost RefNotFound",
        "KongService/team-a/of-live RefNotReady",
        "KongService/team-a/of-nobody RefNotFound",
        "KongUpstream/team-a/live ClusterNeeded",
      ]);
      assert.ok(result.failures.every(({ source }) => source === "in.yaml"));
      assert.equal(rows(kong, "services").length, 1);
    });

    it("finds by asking Kong what it would refuse, without writing it", async () => {
      const refused = object("KongPluginBinding", "refused", {
        plugin: "cors",
        config: { max_age: "x" },
        scope: "Global",
      });
      const planned = await run(kong.adminUrl, all(SERVICE, refused), { write: false });
      assert.deepEqual(lines(planned), ["create services users"]);
      assert.deepEqual(
        planned.failures.map(({ reason }) => reason),
        ["Rejected"],
      );
      assert.match(planned.failures[0]?.message ?? "", /max_age/);
    });

    it("fills placeholders from the environment, and takes none for a value", async () => {
      const set = all(CONSUMER, secret("app", { key: "${KJO_SECRET_APP_KEY}" }));
      const [failure] = (await run(kong.adminUrl, set)).failures;
      assert.match(failure?.message ?? "", /KJO_SECRET_APP_KEY/);
      await run(kong.adminUrl, set, { variable: () => "from-environment" });
      assert.deepEqual(
        rows(kong, "keyauth_credentials").map(({ key }) => key),
        ["from-environment"],
      );
    });

    it("leaves an instance alone that another cluster uses", async () => {
      await run(kong.adminUrl, SET, { cluster: "7f000000-0000-4000-8000-000000000001" });
      const result = await run(kong.adminUrl, SET.replace('"minute":5', '"minute":6'), { prune: true });
      assert.deepEqual(result.changes, []);
      assert.match(result.failures[0]?.reason ?? "", /InstanceInUse|ForeignConfiguration/);
    });
  });
}

describe("offline: manifests against a gateway that others use too", () => {
  let kong: KongDouble;

  beforeEach(async () => {
    kong = await startKongDouble();
  });

  afterEach(() => kong.stop());

  it("shows a name that somebody else has as a conflict, before anything is written", async () => {
    await post(kong.adminUrl, "/services", { name: "users", host: "by-hand.example" });
    const planned = await run(kong.adminUrl, SET, { write: false });
    assert.deepEqual(
      planned.failures.map(({ object: name, reason }) => `${name} ${reason}`),
      [
        "KongService/team-a/users Conflict",
        "KongRoute/team-a/users RefNotReady",
        "KongPluginBinding/team-a/limit RefNotReady",
      ],
    );
  });

  it("shows what taking it over changes", async () => {
    await post(kong.adminUrl, "/services", { name: "users", host: "by-hand.example", retries: 3 });
    const adopting = SERVICE.replace('"url"', '"adopt":{"mode":"override"},"url"');
    const planned = await run(kong.adminUrl, adopting, { write: false });
    const [change] = lines(planned);
    for (const part of ["adopt services users: ", 'host "by-hand.example" → "users.example"', "retries 3 → 5"])
      assert.ok(change?.includes(part), `${change} lacks ${part}`);
    await run(kong.adminUrl, adopting);
    assert.equal(rows(kong, "services").length, 1);
  });

  it("takes the gateways of the files, each with its own objects", async () => {
    const gateway = (name: string, url: string): string => object("KongGateway", name, { adminApi: { url } });
    const set = all(gateway("default", kong.adminUrl), gateway("away", "http://127.0.0.1:1"), SERVICE, ROUTE);
    const result = await run(kong.adminUrl, set, { given: undefined });
    assert.deepEqual(
      result.failures.map(({ object: name }) => name),
      ["KongGateway/team-a/away"],
    );
    assert.deepEqual(lines(result), ["create routes users", "create services users"]);
    assert.ok(rows(kong, "services")[0]?.["tags"]?.toString().includes("kjo.instance:team-a.default"));
  });
});
