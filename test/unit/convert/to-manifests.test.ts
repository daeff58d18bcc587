import assert from "node:assert/strict";
import type { FlatEntity } from "../../../src/convert/flat.ts";
import { ObjectNames, objectName } from "../../../src/convert/object-names.ts";
import { toManifests } from "../../../src/convert/to-manifests.ts";
import type { JsonObject } from "../../../src/model/json.ts";
import type { KongEntityType } from "../../../src/model/kong-entity.ts";

const entity = (type: KongEntityType, id: string, fields: JsonObject): FlatEntity => ({
  type,
  id,
  hasOwnId: true,
  fields,
});

const convert = (...entities: readonly FlatEntity[]) =>
  toManifests(entities, {
    namespace: "a",
    withSecrets: false,
    isTransformed: true,
    isSecret: (_entity, path) => path.includes("password") || path.includes("Authorization"),
  });

describe("convert/to-manifests", () => {
  for (const scope of ["service", "route", "consumer", "consumer_group"]) {
    it(`never makes a plugin global because its ${scope} is not there`, () => {
      const { objects, lost } = convert(entity("plugins", "1", { name: "cors", [scope]: { id: "gone" } }));
      assert.deepEqual(objects, []);
      assert.deepEqual(lost[0]?.entity, "plugins cors");
    });
  }

  it("makes no route that goes nowhere, because its service is not there", () => {
    assert.deepEqual(convert(entity("routes", "1", { name: "a", service: { id: "gone" } })).objects, []);
  });

  it("shows no secret where a kind takes none from a Secret, and says so", () => {
    const headers = { Authorization: ["canary"], "x-a": ["b"] };
    const { objects, lost } = convert(entity("upstreams", "1", { name: "u", healthchecks: { active: { headers } } }));
    assert.ok(!JSON.stringify(objects).includes("canary"));
    assert.match(lost[0]?.field ?? "", /Authorization/);
  });

  it("puts secrets of lists and odd names back where they were", () => {
    const config = {
      "a/b": { password: "canary" },
      list: ["x", { password: "canary" }],
      kept: "{vault://env/password}",
    };
    const [secret, binding] = convert(entity("plugins", "1", { name: "cors", config })).objects;
    assert.deepEqual(Object.keys(secret?.stringData ?? {}), ["a.1b.password", "list.1.password"]);
    assert.deepEqual(binding?.spec?.["config"], { "a/b": {}, list: ["x", {}], kept: "{vault://env/password}" });
    assert.ok(!JSON.stringify([secret, binding]).includes("canary"));
  });
});

describe("convert/object-names", () => {
  for (const [given, name] of [
    ["Users_API", "users-api"],
    ["*.example.com", "example.com"],
    ["a..b.-c", "a.b.c"],
    ["Ünïcode ~ name", "u-ni-code-name"],
    ["___", "unnamed"],
    ["x".repeat(300), "x".repeat(200)],
  ] as const) {
    it(`makes ${name.slice(0, 20)} of ${given.slice(0, 20)}`, () => {
      const made = objectName(given);
      assert.match(made, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
      if (!given.startsWith("Ü")) assert.equal(made, name);
    });
  }

  it("gives each name once a kind", () => {
    const names = new ObjectNames();
    const taken = ["KongRoute a", "KongRoute A", "KongService a", "KongRoute a"].map((each) => each.split(" "));
    assert.deepEqual(
      taken.map(([kind = "", name = ""]) => names.take(kind, name)),
      ["a", "a-2", "a", "a-3"],
    );
  });
});
