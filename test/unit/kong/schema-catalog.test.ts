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
});
