import { createHash, X509Certificate } from "node:crypto";
import { isJsonObject, type JsonObject } from "../../model/json.ts";
import type { KongEntityType } from "../../model/kong-entity.ts";
import { storedTargetAddress } from "../../plan/target-address.ts";

/**
 * Fields in the form in which a gateway with a database would have stored them: a gateway without one computes nothing
 * when it loads them, so that what it holds can be loaded again.
 */
export function loadedForm(type: KongEntityType, fields: JsonObject): JsonObject {
  switch (type) {
    case "basicauth_credentials":
      return { ...fields, ...hashedPassword(fields) };
    case "targets":
      return typeof fields["target"] === "string"
        ? { ...fields, target: storedTargetAddress(fields["target"]) }
        : fields;
    case "ca_certificates":
      return typeof fields["cert"] === "string" ? { ...fields, ...certificateDigest(fields["cert"]) } : fields;
    default:
      return fields;
  }
}

/** Source: kong.plugins.basic-auth.crypto: hex SHA-1 of the password followed by the consumer's id. */
function hashedPassword({ password, consumer }: JsonObject): JsonObject {
  if (typeof password !== "string" || !isJsonObject(consumer) || typeof consumer["id"] !== "string") return {};
  return {
    password: createHash("sha1")
      .update(password + consumer["id"])
      .digest("hex"),
  };
}

/** Source: Kong's schema of ca_certificates: hex SHA-256. Nothing where it is no certificate: Kong says why. */
function certificateDigest(pem: string): JsonObject {
  try {
    return { cert_digest: new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase() };
  } catch {
    return {};
  }
}
