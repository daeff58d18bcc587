import assert from "node:assert/strict";
import { InvalidSpecError } from "../../../src/errors.ts";
import type { Json, JsonObject } from "../../../src/model/json.ts";
import { setAtPath } from "../../../src/translate/json-path.ts";

const REACHED: readonly {
  readonly pointer: string;
  readonly target: JsonObject;
  readonly becomes: JsonObject;
  readonly steps: readonly string[];
}[] = [
  { pointer: "/password", target: {}, becomes: { password: "v" }, steps: ["password"] },
  { pointer: "password", target: {}, becomes: { password: "v" }, steps: ["password"] },
  { pointer: "/password", target: { password: { a: 1 } }, becomes: { password: "v" }, steps: ["password"] },
  { pointer: "/redis/password", target: {}, becomes: { redis: { password: "v" } }, steps: ["redis", "password"] },
  {
    pointer: "/redis/password",
    target: { redis: { host: "h" } },
    becomes: { redis: { host: "h", password: "v" } },
    steps: ["redis", "password"],
  },
  { pointer: "/redis/x", target: { redis: null }, becomes: { redis: { x: "v" } }, steps: ["redis", "x"] },
  { pointer: "/headers/0", target: { headers: ["a", "b"] }, becomes: { headers: ["v", "b"] }, steps: ["headers", "0"] },
  { pointer: "/headers/1", target: { headers: ["a"] }, becomes: { headers: ["a", "v"] }, steps: ["headers", "1"] },
  { pointer: "/headers/-", target: { headers: ["a"] }, becomes: { headers: ["a", "v"] }, steps: ["headers", "1"] },
  { pointer: "/list/0/key", target: { list: [{}] }, becomes: { list: [{ key: "v" }] }, steps: ["list", "0", "key"] },
  { pointer: "/list/-/key", target: { list: [] }, becomes: { list: [{ key: "v" }] }, steps: ["list", "0", "key"] },
  { pointer: "/a~1b/c~0d", target: {}, becomes: { "a/b": { "c~d": "v" } }, steps: ["a/b", "c~d"] },
  { pointer: "/0", target: {}, becomes: { 0: "v" }, steps: ["0"] },
];

const REFUSED: readonly { readonly title: string; readonly pointer: string; readonly target: JsonObject }[] = [
  { title: "through a number", pointer: "/minute/of", target: { minute: 5 } },
  { title: "through a text", pointer: "/policy/0", target: { policy: "local" } },
  { title: "past the end of a list", pointer: "/headers/2", target: { headers: ["a"] } },
  { title: "before its beginning", pointer: "/headers/-1", target: { headers: ["a"] } },
  { title: "by a name into a list", pointer: "/headers/name", target: { headers: ["a"] } },
  { title: "by nothing into a list", pointer: "/headers/", target: { headers: ["a"] } },
  { title: "by a fraction into a list", pointer: "/headers/0.5", target: { headers: ["a"] } },
  { title: "into what every object inherits", pointer: "/__proto__/polluted", target: {} },
  { title: "into the constructor of every object", pointer: "/constructor/prototype/polluted", target: {} },
];

describe("translate/json-path", () => {
  for (const { pointer, target, becomes, steps } of REACHED) {
    it(`sets ${pointer} in ${JSON.stringify(target)}`, () => {
      const copy = structuredClone(target);
      assert.deepEqual(setAtPath(copy, pointer, "v", "spec.configPatches[0].path"), steps);
      assert.deepEqual(copy, becomes);
    });
  }

  for (const { title, pointer, target } of REFUSED) {
    it(`does not go ${title}, and says where it ended`, () => {
      assert.throws(
        () => setAtPath(structuredClone(target), pointer, "secret-value", "spec.configPatches[0].path"),
        (error) =>
          error instanceof InvalidSpecError &&
          error.message.startsWith(`spec.configPatches[0].path: "${pointer}" cannot be followed at `) &&
          !error.message.includes("secret-value"),
      );
      assert.equal(({} as { polluted?: Json }).polluted, undefined);
    });
  }
});
