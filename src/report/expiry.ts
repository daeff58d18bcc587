import type { CertificateInfo } from "../model/certificate.ts";
import type { ConditionDraft } from "./conditions.ts";

const DAY_MS = 86_400_000;
/** A certificate that nobody has renewed so late before its end is forgotten: cert-manager renews at two thirds. */
const SOON_MS = 14 * DAY_MS;
const SOON_SHARE = 0.2;

/** One certificate of an object, and where it comes from. */
export interface DatedCertificate extends Pick<CertificateInfo, "notBefore" | "notAfter"> {
  /** `spec.secretRef: Secret team-a/web, key "tls.crt"`. */
  readonly where: string;
}

/** How a certificate stands at a time. */
export interface Expiry {
  readonly isExpired: boolean;
  /** There while the certificate should be renewed. */
  readonly condition: ConditionDraft | undefined;
  /** Milliseconds until this changes. */
  readonly changesInMs: number;
}

/**
 * Soon is 14 days, or a fifth of the certificate's time where that is less.
 * @param nowMs Unix time in milliseconds.
 */
export function expiryOf({ where, notBefore, notAfter }: DatedCertificate, nowMs: number): Expiry {
  const endMs = Date.parse(notAfter);
  const soonMs = endMs - Math.min(SOON_MS, (endMs - Date.parse(notBefore)) * SOON_SHARE);
  if (nowMs >= endMs) return { isExpired: true, condition: undefined, changesInMs: Infinity };
  if (nowMs < soonMs) return { isExpired: false, condition: undefined, changesInMs: soonMs - nowMs };
  const message = `${where}: the certificate expires on ${notAfter}; put its successor into the Secret`;
  return {
    isExpired: false,
    condition: { type: "Expiring", status: "True", reason: "ExpiresSoon", message },
    changesInMs: endMs - nowMs,
  };
}
