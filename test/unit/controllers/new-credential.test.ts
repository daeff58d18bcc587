import assert from "node:assert/strict";
import { createPublicKey, sign, verify } from "node:crypto";
import { GENERATED_ALGORITHMS } from "../../../src/api/v1alpha1/kong-consumer.ts";
import { newCredential } from "../../../src/controllers/new-credential.ts";
import { CREDENTIALS, type CredentialType } from "../../../src/translate/credential.ts";

describe("controllers/new-credential", () => {
  for (const type of Object.keys(CREDENTIALS) as CredentialType[]) {
    it(`makes all that ${type} needs, of one line, different each time`, async () => {
      const [one, other] = [await newCredential({ type }, "team-a.app"), await newCredential({ type }, "team-a.app")];
      const { required, oneOf } = CREDENTIALS[type];
      for (const key of required) assert.match(one[key] ?? "", /^[-\w.]{8,}$/, key);
      if (oneOf) assert.ok(oneOf.some((key) => one[key]));
      const fixed = new Set(["algorithm", "name"]);
      for (const key of Object.keys(one).filter((name) => !fixed.has(name))) assert.notEqual(one[key], other[key], key);
    });
  }

  it("makes secrets of 256 bits or more", async () => {
    const secrets = [
      (await newCredential({ type: "key-auth" }, "a"))["key"],
      (await newCredential({ type: "basic-auth" }, "a"))["password"],
      (await newCredential({ type: "hmac-auth" }, "a"))["secret"],
      (await newCredential({ type: "oauth2" }, "a"))["client_secret"],
      (await newCredential({ type: "jwt" }, "a"))["secret"],
    ];
    for (const secret of secrets) assert.ok(Buffer.from(secret ?? "", "base64url").length >= 32);
  });

  for (const algorithm of GENERATED_ALGORITHMS.filter((name) => !name.startsWith("HS"))) {
    it(`makes a pair for ${algorithm} of which the public half verifies what the private one signs`, async () => {
      const data = await newCredential({ type: "jwt", algorithm }, "a");
      const hash = algorithm === "EdDSA" ? undefined : `sha${algorithm.slice(2)}`;
      const signature = sign(hash, Buffer.from("text"), data["private_key"] ?? "");
      assert.ok(verify(hash, Buffer.from("text"), createPublicKey(data["rsa_public_key"] ?? ""), signature));
      assert.equal(data["secret"], undefined);
      assert.equal(data["algorithm"], algorithm);
    });
  }
});
