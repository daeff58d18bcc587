import assert from "node:assert/strict";
import { parseRecordSchema, type RecordSchema } from "../../../src/kong/schema.ts";
import { changedFields } from "../../../src/kong/schema-compare.ts";
import { completeFields } from "../../../src/kong/schema-complete.ts";
import type { JsonObject } from "../../../src/model/json.ts";

/** Kong's way of writing a schema: a list of objects of one key. */
function schema(fields: Record<string, JsonObject>, shorthands: Record<string, JsonObject> = {}): RecordSchema {
  const list = (record: Record<string, JsonObject>): JsonObject[] =>
    Object.entries(record).map(([name, field]) => ({ [name]: field }));
  return parseRecordSchema({ fields: list(fields), shorthand_fields: list(shorthands) });
}

const REDIS: JsonObject = {
  type: "record",
  required: true,
  fields: [{ host: { type: "string" } }, { port: { type: "integer", default: 6379 } }],
};
const replacedWith = (...path: string[]): JsonObject => ({
  type: "string",
  deprecation: { replaced_with: [{ path }] },
});

const COMPLETED: { title: string; schema: RecordSchema; given: JsonObject; full: JsonObject }[] = [
  {
    title: "takes the default of an absent field",
    schema: schema({ a: { type: "integer", default: 5 } }),
    given: {},
    full: { a: 5 },
  },
  {
    title: "takes null where there is no default",
    schema: schema({ a: { type: "string" } }),
    given: {},
    full: { a: null },
  },
  {
    title: "keeps an explicit null",
    schema: schema({ a: { type: "integer", default: 5 } }),
    given: { a: null },
    full: { a: null },
  },
  {
    title: "leaves out what Kong makes up",
    schema: schema({ id: { type: "string", auto: true } }),
    given: {},
    full: {},
  },
  {
    title: "keeps what Kong would have made up",
    schema: schema({ key: { type: "string", auto: true } }),
    given: { key: "k" },
    full: { key: "k" },
  },
  {
    title: "fills a required record",
    schema: schema({ redis: REDIS }),
    given: {},
    full: { redis: { host: null, port: 6379 } },
  },
  {
    title: "fills a record that is given in part",
    schema: schema({ redis: { ...REDIS, required: false } }),
    given: { redis: { host: "h" } },
    full: { redis: { host: "h", port: 6379 } },
  },
  {
    title: "leaves an absent record that is not required",
    schema: schema({ redis: { ...REDIS, required: false } }),
    given: {},
    full: { redis: null },
  },
  {
    title: "fills records in a list and in a map",
    schema: schema({
      list: { type: "array", elements: REDIS },
      map: { type: "map", keys: { type: "string" }, values: REDIS },
    }),
    given: { list: [{ host: "a" }], map: { x: {} } },
    full: { list: [{ host: "a", port: 6379 }], map: { x: { host: null, port: 6379 } } },
  },
  {
    title: "moves a deprecated name to the field that took its place",
    schema: schema({ redis: REDIS }, { redis_host: replacedWith("redis", "host") }),
    given: { redis_host: "h" },
    full: { redis: { host: "h", port: 6379 } },
  },
  {
    title: "lets the new name win over the deprecated one",
    schema: schema({ redis: REDIS }, { redis_host: replacedWith("redis", "host") }),
    given: { redis_host: "old", redis: { host: "new" } },
    full: { redis: { host: "new", port: 6379 } },
  },
  {
    title: "reads the older form of a deprecation",
    schema: schema({ redis: REDIS }, { redis_host: { type: "string", translate_backwards: ["redis", "host"] } }),
    given: { redis_host: "h" },
    full: { redis: { host: "h", port: 6379 } },
  },
  {
    title: "says nothing of a record in which a shorthand's effect is unknown",
    schema: schema({ a: { type: "integer", default: 1 }, b: { type: "integer" } }, { odd: { type: "string" } }),
    given: { odd: "x", b: 2 },
    full: { b: 2 },
  },
];

