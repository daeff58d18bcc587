import type { KongCACertificateSpec } from "../api/v1alpha1/kong-ca-certificate.ts";
import { InvalidSpecError } from "../errors.ts";
import { describeCertificate } from "../model/certificate.ts";
import { certificatesIn, secretText } from "./pem.ts";
import { entity, type KindTranslation } from "./translation.ts";

/** Key that a Secret with a CA certificate usually has, cert-manager's among them. */
const USUAL_KEY = "ca.crt";

export const kongCACertificateTranslation: KindTranslation<KongCACertificateSpec> = {
  kind: "KongCACertificate",

  references(_namespace, { secretRef }) {
    return { objects: [], secrets: [{ field: "spec.secretRef", name: secretRef.name }] };
  },

  translate(spec, context) {
    const { name, key = USUAL_KEY } = spec.secretRef;
    const secret = `${context.owner.namespace}/${name}`;
    const value = secretText(context.secret(name), { field: "spec.secretRef", secret, key });
    const [certificate, ...more] = certificatesIn(value);
    if (more.length > 0) {
      throw new InvalidSpecError(
        "InvalidSecret",
        `${value.where}: holds ${more.length + 1} certificates, and Kong takes one at a time: write one KongCACertificate for each`,
      );
    }
    if (!certificate?.ca) {
      throw new InvalidSpecError(
        "InvalidSecret",
        `${value.where}: is no CA certificate, because it lacks the basic constraint CA; name that of its issuer`,
      );
    }
    // Kong makes the digest itself; sent along, it is what the same certificate is known by whatever its line breaks.
    const fields = { cert: value.text, cert_digest: describeCertificate(certificate).fingerprint };
    return [entity(context, "ca_certificates", fields, { tags: spec.tags, secretPaths: ["cert"] })];
  },
};

/** SHA-256 of the certificate that a spec names; undefined where its Secret is not there or holds none. */
export function caDigest(
  spec: { readonly secretRef?: { readonly name: string; readonly key?: string | undefined } | undefined },
  secretData: (name: string) => Readonly<Record<string, string>> | undefined,
): string | undefined {
  const { name, key = USUAL_KEY } = spec.secretRef ?? {};
  const text = name === undefined ? undefined : secretData(name)?.[key];
  return text === undefined ? undefined : digestOf(text);
}

function digestOf(text: string): string | undefined {
  try {
    const [certificate] = certificatesIn({ where: "", text });
    return certificate && describeCertificate(certificate).fingerprint;
  } catch {
    return undefined;
  }
}
