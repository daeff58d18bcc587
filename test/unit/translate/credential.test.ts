import assert from "node:assert/strict";
import { InvalidSpecError, RefNotFoundError } from "../../../src/errors.ts";
import { credentialEntity, CREDENTIALS, type CredentialWish } from "../../../src/translate/credential.ts";
import type { TranslationContext } from "../../../src/translate/translation.ts";

const CREATED_AT = Date.parse("2026-01-01T00:00:00Z");

function translate(data: Readonly<Record<string, string>>, wish: Partial<CredentialWish> = {}) {
  const context = {
    owner: { kind: "KongConsumer", namespace: "team-a", name: "app" },
    instance: "team-a.default",
    cluster: "c",
    idFor: (type: string, part = "") => `${type} ${part}`,
    secret: () => data,
    secretCreatedAt: () => CREATED_AT,
  } as unknown as TranslationContext;
  const credential = { type: "key-auth", secretRef: { name: "key" }, ...wish } as const;
  return credentialEntity(context, credential, 0, { consumerId: "bob", tags: [] });
}

const isInvalid =
  (text: string) =>
  (error: unknown): boolean =>
    error instanceof InvalidSpecError && error.reason === "InvalidSecret" && !error.message.includes(text);

describe("translate/credential", () => {
  for (const ttl of ["1h", "", " ", "1.5", "-1", "100000001", "1e99"]) {
    it(`refuses the ttl ${JSON.stringify(ttl)}, without which the key would last for ever`, () => {
      assert.throws(() => translate({ key: "a-key", ttl }), isInvalid("1h"));
    });
  }

  it("lets a key with a ttl live from its Secret's creation on, and one with ttl 0 for ever", () => {
    const { fields, lifetime } = translate({ key: "a-key", ttl: "3600\n" });
    assert.deepEqual(lifetime, { seconds: 3600, since: CREATED_AT });
    assert.deepEqual(Object.keys(fields).sort(), ["consumer", "key", "tags"]);
    assert.equal(translate({ key: "a-key", ttl: "0" }).lifetime, undefined);
  });

  it("takes one line break off the end of values of one line, and leaves a PEM as it is", () => {
    const pem = "-----BEGIN PUBLIC KEY-----\nMAo=\n-----END PUBLIC KEY-----\n";
    const { fields } = translate(
      { key: "issuer\n", algorithm: "RS256\r\n", rsa_public_key: pem, secret: " a b \n\n" },
      { type: "jwt" },
    );
    assert.equal(fields["key"], "issuer");
    assert.equal(fields["algorithm"], "RS256");
    assert.equal(fields["rsa_public_key"], pem);
    assert.equal(fields["secret"], " a b \n");
  });

  it("finds a required key missing whose value is nothing but a line break", () => {
    assert.throws(
      () => translate({ key: "\n" }),
      (error) => error instanceof RefNotFoundError && error.reason === "SecretKeyMissing",
    );
  });

  it("sends no private key, whatever else the Secret holds", () => {
    const { fields, secretPaths } = translate(
      { key: "k", algorithm: "RS256", rsa_public_key: "public", private_key: "private" },
      { type: "jwt" },
    );
    assert.ok(!JSON.stringify(fields).includes("private"));
    assert.deepEqual([...(secretPaths ?? [])].sort(), ["algorithm", "key", "rsa_public_key"]);
  });

  it("refuses a generated Secret whose algorithm is no longer the one asked for", () => {
    const wish = { type: "jwt", generate: true, algorithm: "RS256" } as const;
    assert.throws(() => translate({ key: "k", secret: "a-secret" }, wish), isInvalid("a-secret"));
    const data = { key: "k", algorithm: "RS256", rsa_public_key: "public" };
    assert.equal(translate(data, wish).fields["algorithm"], "RS256");
  });

  for (const [type, { required }] of Object.entries(CREDENTIALS)) {
    it(`names a key of ${type} that the Secret lacks, and what to do about it`, () => {
      for (const missing of required) {
        const data = Object.fromEntries(required.map((key) => [key, key === missing ? "" : "text"]));
        const wish = { type: type as CredentialWish["type"], generate: true };
        assert.throws(() => translate(data, wish), new RegExp(`lacks the key "${missing}".*delete the Secret`));
      }
    });
  }
});
