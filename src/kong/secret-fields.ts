import type { JsonObject } from "../model/json.ts";
import type { KongEntityType } from "../model/kong-entity.ts";
import { isSecretName } from "../runtime/redaction.ts";
import { SECRET_FIELDS } from "./redaction.ts";
import type { FieldSchema, RecordSchema } from "./schema.ts";

/** Fields of plugins that hold a secret under a name that does not say so. Source: `encrypted` in Kong 3.9's schemas. */
const SECRET_PLUGIN_FIELDS: ReadonlySet<string> = new Set([
  "account_email",
  "apikey",
  "aws_access_key_id",
  "aws_assume_role_arn",
  "aws_key",
  "clientid",
  "eab_hmac_key",
  "eab_kid",
  "gcp_service_account_json",
  "header_value",
  "http_endpoint",
  "key",
  "param_value",
  "provision_key",
  "secret_v1",
]);

/** Types whose `config` is another's to define, and may hold anything. */
const WITH_CONFIG: ReadonlySet<KongEntityType> = new Set(["plugins", "vaults"]);

/**
 * Whether the value at a dotted path of an entity may be shown or written into a file for everyone to read.
 * Where nothing is known it counts as secret: maps (headers), and lists of `name:value` in configurations.
 */
export function isSecretField(
  { type, secretPaths = [] }: { readonly type: KongEntityType; readonly secretPaths?: readonly string[] | undefined },
  path: string,
  schema?: RecordSchema,
): boolean {
  const secret = [...(SECRET_FIELDS[type] ?? []), ...secretPaths];
  if (secret.some((each) => path === each || path.startsWith(`${each}.`) || each.startsWith(`${path}.`))) return true;
  if (!WITH_CONFIG.has(type) || !/^config(\.|$)/.test(path)) return false;
  const names = path.split(".").slice(1);
  if (names.some((name) => SECRET_PLUGIN_FIELDS.has(name) || isSecretName(name))) return true;
  const field = schema && fieldAt(schema, path);
  return field !== undefined && (field.secret || field.type === "map");
}

/** The schema of the field at a dotted path; indexes and keys of maps lead to their elements. */
export function fieldAt(schema: RecordSchema, path: string): FieldSchema | undefined {
  let record: RecordSchema | undefined = schema;
  let field: FieldSchema | undefined;
  for (const step of path.split(".")) {
    field = record ? record.fields.get(step) : field?.elements;
    record = field?.record;
  }
  return field;
}

/** The value at a dotted path. */
export function valueAt(fields: JsonObject, path: string): JsonObject[string] | undefined {
  let value: JsonObject[string] | undefined = fields;
  for (const step of path.split(".")) {
    value = typeof value === "object" && value !== null ? (value as JsonObject)[step] : undefined;
  }
  return value;
}
