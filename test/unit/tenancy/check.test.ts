import assert from "node:assert/strict";
import { TenantRestrictedError } from "../../../src/errors.ts";
import type { JsonObject } from "../../../src/model/json.ts";
import type { KongEntityType } from "../../../src/model/kong-entity.ts";
import { assertPermitted, isPermitted } from "../../../src/tenancy/check.ts";
import { closureOf, isClosure } from "../../../src/tenancy/closure.ts";
import { rightsOf } from "../../../src/tenancy/rights.ts";
import type { TenancyContext } from "../../../src/tenancy/violation.ts";

type Tenants = Parameters<typeof rightsOf>[0]["tenants"];

function contextOf(tenants: Tenants, kind = "KongRoute"): TenancyContext {
  const rights = rightsOf({ tenants }, "team-a", { tier: "web" });
  return {
    owner: { kind, namespace: "team-a", name: "x" },
    gateway: { kind: "KongGateway", namespace: "kong", name: "shared" },
    naming: "Namespaced",
    rights,
    destinations: { namespace: "team-a", opened: rights.destinations, adminHosts: [], isNamespace: () => false },
  };
}

const entity = (type: KongEntityType, fields: JsonObject) => ({ type, fields });
const mine = { names: ["team-a"] };

/** Each is a public host to some parsers of URLs, and Kong's own node to others. */
const URLS_OF_TWO_MINDS = [
  "http://127.0.0.1:8001@good.example/",
  "http://good.example\\@127.0.0.1:8001/services",
  "http://good.example?@127.0.0.1/",
  "http://good.example#@127.0.0.1/",
  "http:good.example",
  "http://good.example:80:80/",
];

