import { z } from "zod";

/** What a certificate says of itself. */
export const CertificateStatus = z.strictObject({
  subject: z.string().max(1024).describe("Whom the certificate is for."),
  issuer: z.string().max(1024).describe("Who signed it."),
  notBefore: z.string().meta({ format: "date-time" }).describe("From when on it is valid."),
  notAfter: z.string().meta({ format: "date-time" }).describe("When it expires."),
  fingerprint: z.string().max(64).describe("SHA-256 of the certificate, in hexadecimal digits."),
  dnsNames: z.array(z.string().max(255)).max(64).optional().describe("Server names that it is valid for."),
});
export type CertificateStatus = z.infer<typeof CertificateStatus>;

/** Columns of `kubectl get` for kinds with a certificate. */
export const EXPIRY_COLUMN = {
  name: "Expires",
  type: "string",
  jsonPath: ".status.certificate.notAfter",
  description: "When the certificate expires",
} as const;
