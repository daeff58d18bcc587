import type { KongCertificateSpec } from "../api/v1alpha1/kong-certificate.ts";
import { InvalidSpecError } from "../errors.ts";
import type { JsonObject } from "../model/json.ts";
import { checkPair, secretText } from "./pem.ts";
import { entity, type KindTranslation, type TranslationContext } from "./translation.ts";

/**
 * The certificate and, as entities of their own, its SNIs: so each carries our marks, and one of them that another
 * certificate has keeps nothing else from Kong.
 */
export const kongCertificateTranslation: KindTranslation<KongCertificateSpec> = {
  kind: "KongCertificate",

  references(_namespace, { secretRef, altSecretRef }) {
    const secrets = [{ field: "spec.secretRef", name: secretRef.name }];
    if (altSecretRef) secrets.push({ field: "spec.altSecretRef", name: altSecretRef.name });
    return { objects: [], secrets };
  },

  translate(spec, context) {
    const main = readPair(context, "spec.secretRef", spec.secretRef.name);
    const fields: JsonObject = { cert: main.cert, key: main.key };
    if (spec.altSecretRef) {
      const alt = readPair(context, "spec.altSecretRef", spec.altSecretRef.name);
      if (main.keyType !== undefined && main.keyType === alt.keyType) {
        throw new InvalidSpecError(
          "InvalidSecret",
          `spec.altSecretRef: Secret ${context.owner.namespace}/${spec.altSecretRef.name}: its key is of the same type (${alt.keyType}) as that of spec.secretRef; Kong takes one RSA and one ECDSA certificate`,
        );
      }
      fields["cert_alt"] = alt.cert;
      fields["key_alt"] = alt.key;
    }
    const certificate = entity(context, "certificates", fields, { tags: spec.tags, secretPaths: Object.keys(fields) });
    const snis = (spec.snis ?? []).map((name) =>
      entity(context, "snis", { name, certificate: { id: certificate.id } }, { part: `sni.${name}`, tags: spec.tags }),
    );
    return [certificate, ...snis];
  },
};

interface Pair {
  readonly cert: string;
  readonly key: string;
  /** Of the key; undefined where a vault holds it. */
  readonly keyType: string | undefined;
}

function readPair(context: TranslationContext, field: string, name: string): Pair {
  const data = context.secret(name);
  const secret = `${context.owner.namespace}/${name}`;
  const cert = secretText(data, { field, secret, key: "tls.crt" });
  const key = secretText(data, { field, secret, key: "tls.key" });
  const certificate = checkPair(cert, key);
  return { cert: cert.text, key: key.text, keyType: certificate?.publicKey.asymmetricKeyType };
}
