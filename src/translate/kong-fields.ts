import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";

/** Fields of every gateway kind that are ours and never Kong's. */
const OWN_FIELDS: ReadonlySet<string> = new Set(["gatewayRef", "deletionPolicy", "adopt", "tags"]);

/**
 * The fields of a spec that go to Kong under the same name: all but ours and the kind's own references.
 * Kong's names are snake_case and ours camelCase, but a single word could be either: so the kind names its own.
 */
export function kongFields(spec: object, own: readonly string[] = []): JsonObject {
  const fields: JsonObject = {};
  for (const [name, value] of Object.entries(spec)) {
    if (OWN_FIELDS.has(name) || own.includes(name) || value === undefined) continue;
    fields[name] = withoutUndefined(value as Json);
  }
  return fields;
}

/** A deep copy without undefined members, which JSON does not know. */
function withoutUndefined(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (!isJsonObject(value)) return value;
  const copy: JsonObject = {};
  for (const [name, member] of Object.entries(value)) {
    if (member !== undefined) copy[name] = withoutUndefined(member);
  }
  return copy;
}
