import assert from "node:assert/strict";
import { isOlder, pluginClaims } from "../../../src/translate/plugin-claims.ts";

const route = { targets: [{ routeRef: { name: "a" } }] };

describe("translate/plugin-claims", () => {
  const SAME: readonly (readonly [what: string, a: object, b: object, meet: boolean])[] = [
    ["the same plugin on the same route", { plugin: "cors", ...route }, { plugin: "cors", ...route }, true],
    ["two plugins on one route", { plugin: "cors", ...route }, { plugin: "jwt", ...route }, false],
    ["a route and all", { plugin: "cors", ...route }, { plugin: "cors", scope: "Global" }, false],
    ["two globals", { plugin: "cors", scope: "Global" }, { plugin: "cors", scope: "Global" }, true],
    [
      "a route with and without a consumer",
      { plugin: "cors", ...route },
      { plugin: "cors", targets: [{ routeRef: { name: "a" }, consumerRef: { name: "b" } }] },
      false,
    ],
    [
      "a route and a service of one name",
      { plugin: "cors", ...route },
      { plugin: "cors", targets: [{ serviceRef: { name: "a" } }] },
      false,
    ],
    [
      "one target of several",
      { plugin: "cors", ...route },
      { plugin: "cors", targets: [{ routeRef: { name: "b" } }, { routeRef: { name: "a" } }] },
      true,
    ],
  ];
  for (const [what, a, b, meet] of SAME) {
    it(`${meet ? "lets" : "does not let"} bindings meet: ${what}`, () => {
      const claims = new Set(pluginClaims("team-a", a as Record<string, unknown>));
      assert.equal(
        pluginClaims("team-a", b as Record<string, unknown>).some((claim) => claims.has(claim)),
        meet,
      );
    });
  }

  it("lets global plugins of two namespaces meet, and no others", () => {
    assert.deepEqual(
      pluginClaims("a", { plugin: "cors", scope: "Global" }),
      pluginClaims("b", { plugin: "cors", scope: "Global" }),
    );
    assert.notDeepEqual(
      pluginClaims("a", { plugin: "cors", ...route }),
      pluginClaims("b", { plugin: "cors", ...route }),
    );
  });

  it("prefers the older one, then the name that comes first", () => {
    const at = (createdAt: string, name: string) => ({ createdAt, namespace: "team-a", name });
    assert.ok(isOlder(at("2026-01-01T00:00:00Z", "z"), at("2026-01-01T00:00:01Z", "a")));
    assert.ok(isOlder(at("2026-01-01T00:00:00Z", "a"), at("2026-01-01T00:00:00Z", "b")));
    assert.ok(!isOlder(at("2026-01-01T00:00:00Z", "b"), at("2026-01-01T00:00:00Z", "a")));
  });
});
