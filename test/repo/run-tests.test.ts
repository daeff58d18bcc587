import assert from "node:assert/strict";
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { emptyResult, summaryLines, type SuiteResult } from "../dev/summary.ts";

const dev = fileURLToPath(new URL("../dev/", import.meta.url));
const IMPORT_SKIP = `import { skip } from ${JSON.stringify(path.join(dev, "skip.ts"))};\n`;

describe("test/dev/run-suite.ts", () => {
  let folder: string;

  beforeEach(async () => (folder = await fs.mkdtemp(path.join(os.tmpdir(), "kjo-suite-"))));
  afterEach(async () => fs.rm(folder, { recursive: true, force: true }));

  async function runSuite(code: string): Promise<{ code: number; result: SuiteResult | undefined; output: string }> {
    const file = path.join(folder, "planted.test.ts");
    await fs.writeFile(file, IMPORT_SKIP + code);
    const child = fork(path.join(dev, "run-suite.ts"), ["2000", "", file], { silent: true });
    let result: SuiteResult | undefined;
    let output = "";
    child.on("message", (message) => (result = message as SuiteResult));
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (output += chunk));
    const [exitCode] = await once(child, "close");
    return { code: exitCode, result, output };
  }

  it("counts what passed and what failed", async () => {
    const { code, result } = await runSuite(`
      it("holds", () => undefined);
      it("breaks", () => { throw new Error("broken"); });
    `);
    assert.deepEqual([code, result], [1, { passed: 1, failed: 1, skipped: [] }]);
  });

  it("reports each skip with its reason: of a test, of a hook before all and of a hook before each", async () => {
    const { code, result } = await runSuite(`
      it("alone", function () { skip(this, "no moon"); });
      describe("block", () => {
        before(function () { skip(this, "no engine"); });
        it("first", () => undefined);
        describe("inner", () => it("second", () => undefined));
      });
      describe("one by one", () => {
        beforeEach(function () { if (this.currentTest.title === "third") skip(this, "no third"); });
        it("third", () => undefined);
        it("fourth", () => undefined);
      });
    `);
    const skipped = [
      { test: "alone", reason: "no moon" },
      { test: "block first", reason: "no engine" },
      { test: "block inner second", reason: "no engine" },
      { test: "one by one third", reason: "no third" },
    ];
    assert.deepEqual([code, result], [0, { passed: 1, failed: 0, skipped }]);
  });

  it("counts a skip without a reason as a failure", async () => {
    const { code, result, output } = await runSuite('it("later");\nit.skip("never", () => undefined);');
    assert.deepEqual([code, result], [1, { passed: 0, failed: 2, skipped: [] }]);
    assert.match(output, /"never" is skipped without a reason/);
  });

  it("refuses an exclusive test", async () => {
    const { code, result } = await runSuite('it.only("mine", () => undefined);\nit("yours", () => undefined);');
    assert.notEqual(code, 0);
    assert.notEqual(result?.passed, 1);
  });

  it("ends without a result when a file cannot be loaded", async () => {
    const { code, result } = await runSuite('throw new Error("no such thing");');
    assert.deepEqual([code, result], [1, undefined]);
  });
});

describe("test/dev/run-tests.ts", () => {
  async function runTests(...args: string[]): Promise<{ code: number; stdout: string }> {
    const child = spawn(process.execPath, [path.join(dev, "run-tests.ts"), ...args], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let stdout = "";
    child.stdout.on("data", (chunk) => (stdout += chunk));
    const [code] = await once(child, "close");
    return { code, stdout };
  }

  it("fails where no test was run, and closes with the counts", async function () {
    this.timeout(20_000); // loads every test of the repository
    const { code, stdout } = await runTests("--suite", "repo", "--grep", "no test has this name");
    assert.equal(stdout.split("\n").at(-2), "0 passed, 1 failed, 0 skipped");
    assert.equal(code, 1);
  });

  it("refuses a suite that does not exist", async () => {
    assert.deepEqual(await runTests("--suite", "unity"), { code: 2, stdout: "" });
  });

  it("names each reason once, with the tests that it kept from running", () => {
    const reason = "no control plane: Go is not installed";
    const skipped = ["a", "b"].map((test) => ({ test, reason }));
    assert.deepEqual(summaryLines({ ...emptyResult(), passed: 3, skipped }), [
      `  skipped: ${reason}`,
      "    - a",
      "    - b",
      "3 passed, 0 failed, 2 skipped",
    ]);
  });
});
