import assert from "node:assert/strict";
import { conditionOf } from "./setup-cluster.ts";
import { needsDatabase } from "./setup-database.ts";
import { applyService } from "./setup-endpoints.ts";
import { eventually } from "./setup-eventually.ts";
import { RUN, RUN_TAG } from "./setup-run.ts";
import { useScene, type Applied, type Scene, type Spec } from "./setup-scene.ts";
import { env } from "./setup.ts";

const OPEN_ANSWER = { plugin: "request-termination", config: { status_code: 418, message: "tenant" } };

describe("e2e: tenants", () => {
  // Closed in this order: the tenants' objects leave before the gateway.
  const team = useScene("team-a", { gateway: false });
  const rival = useScene("team-b", { gateway: false });
  const owner = useScene("owner");
  const gatewayRef = { name: "default", namespace: owner.namespace };
  const tenant = (rest: Spec = {}): Spec => ({
    allowedNamespaces: { from: "All" },
    tenants: [
      { namespaces: { names: [team.namespace] }, hosts: [`*.${team.namespace}.test`, team.host("exact")], ...rest },
      { namespaces: { names: [rival.namespace] }, hosts: [`*.${rival.namespace}.test`] },
    ],
  });
  const open = (rest?: Spec) => owner.patch("KongGateway", "default", tenant(rest));

  before(async () => {
    await open();
    await owner.ready("KongGateway", "default");
  });

  async function refused(scene: Scene, [kind, name, spec]: Applied, message: RegExp): Promise<void> {
    await scene.apply([kind, name, { gatewayRef, ...spec }]);
    const expected = { status: "False", reason: "TenantRestricted", message } as const;
    await scene.condition(kind, name, "Accepted", expected);
    await scene.condition(kind, name, "Ready", expected);
    await scene.delete(kind, name);
    await scene.gone(kind, name);
  }

  it("serve routes of their own hosts, with plugins that concern nobody else", async () => {
    await team.apply(
      ["KongRoute", "open", { hosts: [team.host("www")], gatewayRef }],
      ["KongPluginBinding", "open", { ...OPEN_ANSWER, targets: [{ routeRef: { name: "open" } }], gatewayRef }],
    );
    await team.ready("KongRoute", "open");
    await team.ready("KongPluginBinding", "open");
    await owner.answered(418, "/", { headers: { host: team.host("www") } });
  });

  const ROUTES: readonly (readonly [what: string, spec: () => Spec, message: RegExp])[] = [
    [
      "of another tenant's host",
      () => ({ hosts: [rival.host("www")] }),
      /spec\.hosts\[0\].*no host of the namespace.*spec\.tenants\[\]\.hosts/,
    ],
    ["of everybody's hosts", () => ({ hosts: ["*.test"] }), /spec\.hosts\[0\]/],
    ["of one good and one bad host", () => ({ hosts: [team.host("www"), "example.com"] }), /spec\.hosts\[1\]/],
    ["without hosts", () => ({ paths: [team.path("/all")] }), /spec\.hosts must be set/],
    ["of headers only", () => ({ headers: { "x-a": ["b"] } }), /spec\.hosts must be set/],
    [
      "of another's SNI",
      () => ({ hosts: [team.host("www")], protocols: ["https"], snis: [rival.host("tls")] }),
      /spec\.snis\[0\]/,
    ],
    ["of raw connections", () => ({ protocols: ["tcp"], destinations: [{ port: 9000 }] }), /spec\.protocols/],
    [
      "of raw TLS of another's",
      () => ({ protocols: ["tls_passthrough"], snis: [rival.host("tls")] }),
      /spec\.snis\[0\]/,
    ],
    ["by expression", () => ({ expression: 'http.path == "/x"' }), /spec\.expression/],
    [
      "under a name of their choice",
      () => ({ hosts: [team.host("www")], name: `${RUN}-mine` }),
      /spec\.name.*customNames/,
    ],
    ["adopted", () => ({ hosts: [team.host("www")], adopt: { mode: "override" } }), /spec\.adopt.*customNames/],
    [
      "left behind",
      () => ({ hosts: [team.host("www")], deletionPolicy: "Orphan" }),
      /spec\.deletionPolicy.*customNames/,
    ],
  ];
  for (const [what, spec, message] of ROUTES) {
    it(`are refused a route ${what}`, () => refused(team, ["KongRoute", "bad", spec()], message));
  }

  const SERVICES: readonly (readonly [what: string, spec: () => Spec, message: RegExp])[] = [
    ["the Admin API", () => ({ url: owner.front.url }), /spec\.host.*(Admin API|own node)/],
    ["Kong's own node", () => ({ url: "http://localhost:8001" }), /spec\.host.*own node/],
    ["the node in another spelling", () => ({ host: "2130706433" }), /spec\.host.*(Admin API|own node)/],
    ["the cloud's metadata", () => ({ url: "http://169.254.169.254/latest" }), /spec\.host.*metadata/],
    ["the cluster's API", () => ({ url: "https://kubernetes.default.svc" }), /spec\.host.*namespace default/],
    ["a private address", () => ({ url: "http://10.1.2.3" }), /spec\.host.*private.*destinations/],
    ["another tenant's Service", () => ({ url: `http://shop.${rival.namespace}.svc` }), /spec\.host.*namespace/],
    [
      "another tenant's upstream",
      () => ({ host: `pool.${rival.namespace}.kjo.invalid` }),
      /spec\.host.*upstream of the namespace/,
    ],
  ];
  for (const [what, spec, message] of SERVICES) {
    it(`are refused a service that leads to ${what}`, () => refused(team, ["KongService", "bad", spec()], message));
  }

  it("are refused an upstream named like another tenant's host, and targets that are not theirs", async () => {
    await refused(team, ["KongUpstream", "bad", { name: rival.host("www") }], /spec\.name.*kjo\.invalid/);
    await refused(team, ["KongUpstream", "bad", { targets: [{ target: "10.1.2.3:80" }] }], /spec\.targets.*private/);
    await refused(team, ["KongUpstream", "bad", { targets: [{ target: "[::ffff:127.0.0.1]:8001" }] }], /spec\.targets/);
  });

  it("are not led to Kong's own node by an upstream that was refused the name of it", async () => {
    await team.apply(["KongUpstream", "pool", { targets: [{ target: "192.0.2.10:80" }], gatewayRef }]);
    await team.ready("KongUpstream", "pool");
    await team.patch("KongUpstream", "pool", { name: "localhost" });
    await team.condition("KongUpstream", "pool", "Accepted", { status: "False", reason: "TenantRestricted" });
    await refused(team, ["KongService", "bad", { upstreamRef: { name: "pool" }, port: 8001 }], /spec\.host.*own node/);
    await team.delete("KongUpstream", "pool");
    await team.gone("KongUpstream", "pool");
  });

  it("are not led to another namespace by a Service of theirs that only names a host; what else they have serves", async () => {
    const names = { type: "ExternalName", externalName: `shop.${rival.namespace}.svc.cluster.local` };
    await applyService(team, "elsewhere", names);
    await applyService(team, "fine", { type: "ExternalName", externalName: "fine.example.test" });
    const backends = ["elsewhere", "fine"].map((name) => ({ serviceRef: { name, port: 80 } }));
    await team.apply(["KongUpstream", "out", { backends, gatewayRef }]);
    const expected = {
      status: "True",
      reason: "EndpointNotPermitted",
      message: /spec\.backends\[0\].*namespace/,
    } as const;
    await team.condition("KongUpstream", "out", "ResolvedRefs", expected);
    const { id } = await owner.inKong("upstreams", `out.${team.namespace}.kjo.invalid`);
    const targets = await env().kong.list(`/upstreams/${id}/targets`);
    assert.deepEqual(
      targets.map(({ target }) => target),
      ["fine.example.test:80"],
    );
    await team.delete("KongUpstream", "out");
    await team.gone("KongUpstream", "out");
  });

  it("may send logs to where everybody may", async () => {
    const config = { http_endpoint: "http://logs.example.test:9411/a" };
    await team.apply(["KongPluginBinding", "logs", { plugin: "http-log", config, ...onRoute, gatewayRef }]);
    await team.ready("KongPluginBinding", "logs");
    await team.delete("KongPluginBinding", "logs");
    await team.gone("KongPluginBinding", "logs");
  });

  const onRoute = { targets: [{ routeRef: { name: "open" } }] };
  const PLUGINS: readonly (readonly [what: string, spec: Spec, message: RegExp])[] = [
    [
      "pre-function",
      { plugin: "pre-function", config: { access: ["return 1"] }, ...onRoute },
      /pre-function is closed.*Lua.*plugins\.allow: \[pre-function\]/,
    ],
    [
      "file-log to a path",
      { plugin: "file-log", config: { path: "/tmp/x" }, ...onRoute },
      /file-log is closed.*writes files/,
    ],
    [
      "a log that runs Lua",
      {
        plugin: "http-log",
        config: { http_endpoint: "http://example.com", custom_fields_by_lua: { a: "return 1" } },
        ...onRoute,
      },
      /spec\.config\.custom_fields_by_lua/,
    ],
    [
      "a log to the Admin API",
      { plugin: "http-log", config: { http_endpoint: "http://127.0.0.1:8001/services" }, ...onRoute },
      /spec\.config\.http_endpoint/,
    ],
    [
      "a template that is code",
      { plugin: "request-transformer", config: { add: { headers: ["a:$(os.getenv('X'))"] } }, ...onRoute },
      /spec\.config\.add\.headers\.0.*Lua/,
    ],
    [
      "another's consumer for anonymous ones",
      { plugin: "key-auth", config: { anonymous: "admin" }, ...onRoute },
      /spec\.config\.anonymous/,
    ],
    ["a plugin on every request", { ...OPEN_ANSWER, scope: "Global" }, /every request.*globalPlugins/],
    [
      "Kong's environment",
      { plugin: "response-transformer", config: { add: { headers: ["{vault://env/kong-pg-password}"] } }, ...onRoute },
      /the vault env.*vaultRefs/,
    ],
    ["an unknown plugin", { plugin: "my-own", ...onRoute }, /my-own is closed/],
    [
      "an instance name of their choice",
      { ...OPEN_ANSWER, instance_name: `${RUN}-x`, ...onRoute },
      /spec\.instance_name.*customNames/,
    ],
  ];
  for (const [what, spec, message] of PLUGINS) {
    it(`are refused ${what}`, () => refused(team, ["KongPluginBinding", "bad", spec], message));
  }

  it("are refused a reference to a vault that comes out of a Secret, and its value is not told", async () => {
    await team.secret("config", { config: "add: { headers: ['x-key:{vault://env/a-secret-name-of-mine}'] }" });
    const configFrom = { secretKeyRef: { name: "config", key: "config" } };
    await refused(
      team,
      ["KongPluginBinding", "bad", { plugin: "response-transformer", configFrom, ...onRoute }],
      /^(?!.*a-secret-name).*the vault env/,
    );
  });

  it("are refused what is larger than any sensible entity", async () => {
    const spec = {
      plugin: "request-termination",
      config: { body: "x".repeat(1_000_000), status_code: 418 },
      ...onRoute,
    };
    await refused(team, ["KongPluginBinding", "bad", spec], /bytes; a tenant's has at most 65536/);
  });

  it("are refused consumers until those are opened; then groups bear the namespace, in consumers and in acl alike", async () => {
    await refused(team, ["KongConsumer", "bad", {}], /counts on everyone's routes.*consumers/);
    await open({ consumers: true });
    await team.secret("key", { key: `${team.namespace}-api-key` });
    await team.apply(
      [
        "KongConsumer",
        "alice",
        { groups: ["staff"], credentials: [{ type: "key-auth", secretRef: { name: "key" } }], gatewayRef },
      ],
      ["KongRoute", "acl", { hosts: [team.host("acl")], gatewayRef }],
      [
        "KongPluginBinding",
        "acl",
        { plugin: "acl", config: { allow: ["staff"] }, targets: [{ routeRef: { name: "acl" } }], gatewayRef },
      ],
      ["KongPluginBinding", "key", { plugin: "key-auth", targets: [{ routeRef: { name: "acl" } }], gatewayRef }],
      ["KongPluginBinding", "answer", { ...OPEN_ANSWER, targets: [{ routeRef: { name: "acl" } }], gatewayRef }],
    );
    await team.ready("KongConsumer", "alice");
    await team.ready("KongPluginBinding", "acl", "key", "answer");
    const groups = await env().kong.list(`/consumers/${team.kongName("alice")}/acls`);
    assert.deepEqual(
      groups.map(({ group }) => group),
      [`${team.namespace}.staff`],
    );
    await owner.answered(418, "/", { headers: { host: team.host("acl"), apikey: `${team.namespace}-api-key` } });
    await owner.answered(401, "/", { headers: { host: team.host("acl") } });
    await refused(team, ["KongConsumer", "odd", { username: "../../plugins" }], /spec\.username/);
    await refused(team, ["KongConsumer", "odd", { custom_id: "an id; DROP" }], /spec\.custom_id/);
  });

  it("may do what is opened, at once", async () => {
    await team.apply(["KongPluginBinding", "log", { plugin: "prometheus", ...onRoute, gatewayRef }]);
    await team.condition("KongPluginBinding", "log", "Ready", { status: "False", reason: "TenantRestricted" });
    await open({ consumers: true, plugins: { allow: ["prometheus"] } });
    await team.ready("KongPluginBinding", "log");
    await team.delete("KongPluginBinding", "log");
    await team.gone("KongPluginBinding", "log");
  });

  it("keep what is permitted and stands, where a change is refused", async () => {
    await team.patch("KongRoute", "open", { hosts: [rival.host("www")] });
    await team.condition("KongRoute", "open", "Accepted", { status: "False", reason: "TenantRestricted" });
    await owner.answered(418, "/", { headers: { host: team.host("www") } });
    assert.deepEqual((await owner.inKong("routes", team.kongName("open")))["hosts"], [team.host("www")]);
    await team.patch("KongRoute", "open", { hosts: [team.host("www")] });
    await team.ready("KongRoute", "open");
  });

  it("cannot take over what another instance has", async function () {
    needsDatabase(this, "it has one owner, so there is nothing to adopt");
    const name = `${RUN}-of-another`;
    const tags = ["kjo.instance:else.where", "kjo.cluster:x", "kjo.object:KongService:else:where", RUN_TAG];
    const theirs = await env().kong.admin("POST", "/services", { name, host: "theirs.invalid", tags });
    await open({ customNames: true, consumers: true });
    await team.apply([
      "KongService",
      "thief",
      { name, url: "http://thief.example", adopt: { mode: "override" }, gatewayRef },
    ]);
    const message = /belongs to KongService else\/where of instance else\.where/;
    await team.condition("KongService", "thief", "Programmed", { status: "False", reason: "Conflict", message });
    assert.deepEqual(await owner.inKong("services", name), theirs);
    await team.delete("KongService", "thief");
    await team.gone("KongService", "thief");
  });

  it("cannot use what is in another namespace", async () => {
    await open({ customNames: true, consumers: true });
    await rival.apply(["KongService", "theirs", { url: "http://theirs.example", gatewayRef }]);
    await rival.ready("KongService", "theirs");
    await team.apply(["KongRoute", "across", { hosts: [team.host("x")], serviceRef: { name: "theirs" }, gatewayRef }]);
    await team.condition("KongRoute", "across", "ResolvedRefs", { status: "False", reason: "RefNotFound" });
    await rival.secret("theirs", { key: "somebody-else-s-key" });
    const credentials = [{ type: "key-auth", secretRef: { name: "theirs" } }];
    await team.apply(["KongConsumer", "spy", { credentials, gatewayRef }]);
    await team.condition("KongConsumer", "spy", "ResolvedRefs", { status: "False", reason: "SecretNotFound" });
  });

  it("lose what is no longer opened: it leaves Kong, an Event says so, and it comes back with the right", async () => {
    await open({ consumers: true });
    await team.ready("KongRoute", "acl");
    await owner.patch("KongGateway", "default", { ...tenant(), tenants: [] });
    await team.condition("KongRoute", "open", "Programmed", { status: "False", reason: "Revoked" });
    await team.condition("KongConsumer", "alice", "Programmed", { status: "False", reason: "Revoked" });
    await eventually(async () =>
      assert.deepEqual(
        (await owner.ownedInKong()).filter((each) => each.includes("route")),
        [],
      ),
    );
    assert.equal((await team.events("KongRoute", "open", "Revoked")).length, 1);
    await open({ consumers: true });
    await team.ready("KongRoute", "open", "acl");
    await team.ready("KongConsumer", "alice");
    await owner.answered(418, "/", { headers: { host: team.host("www") } });
  });

  it("lose a service together with the routes on it, where only the service is no longer permitted", async () => {
    await open({ destinations: ["10.0.0.0/8"], consumers: true });
    await team.apply(
      ["KongService", "inner", { url: "http://10.9.8.7", gatewayRef }],
      ["KongRoute", "inner", { hosts: [team.host("inner")], serviceRef: { name: "inner" }, gatewayRef }],
    );
    await team.ready("KongRoute", "inner");
    await open({ consumers: true });
    await team.condition("KongService", "inner", "Programmed", { status: "False", reason: "Revoked" });
    await team.condition("KongRoute", "inner", "Programmed", { status: "Unknown", reason: "RefNotReady" });
    assert.equal(await env().kong.find("services", team.kongName("inner")), undefined);
    assert.equal(await env().kong.find("routes", team.kongName("inner")), undefined);
    await open({ destinations: ["10.0.0.0/8"], consumers: true });
    await team.ready("KongService", "inner");
    await team.ready("KongRoute", "inner");
  });

  it("lose a plugin that may keep strangers out together with the answer of its routes, which is 503", async () => {
    await open({ plugins: { allow: ["session"] }, consumers: true });
    await team.ready("KongRoute", "open");
    await team.delete("KongPluginBinding", "open");
    await team.gone("KongPluginBinding", "open");
    await team.apply(["KongPluginBinding", "guard", { plugin: "session", ...onRoute, gatewayRef }]);
    await team.ready("KongPluginBinding", "guard");
    await open({ consumers: true });
    await team.condition("KongPluginBinding", "guard", "Programmed", { status: "False", reason: "Revoked" });
    await owner.answered(503, "/", { headers: { host: team.host("www") } });
    await open({ plugins: { allow: ["session"] }, consumers: true });
    await team.ready("KongPluginBinding", "guard");
    const { id } = await owner.inKong("routes", team.kongName("open"));
    assert.deepEqual(
      (await env().kong.list(`/routes/${id}/plugins`)).map(({ name }) => name),
      ["session"],
    );
    await team.delete("KongPluginBinding", "guard");
    await team.gone("KongPluginBinding", "guard");
  });

  it("cannot keep what is no longer permitted by breaking their object", async () => {
    await team.patch("KongRoute", "open", { serviceRef: { name: "missing" } });
    await team.condition("KongRoute", "open", "ResolvedRefs", { status: "False" });
    await owner.patch("KongGateway", "default", { tenants: [] });
    await eventually(async () => assert.equal(await env().kong.find("routes", team.kongName("open")), undefined));
  });

  it("keep what they have where the owner only wants a report", async () => {
    await open({ consumers: true });
    await team.ready("KongRoute", "acl");
    await owner.patch("KongGateway", "default", { tenants: [], revocation: { policy: "Report" } });
    await team.condition("KongRoute", "acl", "Programmed", { status: "False", reason: "RevocationReported" });
    assert.ok(await env().kong.find("routes", team.kongName("acl")));
  });

  it("leave with their namespace: one that is no longer admitted has nothing in Kong", async () => {
    await owner.patch("KongGateway", "default", {
      ...tenant(),
      revocation: { policy: "Delete" },
      allowedNamespaces: { from: "Same" },
    });
    await eventually(async () => assert.deepEqual(await owner.ownedInKong(), []));
    await team.condition("KongRoute", "acl", "ResolvedRefs", { status: "False", reason: "NamespaceNotAllowed" });
    const ready = conditionOf(await team.get("KongRoute", "acl"), "Ready");
    assert.equal(ready?.reason, "NamespaceNotAllowed");
  });
});
