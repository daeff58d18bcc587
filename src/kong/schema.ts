import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";

/** One field of Kong's schema, as far as completing and comparing need it. */
export interface FieldSchema {
  /** Kong's own word: string, integer, number, boolean, array, set, map, record, foreign, json, … */
  readonly type: string;
  readonly default: Json | undefined;
  readonly required: boolean;
  /** Kong fills it in where it is absent: ids, timestamps, generated keys. */
  readonly auto: boolean;
  /** Not stored with the entity but answered with it, such as a certificate's `snis`. */
  readonly transient: boolean;
  /** Kong keeps it encrypted, where it can. */
  readonly secret: boolean;
  /** Of an array, a set or a map. */
  readonly elements: FieldSchema | undefined;
  /** Of a record. */
  readonly record: RecordSchema | undefined;
}

export interface RecordSchema {
  readonly fields: ReadonlyMap<string, FieldSchema>;
  /** Old name -> path in the record that took its place; undefined where the schema does not say which. */
  readonly shorthands: ReadonlyMap<string, readonly string[] | undefined>;
}

/**
 * Where Kong's schema does not say what a shorthand becomes.
 * Source: the schemas of the plugins session and opentelemetry in Kong 3.9.
 */
const KNOWN_SHORTHANDS: Readonly<Record<string, readonly string[]>> = {
  cookie_lifetime: ["rolling_timeout"],
  cookie_idletime: ["idling_timeout"],
  cookie_discard: ["stale_ttl"],
  cookie_httponly: ["cookie_http_only"],
  cookie_persistent: ["remember"],
  endpoint: ["traces_endpoint"],
};

/**
 * Reads `{"fields": [{"name": {"type": "string", …}}, …], "shorthand_fields": […]}`, the form in which
 * `GET /schemas/{entity}` and `GET /schemas/plugins/{name}` answer. What is not understood is left out.
 */
export function parseRecordSchema(raw: JsonObject): RecordSchema {
  const fields = new Map<string, FieldSchema>();
  for (const [name, definition] of namedEntries(raw["fields"])) fields.set(name, parseField(definition));
  const shorthands = new Map<string, readonly string[] | undefined>();
  for (const [name, definition] of namedEntries(raw["shorthand_fields"])) {
    if (!fields.has(name)) shorthands.set(name, replacementOf(definition) ?? knownShorthand(name, fields));
  }
  return { fields, shorthands };
}

/** A plugin as a whole: the common fields, with `config`, `protocols` and the scopes as the plugin itself defines them. */
export function pluginSchema(common: RecordSchema, own: RecordSchema): RecordSchema {
  return { fields: new Map([...common.fields, ...own.fields]), shorthands: common.shorthands };
}

function parseField(raw: JsonObject): FieldSchema {
  const type = typeof raw["type"] === "string" ? raw["type"] : "any";
  const elements = raw["elements"] ?? raw["values"];
  return {
    type,
    default: raw["default"],
    required: raw["required"] === true,
    auto: raw["auto"] === true,
    transient: raw["transient"] === true,
    secret: raw["encrypted"] === true,
    elements: isJsonObject(elements) ? parseField(elements) : undefined,
    record: type === "record" && raw["fields"] !== undefined ? parseRecordSchema(raw) : undefined,
  };
}

/** Kong lists fields as objects of one key, to keep their order. */
function namedEntries(list: Json | undefined): [string, JsonObject][] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((item) => {
    if (!isJsonObject(item)) return [];
    return Object.entries(item).filter((entry): entry is [string, JsonObject] => isJsonObject(entry[1]));
  });
}

/** Kong 3.9 says `deprecation.replaced_with[].path`, earlier ones `translate_backwards`. */
function replacementOf(definition: JsonObject): readonly string[] | undefined {
  const deprecation = definition["deprecation"];
  const replacedWith = isJsonObject(deprecation) ? deprecation["replaced_with"] : undefined;
  const first = Array.isArray(replacedWith) ? replacedWith[0] : undefined;
  const path = isJsonObject(first) ? first["path"] : definition["translate_backwards"];
  return Array.isArray(path) && path.length > 0 ? path.map(String) : undefined;
}

function knownShorthand(name: string, fields: ReadonlyMap<string, FieldSchema>): readonly string[] | undefined {
  const path = KNOWN_SHORTHANDS[name];
  return path?.[0] !== undefined && fields.has(path[0]) ? path : undefined;
}
