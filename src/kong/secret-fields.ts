import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
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
 * Where nothing is known it counts as secret: maps in configurations (headers), and texts of the form `name:value` whose
 * name says so.
 * @param entity.fields lets the value itself be looked at.
 */
export function isSecretField(
  entity: {
    readonly type: KongEntityType;
    readonly fields?: JsonObject | undefined;
    readonly secretPaths?: readonly string[] | undefined;
  },
  path: string,
  schema?: RecordSchema,
): boolean {
  const { type, fields, secretPaths = [] } = entity;
  const secret = [...(SECRET_FIELDS[type] ?? []), ...secretPaths];
  if (secret.some((each) => path === each || path.startsWith(`${each}.`) || each.startsWith(`${path}.`))) return true;
  const names = path.split(".").slice(1);
  if (names.some(saysSecret) || (fields && holdsSecret(valueAt(fields, path)))) return true;
  if (!WITH_CONFIG.has(type) || !/^config(\.|$)/.test(path)) return false;
  if (names.some((name) => SECRET_PLUGIN_FIELDS.has(name))) return true;
  // Without a schema nobody knows which headers these are.
  if (!schema) return /(^|\.)headers\.(?!\d+$)/.test(path);
  return fieldsAlong(schema, path).some((field) => field.secret || field.type === "map");
}

/** Settings of a cookie are none, nor is whether credentials are hidden. */
function saysSecret(name: string): boolean {
  return isSecretName(name) && !/^(cookie|hide|keep)_/.test(name);
}

function holdsSecret(value: Json | undefined): boolean {
  if (typeof value === "string") return saysSecret(/^([-\w]+):/.exec(value)?.[1] ?? "");
  if (Array.isArray(value)) return value.some(holdsSecret);
  return isJsonObject(value) && Object.entries(value).some(([name, item]) => saysSecret(name) || holdsSecret(item));
}

/** The schemas of the fields on a dotted path; indexes and keys of maps lead to their elements. */
function fieldsAlong(schema: RecordSchema, path: string): FieldSchema[] {
  const found: FieldSchema[] = [];
  let record: RecordSchema | undefined = schema;
  let field: FieldSchema | undefined;
  for (const step of path.split(".")) {
    field = record ? record.fields.get(step) : field?.elements;
    record = field?.record;
    if (field) found.push(field);
  }
  return found;
}

/** The value at a dotted path. */
export function valueAt(fields: JsonObject, path: string): Json | undefined {
  let value: Json | undefined = fields;
  for (const step of path.split(".")) {
    value = typeof value === "object" && value !== null ? (value as JsonObject)[step] : undefined;
  }
  return value;
}
