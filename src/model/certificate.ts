import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";

/** What is said of a certificate: nothing in it is secret. */
export interface CertificateInfo {
  /** `CN=web, O=Example`; empty where the certificate names its servers only by `dnsNames`. */
  readonly subject: string;
  readonly issuer: string;
  /** RFC 3339. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** SHA-256 in lower-case hexadecimal digits, by which Kong tells CA certificates apart. */
  readonly fingerprint: string;
  readonly dnsNames: readonly string[];
}

/** Why a text is not what it should be; says what to do, and nothing of its content. */
export class PemProblem extends Error {
  constructor(message: string) {
    super(message);
    this.name = "PemProblem";
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
/** Most names that are kept of one certificate. */
const MOST_NAMES = 64;

/** True for `{vault://prefix/secret}`: Kong looks the value up itself, and nobody else can. */
export function isVaultReference(text: string): boolean {
  return /^\s*\{vault:\/\/.+\}\s*$/.test(text);
}

/**
 * The certificates of a PEM text, the first one first.
 * @throws PemProblem where there is none, or one that cannot be read.
 */
export function readCertificates(text: string): X509Certificate[] {
  const blocks = text.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) throw new PemProblem("holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)");
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw new PemProblem(`holds something that is no certificate as number ${index + 1} of ${blocks.length}`);
    }
  });
}

/** @throws PemProblem where the text is no private key that can be used without a passphrase. */
export function readPrivateKey(text: string): KeyObject {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(text)) {
    throw new PemProblem("is encrypted; store the key without a passphrase");
  }
  try {
    return createPrivateKey(text);
  } catch {
    throw new PemProblem("holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)");
  }
}

export function describeCertificate(certificate: X509Certificate): CertificateInfo {
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    notBefore: certificate.validFromDate.toISOString(),
    notAfter: certificate.validToDate.toISOString(),
    fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
    dnsNames: dnsNamesOf(certificate),
  };
}

/** The first certificate of a text; undefined where it cannot be read, a vault reference included. */
export function certificateInfo(text: string): CertificateInfo | undefined {
  try {
    const [first] = readCertificates(text);
    return first && describeCertificate(first);
  } catch {
    return undefined;
  }
}

/** Node writes one attribute a line, in the order of the certificate. */
function oneLine(name: string | undefined): string {
  return (name ?? "").split("\n").filter(Boolean).join(", ");
}

function dnsNamesOf({ subjectAltName = "" }: X509Certificate): string[] {
  return [...subjectAltName.matchAll(/(?:^|, )DNS:([^,"]+)/g)].map(([, name = ""]) => name).slice(0, MOST_NAMES);
}