describe("tenancy/check", () => {
  it("takes together what several entries open, and what any of them denies", () => {
    const rights = rightsOf(
      {
        tenants: [
          { namespaces: mine, hosts: ["A.example"], plugins: { allow: ["session"] } },
          { namespaces: { selector: { matchLabels: { tier: "web" } } }, hosts: ["b.example"], consumers: true },
          { namespaces: { names: ["team-b"] }, hosts: ["c.example"], customNames: true },
          { namespaces: { selector: {} }, plugins: { deny: ["cors"] } },
        ],
      },
      "team-a",
      { tier: "web" },
    );
    assert.deepEqual(rights.hosts, ["a.example", "b.example"]);
    assert.equal(rights.consumers, true);
    assert.equal(rights.customNames, false);
    assert.deepEqual([...rights.plugins.allow, ...rights.plugins.deny], ["session", "cors"]);
  });

  const PLUGINS: readonly (readonly [plugins: object, name: string, open: boolean])[] = [
    [{}, "cors", true],
    [{}, "session", false],
    [{ allow: ["session"] }, "session", true],
    [{ allow: ["*"] }, "my-own", true],
    [{ allow: ["*"], deny: ["my-own"] }, "my-own", false],
    [{ deny: ["*"] }, "cors", false],
    [{ deny: ["*"], allow: ["cors"] }, "cors", true],
    [{ deny: ["cors"], allow: ["cors"] }, "cors", false],
  ];
  for (const [plugins, name, open] of PLUGINS) {
    it(`${open ? "lets" : "does not let"} ${JSON.stringify(plugins)} have ${name}`, () => {
      const context = contextOf([{ namespaces: mine, plugins }], "KongPluginBinding");
      assert.equal(isPermitted([entity("plugins", { name, route: { id: "r" }, config: {} })], context), open);
    });
  }

  const ENTITIES: readonly (readonly [what: string, type: KongEntityType, fields: JsonObject, permitted: boolean])[] = [
    ["a name with the namespace before it", "services", { name: "team-a.y", host: "api.example.com" }, true],
    ["a name of its own", "services", { name: "y", host: "api.example.com" }, false],
    ["another namespace's name", "services", { name: "team-b.y", host: "api.example.com" }, false],
    ["an upstream under its namespace", "upstreams", { name: "pool.team-a.kjo.invalid" }, true],
    ["an upstream under another's", "upstreams", { name: "pool.team-b.kjo.invalid" }, false],
    [
      "a vault reference in a map's name",
      "routes",
      { hosts: ["a.example"], headers: { "{vault://env/x}": ["y"] } },
      false,
    ],
    ["a certificate without SNIs", "certificates", { cert: "c", key: "k" }, true],
    ["an SNI of another", "snis", { name: "b.example" }, false],
    ["an SNI of its own", "snis", { name: "a.example" }, true],
    ["a CA certificate", "ca_certificates", { cert: "c" }, true],
    ["a vault", "vaults", { name: "env", prefix: "mine" }, false],
    [
      "a look-up in a template",
      "plugins",
      {
        name: "request-transformer",
        route: { id: "r" },
        config: { add: { headers: ["a:$(headers.x) $(uri_captures['y'])"] } },
      },
      true,
    ],
    [
      "code in a template",
      "plugins",
      {
        name: "request-transformer",
        route: { id: "r" },
        config: { add: { headers: ["a:$(headers.x .. ('z'):rep(9))"] } },
      },
      false,
    ],
    [
      "a group of another in the acl plugin",
      "plugins",
      { name: "acl", route: { id: "r" }, config: { allow: ["staff"] } },
      false,
    ],
    [
      "Redis beside Kong, unused",
      "plugins",
      { name: "rate-limiting", route: { id: "r" }, config: { policy: "local", redis: { host: "localhost" } } },
      true,
    ],
    [
      "Redis beside Kong, used",
      "plugins",
      { name: "rate-limiting", route: { id: "r" }, config: { policy: "redis", redis: { host: "localhost" } } },
      false,
    ],
    [
      "a log with a user in its URL",
      "plugins",
      { name: "http-log", route: { id: "r" }, config: { http_endpoint: "http://u:p@127.1:8001/" } },
      false,
    ],
    ...URLS_OF_TWO_MINDS.map(
      (http_endpoint) =>
        [
          `a log to ${http_endpoint}`,
          "plugins",
          { name: "zipkin", route: { id: "r" }, config: { http_endpoint } },
          false,
        ] as const,
    ),
    [
      "a plain URL",
      "plugins",
      { name: "zipkin", route: { id: "r" }, config: { http_endpoint: "https://logs.example.com:9411/a?b=c@d" } },
      true,
    ],
    [
      "code behind a text with a parenthesis",
      "plugins",
      {
        name: "request-transformer",
        route: { id: "r" },
        config: { add: { headers: ['a:$(headers["("]) .. (("x"):rep(9)..")")'] } },
      },
      false,
    ],
    ["a plugin on a consumer alone", "plugins", { name: "cors", consumer: { id: "c" }, config: {} }, false],
  ];
  for (const [what, type, fields, permitted] of ENTITIES) {
    it(`${permitted ? "permits" : "does not permit"} ${what}`, () => {
      assert.equal(
        isPermitted([entity(type, fields)], contextOf([{ namespaces: mine, hosts: ["a.example"] }])),
        permitted,
      );
    });
  }

  it("names object, field, rule and the field that opens it, and no value that came from a Secret", () => {
    const fields = { name: "http-log", route: { id: "r" }, config: { http_endpoint: "http://10.0.0.1/secret-path" } };
    const plugin = { ...entity("plugins", fields), secretPaths: ["config.http_endpoint"] };
    assert.throws(
      () => assertPermitted({}, [plugin], contextOf([], "KongPluginBinding")),
      (error: Error) => {
        assert.ok(error instanceof TenantRestrictedError);
        assert.match(
          error.message,
          /^KongPluginBinding\/team-a\/x: spec\.config\.http_endpoint .*KongGateway kong\/shared.*team-a.*spec\.tenants\[\]\.destinations$/,
        );
        assert.doesNotMatch(error.message, /secret-path|10\.0/);
        return true;
      },
    );
  });

  it("takes a Consul only where an entry names it", () => {
    const spec = { backends: [{ consul: { address: "https://consul.example:8501" } }] };
    assert.throws(() => assertPermitted(spec, [], contextOf([])), /spec\.backends\[0\]\.consul\.address/);
    assertPermitted(spec, [], contextOf([{ namespaces: mine, destinations: ["consul.example"] }]));
  });

  it("takes the name that an upstream has in Kong for a service's own, and no other's upstream", () => {
    const upstreamNamespace = (name: string) => (name === "pay.example" ? "kong" : undefined);
    const judge = (host: string, destinations: readonly string[] = []) =>
      isPermitted([entity("services", { name: "team-a.x", host })], {
        ...contextOf([{ namespaces: mine, destinations: [...destinations] }], "KongService"),
        ownUpstream: "pool",
        upstreamNamespace,
      });
    assert.equal(judge("pool"), true);
    assert.equal(judge("localhost"), false);
    assert.equal(judge("pay.example"), false);
    assert.equal(judge("pay.example", ["pay.example"]), true);
    assert.equal(judge("other.example"), true);
  });

  it("lets the operator verify a route by the namespace's own hosts only", () => {
    const context = contextOf([{ namespaces: mine, hosts: ["*.a.example"] }]);
    assertPermitted({ verify: {} }, [], context);
    assertPermitted({ verify: { host: "www.a.example:8000" } }, [], context);
    assert.throws(() => assertPermitted({ verify: { host: "b.example" } }, [], context), /spec\.verify\.host.*hosts/);
  });

  it("closes what a plugin with a say stood on, and leaves nothing behind of one that only watches", () => {
    const standing = (name: string) => ({
      type: "plugins" as const,
      id: "p",
      part: "route.a",
      owner: { kind: "KongPluginBinding", namespace: "team-a", name: "x" },
      fields: { name, route: { id: "r" }, config: {}, tags: ["t"] },
    });
    assert.deepEqual(closureOf([standing("prometheus")]), []);
    const [closure] = closureOf([standing("session")]);
    assert.ok(closure && isClosure(closure));
    assert.deepEqual([closure.id, closure.fields["route"], closure.fields["tags"]], ["p", { id: "r" }, ["t"]]);
  });
});
