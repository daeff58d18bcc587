import assert from "node:assert/strict";
import { redactorFor } from "../../../src/kong/redaction.ts";
import type { KongEntity } from "../../../src/model/kong-entity.ts";

type Redacted = Pick<KongEntity, "type" | "fields" | "secretPaths">;

const BASIC: Redacted = {
  type: "basicauth_credentials",
  fields: { username: "robert", password: "open sesame", consumer: { id: "f90ae337-e473-4745-ba42-41b3c18f0bd8" } },
};

const CASES: { title: string; entity: Redacted; text: string; shown: string }[] = [
  {
    title: "a key that Kong quotes in a clash",
    entity: { type: "keyauth_credentials", fields: { key: "topsecret" } },
    text: `UNIQUE violation detected on '{key="topsecret"}'`,
    shown: `UNIQUE violation detected on '{key="<key>"}'`,
  },
  {
    title: "the hash of a password",
    entity: { ...BASIC, fields: { ...BASIC.fields, password: "p-long" } },
    text: "bad 5c0f96a2a2bb1d4f2ba2c5d8a6b2a9b9 p-long",
    shown: "bad 5c0f96a2a2bb1d4f2ba2c5d8a6b2a9b9 <password>",
  },
  {
    title: "a value under a path that a Secret feeds",
    entity: {
      type: "plugins",
      fields: { config: { redis: { password: "redis-pw" } } },
      secretPaths: ["config.redis.password"],
    },
    text: "invalid value: redis-pw",
    shown: "invalid value: <config.redis.password>",
  },
  {
    title: "everything under a path that a Secret feeds, numbers included",
    entity: {
      type: "plugins",
      fields: { config: { hosts: ["alpha.internal"], port: 16379 } },
      secretPaths: ["config"],
    },
    text: "alpha.internal:16379 refused",
    shown: "<config.hosts[0]>:<config.port> refused",
  },
  {
    title: "a longer value before a shorter one that it begins with",
    entity: { type: "jwt_secrets", fields: { key: "abcd", secret: "abcdef" } },
    text: "abcdef abcd",
    shown: "<secret> <key>",
  },
  {
    title: "a value that Kong escapes",
    entity: { type: "certificates", fields: { key: 'line "1"\nline 2' } },
    text: 'invalid key: line \\"1\\"\\nline 2 / line \\"1\\"\\\nline 2',
    shown: "invalid key: <key> / <key>",
  },
  {
    title: "the whole text where a value is too short to be told from a word",
    entity: { type: "hmacauth_credentials", fields: { username: "bob", secret: "xyz-long" } },
    text: "bob is taken",
    shown: "not shown, because it may quote <username>",
  },
  {
    title: "nothing of an entity without secrets",
    entity: { type: "services", fields: { host: "bad host" } },
    text: "invalid value: bad host",
    shown: "invalid value: bad host",
  },
];

describe("kong/redaction", () => {
  for (const { title, entity, text, shown } of CASES) {
    it(`hides ${title}`, () => assert.equal(redactorFor(entity).text(text), shown));
  }

  it("keeps the structure of fields, so that one sees which is meant", () => {
    const { fields } = redactorFor({ type: "keyauth_credentials", fields: { key: "topsecret" } });
    assert.deepEqual(fields({ key: "topsecret", "@entity": ["topsecret twice", null] }), {
      key: "<key>",
      "@entity": ["<key> twice", null],
    });
  });

  it("hides the stored form of a password as well", () => {
    const hash = "c2e80c779d4ab31b5b30a09354a668bbba82cd5d";
    const entity: Redacted = { ...BASIC, fields: { ...BASIC.fields, password: "p", username: "somebody" } };
    assert.equal(redactorFor(entity).text(`value ${hash}`).includes(hash), false);
  });
});
