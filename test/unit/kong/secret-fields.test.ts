import assert from "node:assert/strict";
import type { KongEntityType } from "../../../src/model/kong-entity.ts";
import { parseRecordSchema } from "../../../src/kong/schema.ts";
import { completeFields } from "../../../src/kong/schema-complete.ts";
import { minimalFields } from "../../../src/kong/schema-minimal.ts";
import { isSecretField } from "../../../src/kong/secret-fields.ts";

const SCHEMA = parseRecordSchema({
  fields: [
    { name: { type: "string", required: true } },
    { enabled: { type: "boolean", default: true } },
    {
      config: {
        type: "record",
        required: true,
        fields: [
          { minute: { type: "number" } },
          { policy: { type: "string", default: "local" } },
          { token_of_theirs: { type: "string", encrypted: true } },
          { headers: { type: "map", keys: { type: "string" }, values: { type: "string" } } },
          {
            hosts: {
              type: "array",
              elements: { type: "record", fields: [{ port: { type: "integer", default: 80 } }] },
            },
          },
          { redis: { type: "record", required: true, fields: [{ port: { type: "integer", default: 6379 } }] } },
        ],
      },
    },
  ],
});

const TABLE: readonly (readonly [KongEntityType, string, boolean])[] = [
  ["services", "host", false],
  ["keyauth_credentials", "key", true],
  ["jwt_secrets", "algorithm", false],
  ["certificates", "key", true],
  ["upstreams", "healthchecks.active.headers.Authorization", true],
  ["upstreams", "healthchecks.active.headers.x-name", false],
  ["plugins", "name", false],
  ["plugins", "config.minute", false],
  ["plugins", "config.redis.password", true],
  ["plugins", "config.http_endpoint", true],
  ["plugins", "config.headers", true],
  ["plugins", "config.headers.x-any", true],
  ["plugins", "config.token_of_theirs", true],
  ["vaults", "config.token", true],
  ["vaults", "config.prefix", false],
];

describe("kong/secret-fields", () => {
  for (const [type, path, isSecret] of TABLE) {
    it(`${isSecret ? "hides" : "shows"} ${path} of ${type}`, () => {
      assert.equal(isSecretField({ type }, path, SCHEMA), isSecret);
    });
  }

  it("hides a header's value that a text or a list holds", () => {
    const fields = { config: { add: { headers: ["Authorization:canary"] }, remove: { headers: ["x-a:b"] } } };
    assert.ok(isSecretField({ type: "plugins", fields }, "config.add.headers", SCHEMA));
    assert.ok(isSecretField({ type: "plugins", fields }, "config.add.headers.0", SCHEMA));
    assert.ok(!isSecretField({ type: "plugins", fields }, "config.remove.headers", SCHEMA));
  });

  it("takes all headers of a file's plugin for secrets, because no schema tells", () => {
    assert.ok(isSecretField({ type: "plugins" }, "config.headers.x-any"));
    assert.ok(!isSecretField({ type: "plugins" }, "config.headers.0"));
  });

  it("hides what came from a Secret, and what holds it", () => {
    const plugin = { type: "plugins", secretPaths: ["config.redis.port"] } as const;
    for (const path of ["config.redis.port", "config.redis", "config"]) assert.ok(isSecretField(plugin, path, SCHEMA));
    assert.ok(!isSecretField(plugin, "config.policy", SCHEMA));
  });
});

describe("kong/schema-minimal", () => {
  for (const fields of [
    { name: "a" },
    { name: "a", enabled: false },
    { name: "a", config: { minute: 5, hosts: [{ port: 81 }, {}], headers: { a: "b" } } },
    { name: "a", config: { policy: "redis", redis: { port: 1 } } },
  ]) {
    it(`finds ${JSON.stringify(fields)} again in what Kong makes of it`, () => {
      assert.deepEqual(minimalFields(SCHEMA, completeFields(SCHEMA, fields).full), fields);
    });
  }
});
