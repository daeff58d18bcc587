import assert from "node:assert/strict";
import { KINDS } from "../../../src/api/kinds.ts";
import { parseSpec } from "../../../src/api/parse.ts";
import { InvalidSpecError } from "../../../src/errors.ts";
import { isExplained, loadInvalid, loadValid } from "../../fixtures/kinds/load.ts";

describe("api/parse on the fixtures", () => {
  for (const { name, object, definition } of loadValid()) {
    it(`accepts ${name}`, () => {
      parseSpec(definition, object);
    });
  }

  for (const { name, object, definition, at, parserSays } of loadInvalid()) {
    it(`refuses ${name} and names ${at}`, () => {
      assert.throws(
        () => parseSpec(definition, object),
        (error) => error instanceof InvalidSpecError && isExplained(error.message, at, parserSays),
      );
    });
  }

  for (const { kind, singular } of KINDS) {
    it(`has an example and something to refuse of ${kind}`, () => {
      assert.ok(loadValid().some(({ name }) => name === `${singular}-example`));
      assert.ok(loadInvalid().some(({ object }) => object.kind === kind));
    });
  }
});
