import { z } from "zod";
import { objectName, secretKey } from "../fields.ts";
import type { KindDefinition } from "../kind.ts";
import { MESSAGE_COLUMN, READY_COLUMNS } from "../kind.ts";
import { CATEGORY } from "../names.ts";
import { entityStatusFields, KongStatus } from "../status.ts";
import { CertificateStatus, EXPIRY_COLUMN } from "./certificate-status.ts";
import { entityFields } from "./common.ts";

/** A CA certificate in Kong. */
export const KongCACertificateSpec = z
  .strictObject({
    secretRef: z
      .strictObject({
        name: objectName().describe('Name of the Secret. It must carry the label kjo.dev/secret: "true".'),
        key: secretKey().optional().describe("Key of the CA certificate in the Secret's data; ca.crt unless set."),
      })
      .describe("The Secret with the CA certificate in PEM form: one certificate, with the basic constraint CA."),
    ...entityFields("CA certificate"),
  })
  .describe("Which CA certificate Kong should trust where it is named.");
export type KongCACertificateSpec = z.infer<typeof KongCACertificateSpec>;

export const KongCACertificateStatus = z.strictObject({
  ...entityStatusFields,
  kong: KongStatus.optional().describe(
    "The CA certificate in Kong. Its id is what the ca_certificates of a plugin's configuration name.",
  ),
  certificate: CertificateStatus.optional().describe("The CA certificate that was last brought to Kong."),
  sharedWith: z
    .string()
    .optional()
    .describe("The KongCACertificate with the same certificate that it shares its entity with, as <namespace>/<name>."),
});
export type KongCACertificateStatus = z.infer<typeof KongCACertificateStatus>;

export const KongCACertificate: KindDefinition<KongCACertificateSpec, KongCACertificateStatus> = {
  kind: "KongCACertificate",
  plural: "kongcacertificates",
  singular: "kongcacertificate",
  shortNames: ["kjca"],
  categories: [CATEGORY],
  description: "A CA certificate in Kong, by which it verifies upstream servers or clients.",
  specSchema: KongCACertificateSpec,
  statusSchema: KongCACertificateStatus,
  printerColumns: [
    { name: "Id", type: "string", jsonPath: ".status.kong.id", description: "Id in Kong", priority: 1 },
    EXPIRY_COLUMN,
    { name: "Gateway", type: "string", jsonPath: ".status.gateway.name", priority: 1 },
    MESSAGE_COLUMN,
    ...READY_COLUMNS,
  ],
};
