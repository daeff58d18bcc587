import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { parseBenchOptions } from "../../../bench/options.ts";

describe("bench options", () => {
  it("measures 1,000 services against the stand-in where nothing is said", () => {
    const wanted = { services: 1000, changes: 50, upstreams: false, kong: undefined, dbless: false };
    assert.deepEqual(parseBenchOptions([]), { ...wanted, apply: true, json: false });
  });

  it("takes numbers, a gateway without its last slash, and switches", () => {
    const args = ["--services", "5000", "--changes=7", "--kong", "http://127.0.0.1:8001/", "--no-apply", "--json"];
    const wanted = { services: 5000, changes: 7, upstreams: false, kong: "http://127.0.0.1:8001", dbless: false };
    assert.deepEqual(parseBenchOptions(args), { ...wanted, apply: false, json: true });
  });

  it("takes upstreams and a stand-in without a database", () => {
    const options = parseBenchOptions(["--upstreams", "--dbless"]);
    assert.ok(options !== "help" && options.upstreams && options.dbless);
  });

  it("gives the help text before anything else", () => {
    assert.equal(parseBenchOptions(["--help", "--services", "none"]), "help");
  });

  for (const [args, message] of [
    [["--services", "0"], /--services: "0" is not a whole number above 0/],
    [["--changes", "1.5"], /--changes: "1.5" is not a whole number above 0/],
    [["--kong", "127.0.0.1:8001"], /--kong: "127.0.0.1:8001" is not an http or https URL/],
    [["--kong", "http://127.0.0.1:8001", "--dbless"], /--dbless is for the stand-in/],
    [["--service", "5"], /--service/],
    [["5000"], /5000/],
  ] as const) {
    it(`refuses ${args.join(" ")} and says why`, () => {
      assert.throws(() => parseBenchOptions(args), { message });
    });
  }
});
