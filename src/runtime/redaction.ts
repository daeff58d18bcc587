import { REDACTED, type SecretValues } from "./secret-values.ts";

const SECRET_NAME =
  /passw|secret|token|authorization|cookie|credential|bearer|jwt|hmac|(api|private|client|tls|cert|rsa|signing)[_-]?key/i;
/** `secretName`, `tokenFile`, `credentialCount`, … say where a secret is, not what it is. */
const NAMES_A_PLACE = /(ref|refs|name|namespace|file|path|count|kind|type|version|ms|id)$/i;

/** True for a field name whose value is not to be shown: `password`, `client_secret`, `x-api-key`. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !NAMES_A_PLACE.test(name);
}

/** Names of objects, which anybody may read: a Secret that holds such a word must not blot out whom a line is about. */
const OBJECT_KEY = /^[A-Z][A-Za-z]+\/[-a-z0-9]{1,63}\/[-.a-z0-9]{1,253}$/;
const NAMES_AN_OBJECT: ReadonlySet<string> = new Set(["key", "gateway"]);

/** A copy fit for a log line: secret fields and remembered values replaced, errors as data, depth limited. */
export function redactFields(
  fields: Readonly<Record<string, unknown>>,
  secrets: SecretValues,
): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    const isShown = NAMES_AN_OBJECT.has(name) && typeof value === "string" && OBJECT_KEY.test(value);
    if (isShown) copy[name] = value;
    else copy[name] = isSecretName(name) && value !== undefined ? REDACTED : redactValue(value, secrets, 0);
  }
  return copy;
}

function redactValue(value: unknown, secrets: SecretValues, depth: number): unknown {
  if (typeof value === "string") return secrets.redact(value);
  if (typeof value === "bigint" || typeof value === "symbol" || typeof value === "function") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= 6) return "[deep]";
  if (value instanceof Error) return redactError(value, secrets, depth);
  if (Array.isArray(value)) return value.map((item) => redactValue(item, secrets, depth + 1));
  if (value instanceof Date) return value.toISOString();
  const copy: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    copy[secrets.redact(name)] = isSecretName(name) ? REDACTED : redactValue(inner, secrets, depth + 1);
  }
  return copy;
}

/** Only what every error has: other properties may hold a request with its headers. */
function redactError(error: Error, secrets: SecretValues, depth: number): Record<string, unknown> {
  const code = (error as { code?: unknown }).code;
  return {
    name: error.name,
    message: secrets.redact(error.message),
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: secrets.redact(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: redactValue(error.cause, secrets, depth + 1) }),
  };
}
