import assert from "node:assert/strict";
import { z } from "zod";
import { toCrd, toStructuralSchema } from "../../../src/api/crd.ts";
import { GATEWAY_KINDS, KINDS } from "../../../src/api/kinds.ts";
import { withRules, withTransitionRules } from "../../../src/api/rules.ts";
import type { JsonObject } from "../../../src/model/json.ts";

describe("api/crd", () => {
  const convertible: [what: string, schema: z.ZodType, expected: JsonObject][] = [
    ["a bounded string", z.string().min(1).max(5), { type: "string", minLength: 1, maxLength: 5 }],
    ["an integer", z.int().min(1), { type: "integer", format: "int64", minimum: 1 }],
    ["an integer without bounds", z.int(), { type: "integer", format: "int64" }],
    ["literal integers", z.literal([301, 302]), { type: "integer", format: "int64", enum: [301, 302] }],
    ["words", z.enum(["a", "b"]), { type: "string", enum: ["a", "b"] }],
    ["a list", z.array(z.boolean()).max(3), { type: "array", maxItems: 3, items: { type: "boolean" } }],
    [
      "a map",
      z.record(z.string(), z.boolean()).meta({ maxProperties: 3 }),
      { type: "object", maxProperties: 3, additionalProperties: { type: "boolean" } },
    ],
    [
      "a free object",
      z.record(z.string(), z.unknown()),
      { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    ],
    [
      "an object that refuses unknown fields, which the API server does by itself",
      z.strictObject({ a: z.boolean(), b: z.boolean().optional().describe("B.") }),
      {
        type: "object",
        required: ["a"],
        properties: { a: { type: "boolean" }, b: { type: "boolean", description: "B." } },
      },
    ],
    [
      "a default object, completed by its properties' defaults",
      z.strictObject({
        a: z.strictObject({ b: z.boolean().default(true), c: z.boolean().default(false) }).prefault({ c: true }),
      }),
      {
        type: "object",
        properties: {
          a: {
            type: "object",
            default: { b: true, c: true },
            properties: { b: { type: "boolean", default: true }, c: { type: "boolean", default: false } },
          },
        },
      },
    ],
    [
      "rules, in the order in which they were given",
      withTransitionRules(withRules(z.boolean(), [{ cel: "self", message: "must be true", holds: (value) => value }]), [
        { cel: "self == oldSelf", message: "must stay", at: "a.b" },
      ]).describe("Yes."),
      {
        type: "boolean",
        description: "Yes.",
        "x-kubernetes-validations": [
          { rule: "self", message: "must be true" },
          { rule: "self == oldSelf", message: "must stay", fieldPath: ".a.b" },
        ],
      },
    ],
  ];
  for (const [what, schema, expected] of convertible) {
    it(`expresses ${what}`, () => assert.deepEqual(toStructuralSchema(schema, "spec"), expected));
  }

  const refused: [what: string, schema: z.ZodType, message: RegExp][] = [
    ["a union of types", z.strictObject({ a: z.union([z.string(), z.boolean()]) }), /^Error: spec\.a: /],
    ["a tuple", z.strictObject({ a: z.tuple([z.string()]) }), /^Error: spec\.a/],
    ["a value of no type", z.strictObject({ a: z.array(z.unknown()) }), /^Error: spec\.a\[\]: has no type/],
    [
      "a pattern, which has no words for what is wrong",
      z.strictObject({ a: z.string().regex(/a/) }),
      /^Error: spec\.a: pattern is not/,
    ],
    [
      "a map whose names are checked",
      z.record(z.string().max(5), z.boolean()),
      /^Error: spec: the API server cannot check the names/,
    ],
    ["a shared definition", z.strictObject({ a: z.string().meta({ id: "A" }) }), /^Error: spec: definitions/],
  ];
  for (const [what, schema, message] of refused) {
    it(`refuses ${what} and names the path`, () => {
      assert.throws(() => toStructuralSchema(schema, "spec"), message);
    });
  }

  const unbounded: [what: string, schema: z.ZodType, message: RegExp][] = [
    ["a string", z.strictObject({ a: z.string() }), /^Error: spec\.a: needs a maximum length/],
    ["a list", z.array(z.boolean()), /^Error: spec: needs a maximum number of items/],
    ["the strings of a list", z.array(z.string()).max(5), /^Error: spec\[\]: needs a maximum length/],
    ["a map", z.record(z.string(), z.boolean()), /^Error: spec: needs a maximum number of entries/],
    ["a free object", z.record(z.string(), z.unknown()), /^Error: spec: needs a maximum number of entries/],
  ];
  for (const [what, schema, message] of unbounded) {
    it(`demands a bound on ${what} where it is told to`, () => {
      assert.throws(() => toStructuralSchema(schema, "spec", { bounded: true }), message);
    });
  }

  for (const definition of KINDS) {
    it(`describes every field of ${definition.kind}`, () => {
      const { properties } = schemaOf(toCrd(definition));
      const bare = fieldsWithoutDescription(properties as JsonObject, "").filter((path) => path !== "metadata");
      assert.deepEqual(bare, []);
    });

    it(`ends the columns of ${definition.kind} with Ready, Reason and Age`, () => {
      assert.deepEqual(
        definition.printerColumns.slice(-3).map(({ name }) => name),
        ["Ready", "Reason", "Age"],
      );
    });
  }

  it("gives no default to a field of Kong's own", () => {
    const withDefaults = GATEWAY_KINDS.filter(({ kind }) => kind !== "KongGateway").filter((definition) =>
      JSON.stringify(schemaOf(toCrd(definition)), (name, value: unknown) =>
        // The operator's own: what it asks the proxy, and where it finds servers.
        ["verify", "backends"].includes(name) ? undefined : value,
      ).includes('"default":'),
    );
    assert.deepEqual(
      withDefaults.map(({ kind }) => kind),
      [],
    );
  });

  it("uses no name twice", () => {
    const names = KINDS.flatMap(({ kind, plural, singular, shortNames }) => [kind, plural, singular, ...shortNames]);
    assert.equal(new Set(names).size, names.length);
  });
});

function schemaOf(crd: JsonObject): JsonObject {
  const { versions } = crd["spec"] as { versions: { schema: { openAPIV3Schema: JsonObject } }[] };
  return versions[0]?.schema.openAPIV3Schema ?? {};
}

function fieldsWithoutDescription(properties: JsonObject, prefix: string): string[] {
  return Object.entries(properties).flatMap(([name, value]) => {
    const schema = value as JsonObject;
    const below = (schema["items"] ?? schema) as JsonObject;
    const path = prefix + name;
    const own = typeof schema["description"] === "string" ? [] : [path];
    return [...own, ...fieldsWithoutDescription((below["properties"] ?? {}) as JsonObject, `${path}.`)];
  });
}
