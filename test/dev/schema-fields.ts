import { isJsonObject, type Json, type JsonObject } from "../../src/model/json.ts";

/** One field of a structural schema. */
export interface Field {
  /** `targets[].weight`, from the schema's root. */
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  /** What a value must keep to, in words. */
  readonly bounds: readonly string[];
  readonly description: string;
}

/** A rule between the fields of an object. */
export interface ObjectRule {
  /** The object's or the property's path; "" is the root. */
  readonly path: string;
  readonly message: string;
}

interface Validation {
  readonly message: string;
  readonly fieldPath?: string;
}

/** All fields below an object, parents before their children. */
export function listFields(schema: JsonObject, prefix = ""): Field[] {
  const required = strings(schema["required"]);
  return Object.entries(objectOf(schema["properties"])).flatMap(([name, value]) => {
    const child = objectOf(value);
    const path = prefix + name;
    const field: Field = {
      path,
      type: typeName(child),
      required: required.includes(name),
      bounds: boundsOf(child),
      description: typeof child["description"] === "string" ? child["description"] : "",
    };
    return [field, ...listFields(childObject(child), `${path}${childSuffix(child)}.`)];
  });
}

/** The rules of every object in the schema, in the order of the fields. Rules on single values are bounds of theirs. */
export function listRules(schema: JsonObject, path = ""): ObjectRule[] {
  const own = isRecord(schema)
    ? validations(schema).map(({ message, fieldPath }) => ({
        path: [path, fieldPath?.slice(1) ?? ""].filter(Boolean).join("."),
        message,
      }))
    : [];
  const below = Object.entries(objectOf(schema["properties"])).flatMap(([name, value]) => {
    const child = objectOf(value);
    const childPath = [path, name].filter(Boolean).join(".");
    return [
      ...listRules(child, childPath),
      ...(child["items"] ? listRules(objectOf(child["items"]), `${childPath}[]`) : []),
    ];
  });
  return [...own, ...below];
}

/** An object with named fields, as against a map. */
function isRecord(schema: JsonObject): boolean {
  return schema["type"] === "object" && schema["properties"] !== undefined;
}

function childObject(schema: JsonObject): JsonObject {
  return objectOf(schema["items"] ?? schema["additionalProperties"] ?? schema);
}

function childSuffix(schema: JsonObject): string {
  if (schema["items"] !== undefined) return "[]";
  return schema["additionalProperties"] === undefined ? "" : ".*";
}

function typeName(schema: JsonObject): string {
  if (schema["items"] !== undefined) return `list of ${typeName(objectOf(schema["items"]))}s`;
  if (schema["additionalProperties"] !== undefined)
    return `map to ${typeName(objectOf(schema["additionalProperties"]))}`;
  if (schema["x-kubernetes-preserve-unknown-fields"] === true) return "free object";
  if (schema["x-kubernetes-int-or-string"] === true) return "integer or string";
  return String(schema["format"] === "date-time" ? "time" : schema["type"]);
}

function boundsOf(schema: JsonObject): string[] {
  const values = schema["enum"];
  const isSet = schema["x-kubernetes-list-type"] === "set";
  const fallback = isRecord(schema) ? undefined : schema["default"];
  return [
    ...(Array.isArray(values) ? [`one of ${values.map((value) => `\`${String(value)}\``).join(", ")}`] : []),
    ...range(schema["minimum"], schema["maximum"], ""),
    ...range(schema["minLength"], schema["maxLength"], " characters"),
    ...range(schema["minItems"], schema["maxItems"], " items"),
    ...range(schema["minProperties"], schema["maxProperties"], " entries"),
    ...(isSet ? ["no value twice"] : strings(schema["x-kubernetes-list-map-keys"]).map((key) => `no \`${key}\` twice`)),
    ...(isRecord(schema) ? [] : validations(schema).map(({ message }) => message)),
    ...(fallback === undefined ? [] : [`default \`${String(fallback)}\``]),
    ...memberBounds(schema),
  ];
}

/** Bounds of a list's items or a map's values; objects among them have rows of their own. */
function memberBounds(schema: JsonObject): string[] {
  const members = objectOf(schema["items"] ?? schema["additionalProperties"]);
  if (members["type"] === undefined || isRecord(members)) return [];
  const name = members["items"] === undefined ? "each" : "each list";
  return boundsOf(members).map((bound) => (bound.startsWith("each") ? bound : `${name} ${bound}`));
}

function range(minimum: Json | undefined, maximum: Json | undefined, unit: string): string[] {
  if (minimum === undefined && maximum === undefined) return [];
  if (maximum === undefined) return [`at least ${String(minimum)}${unit}`];
  return [
    minimum === undefined ? `at most ${String(maximum)}${unit}` : `${String(minimum)} to ${String(maximum)}${unit}`,
  ];
}

function validations(schema: JsonObject): Validation[] {
  return (schema["x-kubernetes-validations"] ?? []) as unknown as Validation[];
}

function strings(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}

function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