describe("kong/schema-complete", () => {
  for (const { title, schema: own, given, full } of COMPLETED) {
    it(title, () => assert.deepEqual(completeFields(own, given).full, full));
  }

  it("neither sends nor hides what the schema lacks, however deep it stands", () => {
    const own = schema({ redis: REDIS, list: { type: "array", elements: REDIS } });
    const { send, unknown } = completeFields(own, { x: 1, redis: { y: 2 }, list: [{ host: "h", z: 3 }] });
    assert.deepEqual(unknown, ["x", "redis.y", "list[0].z"]);
    assert.deepEqual(send, { redis: {}, list: [{ host: "h" }] });
  });

  it("sends only what was asked for, so that Kong's own defaults stay Kong's", () => {
    const own = schema({ a: { type: "integer", default: 5 }, b: { type: "string" } });
    assert.deepEqual(completeFields(own, { b: "x" }).send, { b: "x" });
  });

  it("does not change what it is given", () => {
    const own = schema({ redis: REDIS }, { redis_host: replacedWith("redis", "host") });
    const given = { redis_host: "h", redis: { port: 1 } };
    completeFields(own, given);
    assert.deepEqual(given, { redis_host: "h", redis: { port: 1 } });
  });
});

const STRINGS: JsonObject = { type: "string" };
const COMPARED: {
  title: string;
  field: JsonObject;
  wanted: JsonObject["x"];
  actual: JsonObject["x"];
  differs: string[];
}[] = [
  { title: "null and absent are the same", field: STRINGS, wanted: null, actual: null, differs: [] },
  { title: "another value differs", field: STRINGS, wanted: "a", actual: "b", differs: ["x"] },
  { title: "a value and none differ", field: STRINGS, wanted: null, actual: "b", differs: ["x"] },
  {
    title: "a list has an order",
    field: { type: "array", elements: STRINGS },
    wanted: ["a", "b"],
    actual: ["b", "a"],
    differs: ["x"],
  },
  {
    title: "a set has none, and no doubles",
    field: { type: "set", elements: STRINGS },
    wanted: ["a", "b", "a"],
    actual: ["b", "a"],
    differs: [],
  },
  {
    title: "an empty list may come as an object",
    field: { type: "array", elements: STRINGS },
    wanted: [],
    actual: {},
    differs: [],
  },
  {
    title: "an empty list and null differ",
    field: { type: "array", elements: STRINGS },
    wanted: [],
    actual: null,
    differs: ["x"],
  },
  {
    title: "an empty map may come as a list",
    field: { type: "map", values: STRINGS },
    wanted: {},
    actual: [],
    differs: [],
  },
  {
    title: "keys of a map have no order",
    field: { type: "map", values: STRINGS },
    wanted: { a: "1", b: "2" },
    actual: { b: "2", a: "1" },
    differs: [],
  },
  { title: "1.0 is 1", field: { type: "number" }, wanted: 1, actual: 1.0, differs: [] },
  { title: "numbers count to 14 digits", field: { type: "number" }, wanted: 0.1 + 0.2, actual: 0.3, differs: [] },
  {
    title: "a reference is its id",
    field: { type: "foreign", reference: "services" },
    wanted: { id: "1" },
    actual: { id: "1", name: "n" },
    differs: [],
  },
  {
    title: "another reference differs",
    field: { type: "foreign", reference: "services" },
    wanted: { id: "1" },
    actual: { id: "2" },
    differs: ["x"],
  },
  {
    title: "a record differs by its field",
    field: REDIS,
    wanted: { host: "h", port: 1 },
    actual: { host: "h", port: 2 },
    differs: ["x.port"],
  },
  {
    title: "twins that Kong answers beside a record do not count",
    field: REDIS,
    wanted: { host: "h", port: 1 },
    actual: { host: "h", port: 1, server: "h" },
    differs: [],
  },
  {
    title: "records in a set compare without their nulls",
    field: { type: "set", elements: { type: "record", fields: [{ ip: STRINGS }, { port: { type: "integer" } }] } },
    wanted: [{ ip: null, port: 1 }],
    actual: [{ port: 1 }],
    differs: [],
  },
  {
    title: "what is not stored with the entity has no order, and none is as good as empty",
    field: { type: "array", transient: true, elements: STRINGS },
    wanted: null,
    actual: [],
    differs: [],
  },
];

describe("kong/schema-compare", () => {
  for (const { title, field, wanted, actual, differs } of COMPARED) {
    it(title, () => {
      const changes = changedFields(schema({ x: field }), { x: wanted ?? null }, { x: actual ?? null });
      assert.deepEqual(
        changes.map(({ path }) => path),
        differs,
      );
    });
  }

  it("does not compare what nobody can foresee", () => {
    assert.deepEqual(changedFields(schema({ id: { type: "string", auto: true } }), {}, { id: "x" }), []);
  });
});
