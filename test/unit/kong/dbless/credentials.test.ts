import assert from "node:assert/strict";
import { KongRejectedError } from "../../../../src/errors.ts";
import { wantedEntity } from "../../../../src/kong/dbless/document.ts";
import { SchemaCatalog } from "../../../../src/kong/schema-catalog.ts";
import type { JsonObject } from "../../../../src/model/json.ts";
import { entity, keyOf } from "../rig.ts";

const SCHEMA: JsonObject = {
  fields: [
    { key: { type: "string" } },
    { client_id: { type: "string" } },
    { hash_secret: { type: "boolean", required: true, default: false } },
    { client_type: { type: "string", required: true, default: "confidential" } },
  ],
};

describe("kong/dbless: what a document says of credentials", () => {
  const catalog = new SchemaCatalog(() => Promise.resolve(SCHEMA));
  const owner = keyOf("KongConsumer", "bob");
  const write = async (type: "oauth2_credentials" | "keyauth_credentials", fields: JsonObject) => {
    const credential = entity(owner, type, fields);
    await catalog.load([credential]);
    return wantedEntity(credential, catalog.complete(credential), catalog.schemaOf(credential));
  };

  it("names the defaults of a type whose answer tells less than was asked for", async () => {
    const { fields } = await write("keyauth_credentials", { key: "k" });
    assert.deepEqual(fields, { key: "k", hash_secret: false, client_type: "confidential" });
  });

  it("refuses a secret that only a gateway with a database would hash", async () => {
    await assert.rejects(
      write("oauth2_credentials", { client_id: "c", hash_secret: true }),
      (error) => error instanceof KongRejectedError && error.reason === "NotSupportedByGateway",
    );
  });
});
