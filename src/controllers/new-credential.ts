import { generateKeyPair, randomBytes, randomInt, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import type { GeneratedCredential } from "../translate/translation.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
const SUFFIX_LENGTH = 8;
/** 256 bits: as long as the longest hash among the usual algorithms makes use of, and more than anyone can try. */
const SECRET_BYTES = 32;
/** HS512 wants a key as long as its hash (RFC 7518, section 3.2). */
const HMAC_BYTES = 64;
const RSA_BITS = 2048;
const newKeyPair = promisify(generateKeyPair) as (
  type: string,
  options: object,
) => Promise<{ publicKey: KeyObject; privateKey: KeyObject }>;

/**
 * A credential that nobody else has, as the data of its Secret: the keys are Kong's field names. A key pair's private half
 * is `private_key`, which is no field of Kong's.
 * @param name begins the names that must be unique in Kong, so that a person recognizes them.
 */
export async function newCredential(
  { type, algorithm = "HS256" }: GeneratedCredential,
  name: string,
): Promise<Readonly<Record<string, string>>> {
  switch (type) {
    case "jwt":
      return { key: secretText(SECRET_BYTES), algorithm, ...(await signingKey(algorithm)) };
    case "key-auth":
      return { key: secretText(SECRET_BYTES) };
    case "basic-auth":
      return { username: uniqueName(name), password: secretText(SECRET_BYTES) };
    case "hmac-auth":
      return { username: uniqueName(name), secret: secretText(SECRET_BYTES) };
    case "oauth2":
      return { name, client_id: secretText(SECRET_BYTES), client_secret: secretText(SECRET_BYTES) };
  }
}

/** Base64url: fit for headers, URLs and command lines. */
function secretText(bytes: number): string {
  return randomBytes(bytes).toString("base64url");
}

function uniqueName(name: string): string {
  const suffix = Array.from({ length: SUFFIX_LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join("");
  return `${name}-${suffix}`;
}

async function signingKey(algorithm: string): Promise<Record<string, string>> {
  if (algorithm.startsWith("HS")) return { secret: secretText(HMAC_BYTES) };
  const { publicKey, privateKey } = await keyPair(algorithm);
  return {
    // Kong's name for whatever public key verifies the signature.
    rsa_public_key: publicKey.export({ type: "spki", format: "pem" }).toString(),
    private_key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function keyPair(algorithm: string): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  switch (algorithm) {
    case "ES256":
      return newKeyPair("ec", { namedCurve: "P-256" });
    case "ES384":
      return newKeyPair("ec", { namedCurve: "P-384" });
    case "EdDSA":
      return newKeyPair("ed25519", {});
    default:
      return newKeyPair("rsa", { modulusLength: RSA_BITS });
  }
}
