import { createHmac, createPublicKey, timingSafeEqual, verify } from "node:crypto";
import { isJsonObject } from "../../../../../src/model/json.ts";
import type { JsonObject } from "../../../../../src/model/json.ts";
import { parseJson } from "./request-parts.ts";

/** A decoded token whose signature has not been looked at. */
export interface DecodedToken {
  readonly header: JsonObject;
  readonly claims: JsonObject;
  readonly algorithm: string;
  readonly signature: Buffer;
  /** What the signature is over: header and claims as they came. */
  readonly signed: string;
}

interface Algorithm {
  readonly hash: "sha256" | "sha384" | "sha512";
  /** What the public key must be; absent for a shared secret. */
  readonly key?: "rsa" | "ec";
  /** Curve of an `ec` key, so that a token of one cannot pass for another. */
  readonly curve?: string;
}

const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  HS256: { hash: "sha256" },
  HS384: { hash: "sha384" },
  HS512: { hash: "sha512" },
  RS256: { hash: "sha256", key: "rsa" },
  RS384: { hash: "sha384", key: "rsa" },
  RS512: { hash: "sha512", key: "rsa" },
  ES256: { hash: "sha256", key: "ec", curve: "prime256v1" },
  ES384: { hash: "sha384", key: "ec", curve: "secp384r1" },
};

/** The token, or Kong's words for what is wrong with it. */
export function decodeToken(token: string): DecodedToken | string {
  const [header64 = "", claims64 = "", ...rest] = token.split(".");
  const header = parseJson(Buffer.from(header64, "base64url").toString());
  const claims = parseJson(Buffer.from(claims64, "base64url").toString());
  if (!isJsonObject(header) || !isJsonObject(claims)) return "invalid JSON";
  const algorithm = header["alg"];
  if (typeof algorithm !== "string" || ALGORITHMS[algorithm] === undefined) return "invalid alg";
  if (rest.length === 0 || rest[0] === "") return "invalid signature";
  const signature = Buffer.from(rest.join("."), "base64url");
  return { header, claims, algorithm, signature, signed: `${header64}.${claims64}` };
}

/** @param material The shared secret, or a public key in PEM. */
export function isSignedBy(token: DecodedToken, material: Buffer): boolean {
  const algorithm = ALGORITHMS[token.algorithm];
  if (algorithm === undefined) return false;
  if (algorithm.key === undefined) {
    const expected = createHmac(algorithm.hash, material).update(token.signed).digest();
    return expected.length === token.signature.length && timingSafeEqual(expected, token.signature);
  }
  try {
    const key = createPublicKey(material);
    if (key.asymmetricKeyType !== algorithm.key) return false;
    if (algorithm.curve !== undefined && key.asymmetricKeyDetails?.namedCurve !== algorithm.curve) return false;
    return verify(algorithm.hash, Buffer.from(token.signed), { key, dsaEncoding: "ieee-p1363" }, token.signature);
  } catch {
    return false;
  }
}
