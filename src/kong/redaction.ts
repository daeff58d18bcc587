import { isVaultReference } from "../model/certificate.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { KongEntity, KongEntityType } from "../model/kong-entity.ts";
import { storedForm } from "./stored-form.ts";

/** Fields of these types are secret whether a Secret is named or not; the others are told by `secretPaths`. */
export const SECRET_FIELDS: Readonly<Partial<Record<KongEntityType, readonly string[]>>> = {
  ca_certificates: ["cert"],
  certificates: ["cert", "cert_alt", "key", "key_alt"],
  keyauth_credentials: ["key"],
  jwt_secrets: ["key", "secret", "rsa_public_key"],
  basicauth_credentials: ["username", "password"],
  hmacauth_credentials: ["username", "secret"],
  oauth2_credentials: ["client_id", "client_secret"],
};

/** Shorter values stand in ordinary words: a text that holds one is not shown at all. */
const SHORTEST_REPLACED_LENGTH = 4;

/** Makes one entity's texts fit to be shown. */
export interface Redactor {
  text(text: string): string;
  /** Kong's `fields`: the structure stays, so that one sees which field is meant. */
  fields(fields: JsonObject): JsonObject;
}

/**
 * Replaces every secret value of the entity by its path, `<config.redis.password>`, wherever Kong quotes it: in quotes,
 * escaped, or as the hash that it stores.
 */
export function redactorFor(entity: Pick<KongEntity, "type" | "fields" | "secretPaths">): Redactor {
  const secrets = secretValuesOf(entity);
  const text = (value: string): string => redactText(value, secrets);
  return { text, fields: (fields) => redactJson(fields, text) as JsonObject };
}

interface SecretValue {
  readonly path: string;
  /** The value as it is, and as it may be quoted. */
  readonly forms: readonly string[];
}

function secretValuesOf({
  type,
  fields,
  secretPaths = [],
}: Pick<KongEntity, "type" | "fields" | "secretPaths">): SecretValue[] {
  const found = new Map<string, string>();
  const stored = storedForm(type, fields);
  for (const path of [...(SECRET_FIELDS[type] ?? []), ...secretPaths]) {
    for (const source of [fields, stored]) collect(valueAt(source, path.split(".")), path, found);
  }
  return [...found]
    .map(([value, path]) => ({ path, forms: formsOf(value) }))
    .sort((a, b) => (b.forms[0] ?? "").length - (a.forms[0] ?? "").length);
}

/** A name may hold dots itself: then several steps of the path are one member. */
function valueAt(value: Json | undefined, steps: readonly string[]): Json | undefined {
  if (steps.length === 0 || value === undefined) return value;
  if (Array.isArray(value)) return valueAt(value[Number(steps[0])], steps.slice(1));
  if (!isJsonObject(value)) return undefined;
  for (let length = 1; length <= steps.length; length++) {
    const found = valueAt(value[steps.slice(0, length).join(".")], steps.slice(length));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** All leaves below a path: a path stands for all under it. Truth values are no secrets. */
function collect(value: Json | undefined, path: string, found: Map<string, string>): void {
  if (typeof value === "string") {
    // The name of a secret is none itself, and a message without it would not say which one is meant.
    if (value.trim() !== "" && !isVaultReference(value)) found.set(value, path);
  } else if (typeof value === "number") found.set(String(value), path);
  else if (Array.isArray(value)) value.forEach((item, index) => collect(item, `${path}[${index}]`, found));
  else if (isJsonObject(value))
    for (const [name, member] of Object.entries(value)) collect(member, `${path}.${name}`, found);
}

function formsOf(value: string): string[] {
  const json = JSON.stringify(value).slice(1, -1);
  // Lua's %q writes a line break as a backslash followed by the break itself.
  const lua = value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\\n");
  return [...new Set([value, value.trim(), json, lua])];
}

function redactText(text: string, secrets: readonly SecretValue[]): string {
  let shown = text;
  for (const { path, forms } of secrets) {
    for (const form of forms) {
      if (form.length >= SHORTEST_REPLACED_LENGTH) shown = shown.replaceAll(form, `<${path}>`);
    }
  }
  for (const { path, forms } of secrets) {
    const short = forms.find((form) => form.length < SHORTEST_REPLACED_LENGTH && shown.includes(form));
    if (short !== undefined) return `not shown, because it may quote <${path}>`;
  }
  return shown;
}

function redactJson(value: Json, text: (value: string) => string): Json {
  if (typeof value === "string") return text(value);
  if (typeof value === "number") return text(String(value)) === String(value) ? value : text(String(value));
  if (Array.isArray(value)) return value.map((item) => redactJson(item, text));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, redactJson(member, text)]));
}
