import { InvalidSpecError, RefNotFoundError } from "../errors.ts";
import type { Json, JsonObject } from "../model/json.ts";
import type { KongEntity, KongEntityType, Lifetime } from "../model/kong-entity.ts";
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
  "key-auth": { type: "keyauth_credentials", required: ["key"], optional: [] },
  "basic-auth": { type: "basicauth_credentials", required: ["username", "password"], optional: [] },
  "hmac-auth": { type: "hmacauth_credentials", required: ["username", "secret"], optional: [] },
  oauth2: {
    type: "oauth2_credentials",
    required: ["name", "client_id", "client_secret"],
    optional: ["redirect_uris", "client_type", "hash_secret"],
    convert: { redirect_uris: (text) => text.split(/[\s,]+/).filter(Boolean), hash_secret: (text) => text === "true" },
  },
};

/** The longest time to live that Kong takes. */
const LONGEST_TTL_SECONDS = 100_000_000;

export interface CredentialWish {
  readonly type: CredentialType;
  readonly secretRef: { readonly name: string };
  readonly generate?: boolean | undefined;
  /** Of a generated jwt credential. */
  readonly algorithm?: string | undefined;
}

/**
 * One credential from its Secret.
 * @throws RefNotFoundError naming the Secret and the key that it lacks, InvalidSpecError one that cannot be used; never
 * a value.
 */
export function credentialEntity(
  context: TranslationContext,
  credential: CredentialWish,
  index: number,
  options: { consumerId: string; tags: readonly string[] | undefined },
): KongEntity {
  const shape = CREDENTIALS[credential.type];
  const where = `spec.credentials[${index}].secretRef: Secret ${context.owner.namespace}/${credential.secretRef.name}`;
  const data = oneLineValues(context.secret(credential.secretRef.name));
  requireKeys(credential, data, where);
  const fields: JsonObject = { consumer: { id: options.consumerId } };
  for (const key of [...shape.required, ...shape.optional]) {
    const text = data[key];
    if (text !== undefined) fields[key] = shape.convert?.[key]?.(text) ?? text;
  }
  return entity(context, shape.type, fields, {
    part: `${credential.type}.${credential.secretRef.name}`,
    tags: options.tags,
    secretPaths: Object.keys(fields).filter((name) => name !== "consumer"),
    lifetime: credential.type === "key-auth" ? lifetimeOf(context, credential, data["ttl"], where) : undefined,
  });
}

/** A file that `kubectl create secret --from-file` read ends in a line break, which is no part of a name or key. */
function oneLineValues(data: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const values = Object.entries(data).map(([key, text]) => [key, key === PEM ? text : text.replace(/\r?\n$/, "")]);
  return Object.fromEntries(values) as Readonly<Record<string, string>>;
}

const PEM = "rsa_public_key";

function requireKeys(
  { type, generate, algorithm }: CredentialWish,
  data: Readonly<Record<string, string>>,
  where: string,
): void {
  const remedy = generate ? "add it, or delete the Secret to have it generated anew" : "add it";
  for (const key of CREDENTIALS[type].required) {
    if (!data[key])
      throw new RefNotFoundError("SecretKeyMissing", `${where} lacks the key "${key}" that ${type} needs; ${remedy}`);
  }
  const { oneOf } = CREDENTIALS[type];
  if (oneOf && !oneOf.some((key) => data[key])) {
    throw new RefNotFoundError(
      "SecretKeyMissing",
      `${where} needs one of the keys ${oneOf.map((key) => `"${key}"`).join(", ")}`,
    );
  }
  if (algorithm !== undefined && (data["algorithm"] ?? "HS256") !== algorithm) {
    throw new InvalidSpecError(
      "InvalidSecret",
      `${where} holds a key for another algorithm than ${algorithm}; delete the Secret to have one generated, or remove algorithm from the spec`,
    );
  }
}

/**
 * Of a key that shall expire, from the Secret's creation on: a key that came back whenever it has expired would last for
 * ever. JSON has no NaN, which would reach Kong as null: no end either.
 */
function lifetimeOf(
  context: TranslationContext,
  { secretRef }: CredentialWish,
  ttl: string | undefined,
  where: string,
): Lifetime | undefined {
  if (ttl === undefined) return undefined;
  const seconds = ttl.trim() === "" ? NaN : Number(ttl);
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > LONGEST_TTL_SECONDS) {
    const message = `${where}: the key "ttl" is not a number of seconds from 0 to ${LONGEST_TTL_SECONDS}`;
    throw new InvalidSpecError("InvalidSecret", message);
  }
  const since = context.secretCreatedAt?.(secretRef.name);
  return seconds === 0 ? undefined : { seconds, ...(since === undefined ? {} : { since }) };
}
