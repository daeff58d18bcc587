import { createHash } from "node:crypto";
import type { JsonObject } from "../../../../src/model/json.ts";
import type { EntitySchema } from "../schema/catalog.ts";

/** The name space from which Kong derives the ids of entities that come without one. */
const KONG_NAMESPACE = "fd02801f-0957-4a15-a55a-c8d9606f30b5";
/** Stands for the only work space in the keys that ids are derived from. */
const ANY_WORKSPACE = "*";

const namespaces = new Map<string, string>();

/** The parent that an entity is nested in, and the field that will refer to it. */
export interface Nesting {
  readonly field: string;
  readonly parentId: string | undefined;
}

/**
 * The id that Kong gives an entity of a declarative configuration: the same for the same name, or for the same values
 * of its key. Undefined where nothing of the kind is known, such as for credentials whose key may be generated.
 */
export function stableId(schema: EntitySchema, item: JsonObject, nesting: Nesting | undefined): string | undefined {
  const key = stableKey(schema, item, nesting);
  if (key === undefined) return undefined;
  const namespace = namespaces.get(schema.name) ?? uuidV5(KONG_NAMESPACE, schema.name);
  namespaces.set(schema.name, namespace);
  return uuidV5(namespace, key);
}

function stableKey(schema: EntitySchema, item: JsonObject, nesting: Nesting | undefined): string | undefined {
  const { cacheKey, endpointKey } = schema.definition;
  if (cacheKey !== undefined) return keyOfValues(schema, cacheKey, item, nesting);
  const value = endpointKey === undefined ? undefined : item[endpointKey];
  return typeof value === "string" ? value : undefined;
}

function keyOfValues(
  schema: EntitySchema,
  fields: readonly string[],
  item: JsonObject,
  nesting: Nesting | undefined,
): string | undefined {
  const parts = [schema.name, ANY_WORKSPACE];
  for (const name of fields) {
    const field = schema.record.byName.get(name);
    const value = item[name];
    if (field?.auto === true) return undefined;
    if (typeof value === "string") parts.push(value);
    else if (value !== undefined) continue;
    else if (nesting?.field === name && nesting.parentId !== undefined) parts.push(nesting.parentId);
    else if (field?.required === true) return undefined;
    else parts.push("");
  }
  return parts.join(":");
}

/** RFC 9562, version 5: SHA-1 of the name space and the name. */
export function uuidV5(namespace: string, name: string): string {
  const bytes = createHash("sha1")
    .update(Buffer.from(namespace.replaceAll("-", ""), "hex"))
    .update(name)
    .digest();
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}
