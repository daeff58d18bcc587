import assert from "node:assert/strict";
import { secretValuesOf } from "../../../src/controllers/secret-words.ts";

const encode = (data: Readonly<Record<string, string>>) => ({
  data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")])),
});

describe("controllers/secret-words", () => {
  it("remembers keys and passwords, and not the words beside them that every log line may hold", () => {
    const words = { algorithm: "HS256", client_type: "public", ttl: "36000", hash_secret: "false" };
    const names = { name: "KongRoute", username: "admin", redirect_uris: "https://app.example" };
    const secrets = { key: "a-key", password: "a-password", client_id: "an-id", tokens: "a-token" };
    assert.deepEqual(secretValuesOf(encode({ ...words, ...names, ...secrets })).sort(), Object.values(secrets).sort());
  });

  it("finds nothing in a Secret without data", () => {
    assert.deepEqual(secretValuesOf({}), []);
  });
});
