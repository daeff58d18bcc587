import assert from "node:assert/strict";
import fc from "fast-check";
import type { JsonObject } from "../../../../src/model/json.ts";
import { isHttpRoute, Router } from "../../../doubles/kong/proxy/router.ts";
import type { RoutedRequest } from "../../../doubles/kong/proxy/router.ts";

interface Case {
  readonly name: string;
  /** Routes by id; the first is not the better one by being first. */
  readonly routes: Record<string, JsonObject>;
  readonly request: Partial<Omit<RoutedRequest, "header">> & { headers?: Record<string, string> };
  /** Id of the route that wins; undefined for none. */
  readonly wins: string | undefined;
  readonly matchedPath?: string;
}

const cases: Case[] = [
  {
    name: "a prefix of the path",
    routes: { a: { paths: ["/a"] } },
    request: { path: "/a/b" },
    wins: "a",
    matchedPath: "/a",
  },
  {
    name: "a prefix that ends within a segment",
    routes: { a: { paths: ["/a"] } },
    request: { path: "/abc" },
    wins: "a",
  },
  { name: "a prefix of another path", routes: { a: { paths: ["/a"] } }, request: { path: "/b" }, wins: undefined },
  {
    name: "the longest prefix",
    routes: { a: { paths: ["/a"] }, b: { paths: ["/a/b"] } },
    request: { path: "/a/b/c" },
    wins: "b",
  },
  {
    name: "the longest of a route's own prefixes",
    routes: { a: { paths: ["/a", "/a/b"] }, b: { paths: ["/a/"] } },
    request: { path: "/a/b" },
    wins: "a",
    matchedPath: "/a/b",
  },
  {
    name: "a regular expression before a longer prefix",
    routes: { a: { paths: ["~/a/\\d+"] }, b: { paths: ["/a/123"] } },
    request: { path: "/a/1234" },
    wins: "a",
    matchedPath: "/a/1234",
  },
  {
    name: "the higher regex_priority",
    routes: { a: { paths: ["~/a/.*"] }, b: { paths: ["~/a/b"], regex_priority: 1 } },
    request: { path: "/a/b" },
    wins: "b",
    matchedPath: "/a/b",
  },
  {
    name: "a regular expression in the middle of the path",
    routes: { a: { paths: ["~/b$"] } },
    request: { path: "/a/b" },
    wins: undefined,
  },
  {
    name: "a regular expression that need not reach the end",
    routes: { a: { paths: ["~/b"] } },
    request: { path: "/b/c" },
    wins: "a",
    matchedPath: "/b",
  },
  { name: "a path in another case", routes: { a: { paths: ["/A"] } }, request: { path: "/a" }, wins: undefined },
  {
    name: "a flag at the start of an expression",
    routes: { a: { paths: ["~(?i)/A"] } },
    request: { path: "/a" },
    wins: "a",
  },
  { name: "a plain host", routes: { a: { hosts: ["a.test"] } }, request: { host: "a.test" }, wins: "a" },
  {
    name: "a host that the route has in capitals",
    routes: { a: { hosts: ["A.test"] } },
    request: { host: "a.test" },
    wins: "a",
  },
  { name: "another host", routes: { a: { hosts: ["a.test"] } }, request: { host: "b.test" }, wins: undefined },
  {
    name: "a wildcard at the start of a host",
    routes: { a: { hosts: ["*.test"] } },
    request: { host: "x.y.test" },
    wins: "a",
  },
  {
    name: "a wildcard at the end of a host",
    routes: { a: { hosts: ["a.*"] } },
    request: { host: "a.test" },
    wins: "a",
  },
  {
    name: "the bare domain under a wildcard",
    routes: { a: { hosts: ["*.test"] } },
    request: { host: "test" },
    wins: undefined,
  },
  {
    name: "a plain host before a wildcard",
    routes: { a: { hosts: ["*.test"], paths: ["/long"] }, b: { hosts: ["a.test"], paths: ["/"] } },
    request: { host: "a.test", path: "/long" },
    wins: "b",
  },
  {
    name: "a host's port",
    routes: { a: { hosts: ["a.test:9000"] } },
    request: { host: "a.test", port: 9000 },
    wins: "a",
  },
  {
    name: "a host with another port",
    routes: { a: { hosts: ["a.test:9001"] } },
    request: { host: "a.test", port: 9000 },
    wins: undefined,
  },
  { name: "a method", routes: { a: { methods: ["POST"] } }, request: { method: "POST" }, wins: "a" },
  { name: "another method", routes: { a: { methods: ["POST"] } }, request: { method: "GET" }, wins: undefined },
  {
    name: "a header in another case",
    routes: { a: { headers: { "X-Version": ["V1", "V2"] } } },
    request: { headers: { "x-version": "v2" } },
    wins: "a",
  },
  {
    name: "a header by expression",
    routes: { a: { headers: { "x-version": ["~*^v[12]$"] } } },
    request: { headers: { "x-version": "V2" } },
    wins: "a",
  },
  {
    name: "a header with another value",
    routes: { a: { headers: { "x-version": ["v1"] } } },
    request: { headers: { "x-version": "v3" } },
    wins: undefined,
  },
  {
    name: "a request with one of two headers",
    routes: { a: { headers: { x: ["1"], y: ["1"] } } },
    request: { headers: { x: "1" } },
    wins: undefined,
  },
  {
    name: "the greater number of headers",
    routes: { a: { paths: ["/"], headers: { x: ["1"], y: ["1"] } }, b: { paths: ["/long"], headers: { x: ["1"] } } },
    request: { path: "/long", headers: { x: "1", y: "1" } },
    wins: "a",
  },
  {
    name: "the greater number of attributes",
    routes: {
      a: { hosts: ["a.test"], methods: ["GET"], paths: ["/"] },
      b: { hosts: ["a.test"], paths: ["/long/path"] },
    },
    request: { host: "a.test", path: "/long/path" },
    wins: "a",
  },
  {
    name: "an SNI as an attribute that a plain request need not show",
    routes: { a: { paths: ["/"], snis: ["s.test"] }, b: { paths: ["/a"] } },
    request: { path: "/a" },
    wins: "a",
  },
  {
    name: "the greater id among equals",
    routes: { a: { paths: ["/"], created_at: 1 }, b: { paths: ["/"], created_at: 2 } },
    request: {},
    wins: "b",
  },
];

