import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { parseBenchOptions } from "../../../bench/options.ts";

describe("bench options", () => {
  it("measures 1,000 services against the stand-in where nothing is said", () => {
    const wanted = { services: 1000, changes: 50, kong: undefined, apply: true, json: false };
    assert.deepEqual(parseBenchOptions([]), wanted);
  });

  it("takes numbers, a gateway without its last slash, and switches", () => {
    const args = ["--services", "5000", "--changes=7", "--kong", "http://127.0.0.1:8001/", "--no-apply", "--json"];
    const wanted = { services: 5000, changes: 7, kong: "http://127.0.0.1:8001", apply: false, json: true };
    assert.deepEqual(parseBenchOptions(args), wanted);
  });

  it("gives the help text before anything else", () => {
    assert.equal(parseBenchOptions(["--help", "--services", "none"]), "help");
  });

  for (const [args, message] of [
    [["--services", "0"], /--services: "0" is not a whole number above 0/],
    [["--changes", "1.5"], /--changes: "1.5" is not a whole number above 0/],
    [["--kong", "127.0.0.1:8001"], /--kong: "127.0.0.1:8001" is not an http or https URL/],
    [["--service", "5"], /--service/],
    [["5000"], /5000/],
  ] as const) {
    it(`refuses ${args.join(" ")} and says why`, () => {
      assert.throws(() => parseBenchOptions(args), { message });
    });
  }
});
