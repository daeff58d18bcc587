/*
 * The declarative configuration of a gateway without a database: every entity on its own, with its id, references by id.
 * What Kong would compute when it loads it is computed here, so that what is loaded is what was loaded before whether it
 * comes from an object or from the gateway itself (`_transform: false`, as in the configuration that Kong shows).
 */
import { hash } from "node:crypto";
import { KongRejectedError } from "../../errors.ts";
import type { Json, JsonObject } from "../../model/json.ts";
import { isJsonObject } from "../../model/json.ts";
import { KONG_ENTITY_TYPES, type KongEntity, type KongEntityType } from "../../model/kong-entity.ts";
import type { ObjectKey } from "../../model/object-key.ts";
import { REFERENCES } from "../../plan/entity-graph.ts";
import type { FieldSchema, RecordSchema } from "../schema.ts";
import { absentValue, type Completed } from "../schema-complete.ts";
import { desiredHash } from "../writer.ts";
import { loadedForm } from "./loaded-form.ts";

/** Hash that Kong tells while it has no configuration. */
export const EMPTY_HASH = "0".repeat(32);

/** One entity as the document says it. */
export interface DocumentEntity {
  readonly type: KongEntityType;
  readonly id: string;
  /** Undefined where it belongs to no object any more and was left in place. */
  readonly owner: ObjectKey | undefined;
  readonly part: string;
  /** References as `{id}`. */
  readonly fields: JsonObject;
  /** Short name of the fields: a version that Kong refused is told by it. */
  readonly version: string;
  /** What the mirror remembers of the request; undefined where it stands as it was loaded. */
  readonly desiredHash: string | undefined;
  readonly secretPaths: readonly string[];
  /** Paths of fields that its object has and this gateway does not know. */
  readonly notSent?: readonly string[];
}

export interface Document {
  readonly text: string;
  /** What Kong's `configuration_hash` becomes by it. */
  readonly hash: string;
}

/** Hashed with a salt by a gateway with a database; without one nobody hashes it, and the secret would never be right. */
function refuseHashedSecret({ type, fields }: KongEntity): void {
  if (type !== "oauth2_credentials" || fields["hash_secret"] !== true) return;
  throw new KongRejectedError(
    "NotSupportedByGateway",
    "an oauth2 credential with hash_secret: true needs a gateway with a database; leave hash_secret out",
    { status: 405 },
  );
}

/**
 * An entity that an object asks for.
 * @throws KongRejectedError for one that only a gateway with a database can have.
 */
export function wantedEntity(entity: KongEntity, completed: Completed, schema: RecordSchema): DocumentEntity {
  const { type, id, owner, part, secretPaths = [] } = entity;
  const { send, full, isOpaque, unknown } = completed;
  refuseHashedSecret(entity);
  // What nobody can foresee goes as it is asked for, beside the defaults of all else.
  const fields = documentFields(loadedForm(type, isOpaque ? { ...full, ...send } : full), schema);
  return {
    type,
    id,
    owner,
    part,
    fields,
    version: versionOf(fields),
    desiredHash: desiredHash(send, entity),
    secretPaths,
    ...(unknown.length > 0 ? { notSent: unknown } : {}),
  };
}

/** An entity as the gateway holds it; its absent fields are null there, whatever their default. */
export function loadedEntity(
  entry: { type: KongEntityType; id: string; part: string; owner: ObjectKey | undefined; fields: JsonObject },
  schema: RecordSchema,
): DocumentEntity {
  const { type, id, part, owner } = entry;
  const fields = documentFields(entry.fields, schema);
  return { type, id, owner, part, fields, version: versionOf(fields), desiredHash: undefined, secretPaths: [] };
}

/**
 * The same entities give the same text, whatever their order.
 * @param secondsOf what is left of an entity's time to live; undefined where it has no end.
 */
export function writeDocument(
  entities: ReadonlyMap<string, DocumentEntity>,
  secondsOf: (id: string) => number | undefined = () => undefined,
): Document {
  const byType = Map.groupBy(entities.values(), ({ type }) => type);
  const sections: JsonObject = {};
  for (const type of KONG_ENTITY_TYPES) {
    const ofType = byType.get(type);
    if (ofType)
      sections[type] = ofType.sort((a, b) => (a.id < b.id ? -1 : 1)).map((each) => writeEntity(each, secondsOf));
  }
  const text = JSON.stringify({ _format_version: "3.0", _transform: false, ...sections });
  // Kong's own way to name a configuration; nothing is protected by it.
  return { text, hash: entities.size === 0 ? EMPTY_HASH : hash("md5", text) };
}

function writeEntity({ type, id, fields }: DocumentEntity, secondsOf: (id: string) => number | undefined): JsonObject {
  const written: JsonObject = { id, ...fields };
  const ttl = secondsOf(id);
  if (ttl !== undefined) written["ttl"] = ttl;
  for (const field of Object.keys(REFERENCES[type])) {
    const value = written[field];
    if (isJsonObject(value) && typeof value["id"] === "string") written[field] = value["id"];
  }
  // In a document an SNI is an entity of its own, which may stand in its certificate.
  if (type === "certificates" && Array.isArray(fields["snis"])) written["snis"] = fields["snis"].map(asSni);
  return written;
}

function asSni(name: Json): Json {
  return typeof name === "string" ? { name } : name;
}

function versionOf(fields: JsonObject): string {
  return hash("sha1", JSON.stringify(fields));
}

/** In the schema's order; null only where leaving the field out would mean something else. */
function documentFields(given: JsonObject, schema: RecordSchema): JsonObject {
  const fields = recordFields(schema, given);
  for (const name of schema.shorthands.keys()) if (given[name] !== undefined) fields[name] = given[name];
  return fields;
}

function recordFields(schema: RecordSchema, given: JsonObject): JsonObject {
  const fields: JsonObject = {};
  for (const [name, field] of schema.fields) {
    const value = given[name] ?? null;
    if (NEVER.has(name) || (field.transient && isEmpty(value))) continue;
    if (value !== null) fields[name] = documentValue(field, value);
    else if (!field.auto && absentValue(field, name) !== null) fields[name] = null;
  }
  return fields;
}

/** Set by Kong, and by the document's own `id`. */
const NEVER: ReadonlySet<string> = new Set(["id", "created_at", "updated_at"]);

function documentValue(field: FieldSchema, value: Json): Json {
  const { record, elements } = field;
  if (record && isJsonObject(value)) return recordFields(record, value);
  // An empty list is sometimes answered as {}.
  if (elements && (field.type === "array" || field.type === "set") && isEmpty(value)) return [];
  if (elements && Array.isArray(value)) return value.map((item) => documentValue(elements, item));
  if (elements && isJsonObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, documentValue(elements, item)]));
  }
  return value;
}

function isEmpty(value: Json): boolean {
  return value === null || (typeof value === "object" && Object.keys(value).length === 0);
}
