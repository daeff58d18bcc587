import { z } from "zod";
import { setOf, sni } from "../fields.ts";
import type { KindDefinition } from "../kind.ts";
import { MESSAGE_COLUMN, READY_COLUMNS } from "../kind.ts";
import { CATEGORY } from "../names.ts";
import { SecretRef } from "../references.ts";
import { entityStatusFields, KongStatus } from "../status.ts";
import { CertificateStatus, EXPIRY_COLUMN } from "./certificate-status.ts";
import { entityFields } from "./common.ts";

/** A certificate in Kong with the server names that it is shown for. */
export const KongCertificateSpec = z
  .strictObject({
    secretRef: SecretRef.describe(
      "The certificate: a Secret of type kubernetes.io/tls, with tls.crt (the chain included) and tls.key.",
    ),
    altSecretRef: SecretRef.optional().describe(
      "A second certificate for the same names with a key of the other type (RSA beside ECDSA), in a Secret like the first.",
    ),
    snis: setOf(sni(), 128)
      .optional()
      .describe(
        "Server names of the TLS handshakes that the certificate is shown for; '*' as the first or last label.",
      ),
    ...entityFields("certificate"),
  })
  .describe("Which certificate, and the server names that Kong shows it for.");
export type KongCertificateSpec = z.infer<typeof KongCertificateSpec>;

export const KongCertificateStatus = z.strictObject({
  ...entityStatusFields,
  kong: KongStatus.optional().describe("The certificate in Kong."),
  certificate: CertificateStatus.optional().describe("The certificate that was last brought to Kong."),
});
export type KongCertificateStatus = z.infer<typeof KongCertificateStatus>;

export const KongCertificate: KindDefinition<KongCertificateSpec, KongCertificateStatus> = {
  kind: "KongCertificate",
  plural: "kongcertificates",
  singular: "kongcertificate",
  shortNames: ["kjcert"],
  categories: [CATEGORY],
  description:
    "A certificate in Kong, from a Secret as cert-manager writes it: shown to clients by server name, or to upstream servers.",
  specSchema: KongCertificateSpec,
  statusSchema: KongCertificateStatus,
  printerColumns: [
    { name: "SNIs", type: "string", jsonPath: ".spec.snis", priority: 1 },
    EXPIRY_COLUMN,
    { name: "Gateway", type: "string", jsonPath: ".status.gateway.name", priority: 1 },
    MESSAGE_COLUMN,
    ...READY_COLUMNS,
  ],
};
