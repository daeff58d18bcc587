import assert from "node:assert/strict";
import { givenGateway, KONG_OPTIONS, oneOf, readArguments, type KongArguments } from "../../../src/cli/arguments.ts";
import { diff, sync } from "../../../src/cli/diff-sync.ts";
import { exportConfiguration } from "../../../src/cli/export.ts";
import { importFile } from "../../../src/cli/import.ts";
import { UsageError } from "../../../src/offline/gateways.ts";

const REFUSED: readonly (readonly [KongArguments, RegExp])[] = [
  [{ kong: "localhost:8001" }, /--kong: must be http/],
  [{ kong: "http://user:canary@kong:8001" }, /--kong: must be http/],
  [{ kong: "http://kong:8001", "kong-ca": "/dev/null" }, /TLS options need an https URL/],
  [{ kong: "http://kong:8001", "kong-header": ["Authorization: canary"] }, /must be NAME:VARIABLE/],
  [{ kong: "http://kong:8001", "kong-header": ["Authorization:NOT_SET_ANYWHERE"] }, /NOT_SET_ANYWHERE is not set/],
  [{ "kong-ca": "ca.pem" }, /--kong-ca needs --kong URL/],
];

const COMMANDS: readonly (readonly [string, () => unknown, RegExp])[] = [
  ["kjo diff", () => diff([]), /-f PATH is missing/],
  ["kjo diff --dry-run", () => diff(["-f", "x", "--dry-run"]), /what kjo diff does anyway/],
  ["kjo diff -o xml", () => diff(["-f", "x", "-o", "xml"]), /-o: must be text or json/],
  ["kjo sync x", () => sync(["x"]), /Unexpected argument/],
  ["kjo sync --nonsense", () => sync(["--nonsense"]), /Unknown option '--nonsense'/],
  ["kjo sync --cluster a/b", () => sync(["-f", "package.json", "--cluster", "a/b"]), /apiVersion|--cluster/],
  ["kjo export", () => exportConfiguration([]), /--format deck\|crd is missing/],
  ["kjo export with secrets", () => exportConfiguration(["--format", "deck", "--with-secrets"]), /needs -o FILE/],
  ["kjo import", () => importFile([]), /FILE is missing/],
  ["kjo import a b", () => importFile(["a", "b"]), /one argument too many: b/],
  ["kjo import with secrets", () => importFile(["a", "--with-secrets"]), /needs -o FOLDER/],
];

describe("cli/arguments", () => {
  for (const [values, message] of REFUSED) {
    it(`refuses ${JSON.stringify(values)}, and repeats nothing that may be secret`, () => {
      assert.throws(
        () => givenGateway(values),
        (error: Error) =>
          error instanceof UsageError && message.test(error.message) && !error.message.includes("canary"),
      );
    });
  }

  it("takes a header's value from the environment", () => {
    const given = givenGateway({
      kong: "https://kong:8444",
      "kong-header": ["X-Path:PATH"],
      "kong-server-name": "kong",
    });
    assert.equal(given?.headers["X-Path"], process.env["PATH"]);
    assert.equal(given?.tls?.serverName, "kong");
  });

  it("reads options as they are declared", () => {
    assert.deepEqual({ ...readArguments(["--kong", "a"], KONG_OPTIONS).values }, { kong: "a" });
    assert.throws(() => oneOf("--format", "yaml", ["deck", "crd"]), /--format: must be deck or crd/);
  });

  for (const [command, run, message] of COMMANDS) {
    it(`${command}: says what is wrong`, async () => {
      await assert.rejects(async () => run(), message);
    });
  }
});
