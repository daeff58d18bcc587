import { X509Certificate, createPrivateKey, createPublicKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { Json } from "../../../../../src/model/json.ts";
import type { CustomCheck } from "../field.ts";

// What OpenSSL says to Kong about a text that is no PEM at all.
const NOT_PEM = "asn1 encoding routines:asn1_d2i_read_bio:not enough data:crypto/asn1/a_d2i_fp.c:218:";

export const certificate: CustomCheck = (value: Json) =>
  typeof value !== "string" || readCertificate(value) !== undefined
    ? undefined
    : `invalid certificate: x509.new: error:680008E:${NOT_PEM}`;

export const key: CustomCheck = (value: Json) =>
  typeof value !== "string" || readKey(value) !== undefined
    ? undefined
    : `invalid key: pkey.new:load_key: error:680008E:${NOT_PEM}`;

export const publicKey: CustomCheck = (value: Json) =>
  typeof value !== "string" || readKey(value) !== undefined ? undefined : "invalid key";

export function readCertificate(text: string): X509Certificate | undefined {
  try {
    return new X509Certificate(text);
  } catch {
    return undefined;
  }
}

/** A private or public key; undefined where the text is neither. */
export function readKey(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text);
  } catch {
    try {
      return createPublicKey(text);
    } catch {
      return undefined;
    }
  }
}

/** SHA-256 of a certificate in lower-case hexadecimal digits, how Kong tells certificates apart. */
export function certificateDigest(text: string): string | undefined {
  return readCertificate(text)?.fingerprint256.replaceAll(":", "").toLowerCase();
}
