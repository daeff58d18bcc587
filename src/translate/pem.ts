import type { X509Certificate } from "node:crypto";
import { InvalidSpecError, RefNotFoundError } from "../errors.ts";
import { isVaultReference, PemProblem, readCertificates, readPrivateKey } from "../model/certificate.ts";

/** One value of a Secret, with all that a message about it needs. */
export interface SecretText {
  /** `spec.secretRef: Secret team-a/web, key "tls.crt"`. */
  readonly where: string;
  readonly text: string;
}

/**
 * A value that must be there.
 * @throws RefNotFoundError naming the Secret and the key that it lacks.
 */
export function secretText(
  data: Readonly<Record<string, string>>,
  { field, secret, key }: { readonly field: string; readonly secret: string; readonly key: string },
): SecretText {
  const text = data[key];
  if (!text)
    throw new RefNotFoundError("SecretKeyMissing", `${field}: Secret ${secret} lacks the key "${key}"; add it`);
  return { where: `${field}: Secret ${secret}, key "${key}"`, text };
}

/** @throws InvalidSpecError `InvalidSecret` where the value cannot be read; never with its content. */
export function certificatesIn(value: SecretText): X509Certificate[] {
  return reading(value, () => readCertificates(value.text));
}

/**
 * Makes sure that a certificate and its key belong together, as far as anybody but Kong can tell: what a vault holds is
 * left to Kong. @returns the certificate itself, without its chain.
 * @throws InvalidSpecError `InvalidSecret` naming the value at fault.
 */
export function checkPair(cert: SecretText, key: SecretText): X509Certificate | undefined {
  const certificate = isVaultReference(cert.text) ? undefined : certificatesIn(cert)[0];
  const privateKey = isVaultReference(key.text) ? undefined : reading(key, () => readPrivateKey(key.text));
  if (certificate && privateKey && !certificate.checkPrivateKey(privateKey)) {
    throw new InvalidSpecError(
      "InvalidSecret",
      `${key.where}: is not the key of the first certificate beside it; the certificate itself comes first, its chain after it`,
    );
  }
  return certificate;
}

function reading<T>({ where }: SecretText, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PemProblem)) throw error;
    throw new InvalidSpecError("InvalidSecret", `${where}: ${error.message}`);
  }
}