describe("kong double/router", () => {
  for (const { name, routes, request, wins, matchedPath } of cases) {
    it(`${wins === undefined ? "does not match" : "chooses"} ${name}`, () => {
      const match = routerOf(routes).match(requestOf(request));
      assert.equal(match?.route["id"], wins);
      if (matchedPath !== undefined) assert.equal(match?.matchedPath, matchedPath);
    });
  }

  it("chooses the older route among equals in the traditional flavor", () => {
    const router = routerOf({ a: { paths: ["/"], created_at: 1 }, b: { paths: ["/"], created_at: 2 } });
    router.flavor = "traditional";
    assert.equal(router.match(requestOf({}))?.route["id"], "a");
  });

  it("passes over a route that does not serve", () => {
    const router = routerOf({ a: { paths: ["/a"] }, b: { paths: ["/"] } });
    assert.equal(router.match(requestOf({ path: "/a" }), (route) => route["id"] !== "a")?.route["id"], "b");
  });

  it("gives the groups of an expression by name and number", () => {
    const router = routerOf({ a: { paths: ["~/u/(?<user>\\w+)/(?P<item>\\d+)"] } });
    const captures = router.match(requestOf({ path: "/u/ann/7" }))?.captures;
    assert.deepEqual({ ...captures }, { 1: "ann", 2: "7", user: "ann", item: "7" });
  });

  it("forgets a route and what it was before a change", () => {
    const router = routerOf({ a: { paths: ["/a"] } });
    router.put({ id: "a", paths: ["/b"] });
    assert.equal(router.match(requestOf({ path: "/a" })), undefined);
    assert.equal(router.match(requestOf({ path: "/b" }))?.route["id"], "a");
    router.remove("a");
    assert.equal(router.match(requestOf({ path: "/b" })), undefined);
    assert.equal(router.size, 0);
  });

  it("refuses an expression that it cannot compile and keeps nothing of the route", () => {
    const router = routerOf({ a: { paths: ["/a"] } });
    assert.throws(() => router.put({ id: "a", paths: ["~/a("] }), SyntaxError);
    assert.equal(router.match(requestOf({ path: "/a" })), undefined);
  });

  it("leaves stream routes, expression routes and routes without criteria to others", () => {
    assert.equal(isHttpRoute({ protocols: ["tcp"], paths: ["/"] }), false);
    assert.equal(isHttpRoute({ protocols: ["http"], expression: 'http.path == "/"' }), false);
    assert.equal(isHttpRoute({ protocols: ["http"], paths: null }), false);
    assert.equal(isHttpRoute({ protocols: ["http"], snis: ["s.test"] }), true);
  });

  it("matches after any sequence of changes as a router built anew", () => {
    const route = fc.record({
      id: fc.constantFrom("a", "b", "c", "d", "e"),
      paths: fc.uniqueArray(fc.constantFrom("/", "/a", "/a/b", "~/a/.", "~/[ab]"), { maxLength: 2 }),
      hosts: fc.uniqueArray(fc.constantFrom("x.test", "y.test", "*.test"), { maxLength: 2 }),
      methods: fc.uniqueArray(fc.constantFrom("GET", "POST"), { maxLength: 1 }),
      regex_priority: fc.integer({ min: 0, max: 2 }),
      removed: fc.boolean(),
    });
    const request = fc.record({
      path: fc.constantFrom("/", "/a", "/a/b", "/b"),
      host: fc.constantFrom("x.test", "z.test"),
      method: fc.constantFrom("GET", "POST"),
    });
    fc.assert(
      fc.property(fc.array(route, { maxLength: 12 }), request, (steps, sent) => {
        const changed = new Router();
        const last = new Map<string, JsonObject>();
        for (const { removed, ...fields } of steps) {
          if (removed) {
            changed.remove(fields.id);
            last.delete(fields.id);
          } else {
            changed.put(fields);
            last.set(fields.id, fields);
          }
        }
        const fresh = new Router();
        for (const fields of [...last.values()].reverse()) fresh.put(fields);
        assert.deepEqual(changed.match(requestOf(sent)), fresh.match(requestOf(sent)));
      }),
    );
  });
});

function routerOf(routes: Record<string, JsonObject>): Router {
  const router = new Router();
  for (const [id, fields] of Object.entries(routes)) router.put({ id, ...fields });
  return router;
}

function requestOf({ headers = {}, ...request }: Case["request"]): RoutedRequest {
  const defaults = { method: "GET", host: "127.0.0.1", port: 8000, path: "/" };
  return { ...defaults, ...request, header: (name) => (headers[name] === undefined ? [] : [headers[name]]) };
}
