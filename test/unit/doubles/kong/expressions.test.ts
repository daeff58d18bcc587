import assert from "node:assert/strict";
import type { JsonObject } from "../../../../src/model/json.ts";
import { routeExpression } from "../../../doubles/kong/schema/expressions/build.ts";
import { checkRouteExpression } from "../../../doubles/kong/schema/expressions/check.ts";
import { KongError } from "../../../doubles/kong/errors.ts";
import { loadCatalog } from "../../../doubles/kong/schema/catalog.ts";
import { Dao } from "../../../doubles/kong/store/dao.ts";
import { Store } from "../../../doubles/kong/store/store.ts";

const HTTP = { protocols: ["http", "https"] };

describe("doubles/kong: route expressions", () => {
  const BUILT: readonly (readonly [route: JsonObject, expression: string])[] = [
    [{ ...HTTP, paths: ["/a", "~/b\\d"] }, '(http.path ^= r#"/a"# || http.path ~ r#"^/b\\d"#)'],
    [
      { ...HTTP, hosts: ["*.a.test", "b.test:81"] },
      '(http.host =^ r#".a.test"# || (http.host == r#"b.test"# && net.dst.port == 81))',
    ],
    [{ ...HTTP, methods: ["GET"], paths: ["/"] }, '(http.method == r#"GET"#) && (http.path ^= r#"/"#)'],
    [{ ...HTTP, headers: { "X-Team": ["Red"] } }, '(any(lower(http.headers.x_team)) == r#"red"#)'],
    [
      { protocols: ["tcp"], destinations: [{ ip: "10.0.0.0/8", port: 9 }] },
      "((net.dst.ip in 10.0.0.0/8 && net.dst.port == 9))",
    ],
  ];
  for (const [route, expression] of BUILT) {
    it(`reads ${expression}`, () => {
      assert.equal(routeExpression(route), expression);
      assert.equal(checkRouteExpression(route), undefined);
    });
  }

  const BAD: readonly (readonly [expression: string, complaint: string | RegExp])[] = [
    ["http.path", /--> 1:10\n.*= expected binary_operator$/s],
    ['http.path == "/a" &&', /--> 1:21\n.*= expected term$/s],
    ['http.path == "/a" x', /--> 1:19\n.*= expected EOI, and_op, or or_op$/s],
    ["http.method == GET", /--> 1:16\n.*= expected rhs$/s],
    ['http.colour == "red"', "Unknown LHS field"],
    ['net.dst.port == "80"', "Type mismatch between the LHS and RHS values of predicate"],
    ['http.path in "a"', "In/NotIn operators only supports IP in CIDR"],
  ];
  for (const [expression, complaint] of BAD) {
    it(`refuses ${expression}`, () => {
      const found =
        checkRouteExpression({ ...HTTP, expression })?.replace("Router Expression failed validation: ", "") ?? "";
      if (typeof complaint === "string") assert.equal(found, complaint);
      else assert.match(found, complaint);
    });
  }

  it("shows the place with a mark under it", () => {
    assert.equal(
      checkRouteExpression({ ...HTTP, paths: ["/a"], headers: { x: [] } }),
      'Router Expression failed validation:  --> 1:28\n  |\n1 | (http.path ^= r#"/a"#) && ()\n  |                            ^---\n  |\n  = expected term',
    );
  });

  it("does not mix an expression with the classic fields", () => {
    assert.match(
      checkRouteExpression({ ...HTTP, expression: 'http.path == "/"', paths: ["/"] }) ?? "",
      /cannot set 'expression' with/,
    );
  });

  it("knows the field expression with the expressions router only", () => {
    const route = { expression: 'http.path == "/a"', priority: 7 };
    new Dao(new Store(loadCatalog("expressions"))).validate("routes", route);
    assert.throws(
      () => {
        new Dao(new Store(loadCatalog("traditional_compatible"))).validate("routes", route);
      },
      (error) =>
        error instanceof KongError && JSON.stringify(error.body["fields"]).includes('"expression":"unknown field"'),
    );
  });
});
