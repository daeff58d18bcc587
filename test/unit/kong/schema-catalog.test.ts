import assert from "node:assert/strict";
import { KongRejectedError } from "../../../src/errors.ts";
import { SchemaCatalog } from "../../../src/kong/schema-catalog.ts";
import type { JsonObject } from "../../../src/model/json.ts";
import { entity, keyOf } from "./rig.ts";

const SCHEMAS: Readonly<Record<string, JsonObject>> = {
  "/schemas/plugins": { fields: [{ name: { type: "string" } }, { tags: { type: "set" } }] },
  "/schemas/plugins/cors": { fields: [{ config: { type: "record", fields: [] } }] },
};

describe("kong/schema-catalog", () => {
  it("refuses an entity whose reference the schema lacks: a plugin without its route acts on every request", async () => {
    const catalog = new SchemaCatalog((path) => Promise.resolve(SCHEMAS[path]));
    const plugin = entity(keyOf("KongPluginBinding", "cors"), "plugins", { name: "cors", route: { id: "r" } });
    await catalog.load([plugin]);
    assert.throws(
      () => catalog.complete(plugin),
      (error) => error instanceof KongRejectedError && /"route"/.test(error.message),
    );
  });

  it("asks again after it was told to forget, and stays usable for a write that is under way", async () => {
    const asked: string[] = [];
    let fields = SCHEMAS["/schemas/plugins/cors"];
    const catalog = new SchemaCatalog((path) => {
      asked.push(path);
      return Promise.resolve(path.endsWith("/cors") ? fields : SCHEMAS[path]);
    });
    const plugin = entity(keyOf("KongPluginBinding", "cors"), "plugins", { name: "cors", config: { added: 1 } });
    await catalog.load([plugin]);
    await catalog.load([plugin]);
    assert.equal(asked.length, 2);
    fields = { fields: [{ config: { type: "record", fields: [{ added: { type: "integer" } }] } }] };
    catalog.forget();
    assert.deepEqual(catalog.complete(plugin).unknown, ["config.added"]);
    await catalog.load([plugin]);
    assert.deepEqual(catalog.complete(plugin).unknown, []);
  });
});
