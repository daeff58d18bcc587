import { InvalidSpecError, RefNotFoundError } from "../errors.ts";
import type { Json, JsonObject } from "../model/json.ts";
import type { KongEntity, KongEntityType } from "../model/kong-entity.ts";
import { entity, type TranslationContext } from "./translation.ts";

export type CredentialType = "jwt" | "key-auth" | "basic-auth" | "hmac-auth" | "oauth2";

interface CredentialShape {
  readonly type: KongEntityType;
  /** Keys that the Secret must have. */
  readonly required: readonly string[];
  readonly optional: readonly string[];
  /** Keys of which one must be there. */
  readonly oneOf?: readonly string[];
  readonly convert?: Readonly<Record<string, (text: string) => Json>>;
}

/**
 * A Secret's keys are the names of Kong's fields. What Kong would make up by itself (a key, a secret) is required, because
 * a PUT without it makes it anew. Source: `GET /schemas/{keyauth_credentials,jwt_secrets,…}`.
 */
export const CREDENTIALS: Readonly<Record<CredentialType, CredentialShape>> = {
  jwt: {
    type: "jwt_secrets",
    required: ["key"],
    oneOf: ["secret", "rsa_public_key"],
    optional: ["algorithm", "secret", "rsa_public_key"],
  },
  "key-auth": { type: "keyauth_credentials", required: ["key"], optional: ["ttl"], convert: { ttl: Number } },
  "basic-auth": { type: "basicauth_credentials", required: ["username", "password"], optional: [] },
  "hmac-auth": { type: "hmacauth_credentials", required: ["username", "secret"], optional: [] },
  oauth2: {
    type: "oauth2_credentials",
    required: ["name", "client_id", "client_secret"],
    optional: ["redirect_uris", "client_type", "hash_secret"],
    convert: { redirect_uris: (text) => text.split(/[\s,]+/).filter(Boolean), hash_secret: (text) => text === "true" },
  },
};

/**
 * One credential from its Secret.
 * @throws RefNotFoundError naming the Secret and the key that it lacks, InvalidSpecError one that cannot be used; never
 * a value.
 */
export function credentialEntity(
  context: TranslationContext,
  credential: { readonly type: CredentialType; readonly secretRef: { readonly name: string } },
  index: number,
  options: { consumerId: string; tags: readonly string[] | undefined },
): KongEntity {
  const shape = CREDENTIALS[credential.type];
  const data = context.secret(credential.secretRef.name);
  const where = `spec.credentials[${index}].secretRef: Secret ${context.owner.namespace}/${credential.secretRef.name}`;
  for (const key of shape.required) {
    if (!data[key])
      throw new RefNotFoundError(
        "SecretKeyMissing",
        `${where} lacks the key "${key}" that ${credential.type} needs; add it`,
      );
  }
  if (shape.oneOf && !shape.oneOf.some((key) => data[key])) {
    throw new RefNotFoundError(
      "SecretKeyMissing",
      `${where} needs one of the keys ${shape.oneOf.map((key) => `"${key}"`).join(", ")}`,
    );
  }
  const fields: JsonObject = { consumer: { id: options.consumerId } };
  for (const key of [...shape.required, ...shape.optional]) {
    const text = data[key];
    if (text === undefined) continue;
    const value = shape.convert?.[key]?.(text) ?? text;
    // JSON has no NaN: it would reach Kong as null, and a key that shall expire would last for ever.
    if (Number.isNaN(value)) throw new InvalidSpecError("InvalidSecret", `${where}: the key "${key}" is not a number`);
    fields[key] = value;
  }
  return entity(context, shape.type, fields, {
    part: `${credential.type}.${credential.secretRef.name}`,
    tags: options.tags,
    secretPaths: Object.keys(fields).filter((name) => name !== "consumer"),
  });
}
