import { z } from "zod";
import type { Json, JsonObject } from "../model/json.ts";
import { isJsonObject } from "../model/json.ts";
import type { KindDefinition } from "./kind.ts";
import { GROUP, VERSION } from "./names.ts";

/** Keywords that a structural schema may have and that are carried over as they are. */
const KEYWORDS = new Set([
  "type",
  "description",
  "format",
  "default",
  "enum",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
  "required",
  "x-kubernetes-validations",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type",
  "x-kubernetes-preserve-unknown-fields",
]);

/**
 * The CustomResourceDefinition of a kind, as plain data.
 * @throws Error naming the path of anything in the schemas that the API server would refuse, or that has no bound.
 */
export function toCrd(definition: KindDefinition): JsonObject {
  const { kind, plural, singular, shortNames, categories, printerColumns } = definition;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: "Namespaced",
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular,
        shortNames: [...shortNames],
        categories: [...categories],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: printerColumns.map((column) => ({ ...column })),
          schema: { openAPIV3Schema: rootSchema(definition) },
        },
      ],
    },
  };
}

function rootSchema(definition: KindDefinition): JsonObject {
  return {
    type: "object",
    description: definition.description,
    required: ["spec"],
    properties: {
      apiVersion: { type: "string", description: "Version of the schema that the object is written in." },
      kind: { type: "string", description: "Kind of the object." },
      metadata: { type: "object" },
      spec: toStructuralSchema(definition.specSchema, `${definition.kind} spec`, { bounded: true }),
      status: {
        description: "What the operator found and did.",
        ...toStructuralSchema(definition.statusSchema, `${definition.kind} status`),
      },
    },
  };
}

/**
 * A zod schema as the structural schema that the API server demands.
 * @param path begins the paths in errors.
 * @param options.bounded demands a bound on every string, list and map, so that rules over them stay within the API
 * server's cost limit.
 * @throws Error naming the path of what cannot be expressed.
 */
export function toStructuralSchema(schema: z.ZodType, path: string, options: { bounded?: boolean } = {}): JsonObject {
  const json = z.toJSONSchema(schema, {
    target: "openapi-3.0",
    io: "input",
    unrepresentable: "throw",
    cycles: "throw",
    reused: "inline",
    override: ({ zodSchema }) => refuseCheckedNames(zodSchema, path),
  });
  return convert(json as Json, path, options.bounded ?? false);
}

function convert(json: Json | undefined, path: string, bounded: boolean): JsonObject {
  if (!isJsonObject(json)) throw new Error(`${path}: not a schema`);
  if (json["x-kubernetes-int-or-string"] === true) return intOrString(json);
  const { properties, items, additionalProperties, ...rest } = json;
  const node: JsonObject = { ...rest };
  if (typeof node["type"] !== "string") throw new Error(`${path}: has no type`);
  for (const keyword of Object.keys(node)) {
    if (!KEYWORDS.has(keyword)) throw new Error(`${path}: ${keyword} is not allowed in a structural schema`);
  }
  if (isIntegerEnum(node)) node["type"] = "integer";
  if (node["type"] === "integer") Object.assign(node, integerBounds(node));
  if (items !== undefined) node["items"] = convert(items, `${path}[]`, bounded);
  if (isJsonObject(properties)) {
    node["properties"] = Object.fromEntries(
      Object.entries(properties).map(([name, child]) => [name, convert(child, `${path}.${name}`, bounded)]),
    );
  } else if (additionalProperties !== undefined) {
    Object.assign(node, mapValues(additionalProperties, path, bounded));
  }
  if (isJsonObject(node["default"])) node["default"] = { ...defaultsOf(node), ...node["default"] };
  if (bounded) demandBound(node, path);
  return ordered(node);
}

/** Each keyword concerns only one of the two types, so they can stand side by side. */
function intOrString({ anyOf, ...rest }: JsonObject): JsonObject {
  const keywords = (Array.isArray(anyOf) ? anyOf : []).map((each) => (isJsonObject(each) ? each : {}));
  const { type: _type, format: _format, ...bounds } = Object.assign({}, ...keywords) as JsonObject;
  return ordered({ ...rest, ...bounds });
}

/** Rules are evaluated on an object's default as it stands, before the defaults of its properties are filled in. */
function defaultsOf(node: JsonObject): JsonObject {
  const entries = Object.entries(isJsonObject(node["properties"]) ? node["properties"] : {});
  return Object.fromEntries(
    entries.flatMap(([name, child]) =>
      isJsonObject(child) && child["default"] !== undefined ? [[name, child["default"]]] : [],
    ),
  );
}

/** The conversion drops such checks without a word. */
function refuseCheckedNames(schema: z.core.$ZodType, path: string): void {
  if (!(schema instanceof z.ZodRecord)) return;
  if (!(schema.keyType instanceof z.ZodString) || (schema.keyType.def.checks?.length ?? 0) > 0) {
    throw new Error(`${path}: the API server cannot check the names of a map's entries`);
  }
}

/** A map of anything keeps what it is given; any other map says what its values are. */
function mapValues(values: Json, path: string, bounded: boolean): JsonObject {
  if (isJsonObject(values) && Object.keys(values).length === 0) return { "x-kubernetes-preserve-unknown-fields": true };
  return { additionalProperties: convert(values, `${path}.*`, bounded) };
}

/** zod calls every numeric literal a number. */
function isIntegerEnum({ type, enum: values }: JsonObject): boolean {
  return type === "number" && Array.isArray(values) && values.every(Number.isInteger);
}

/** zod bounds every integer by what a double holds exactly, which says nothing. */
function integerBounds(node: JsonObject): JsonObject {
  const { minimum, maximum } = node;
  delete node["minimum"];
  delete node["maximum"];
  return {
    format: "int64",
    ...(minimum === Number.MIN_SAFE_INTEGER || minimum === undefined ? {} : { minimum }),
    ...(maximum === Number.MAX_SAFE_INTEGER || maximum === undefined ? {} : { maximum }),
  };
}

function demandBound(node: JsonObject, path: string): void {
  const has = (keyword: string): boolean => node[keyword] !== undefined;
  if (node["type"] === "string" && !has("maxLength") && !has("enum"))
    throw new Error(`${path}: needs a maximum length`);
  if (node["type"] === "array" && !has("maxItems")) throw new Error(`${path}: needs a maximum number of items`);
  if (node["type"] === "object" && !has("properties") && !has("maxProperties")) {
    throw new Error(`${path}: needs a maximum number of entries`);
  }
}

/** Type and description first, children last, so that the YAML reads from the top. */
function ordered(node: JsonObject): JsonObject {
  const rank = ["type", "description"];
  const last = ["x-kubernetes-validations", "required", "properties", "additionalProperties", "items"];
  const place = (keyword: string): number => {
    if (rank.includes(keyword)) return rank.indexOf(keyword);
    return last.includes(keyword) ? 100 + last.indexOf(keyword) : 50;
  };
  return Object.fromEntries(Object.entries(node).sort(([a], [b]) => place(a) - place(b) || (a < b ? -1 : 1)));
}
