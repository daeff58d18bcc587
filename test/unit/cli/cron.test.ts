import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, it } from "mocha";

const MAIN = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function kjo(...args: string[]): Promise<Answer> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

describe("kjo cron", () => {
  it("prints the next times as JSON, the first one included", async () => {
    const args = ["--seed", "plain", "--from", "2026-01-01T00:00:00Z", "--count", "2", "-o", "json"];
    const { code, stdout } = await kjo("cron", "H/15 * * * *", ...args);
    assert.deepEqual([code, JSON.parse(stdout)], [0, ["2026-01-01T00:10:00.000Z", "2026-01-01T00:25:00.000Z"]]);
  });

  it("prints one time a line, and advice beside", async () => {
    const { code, stdout, stderr } = await kjo("cron", "0 3 * * *", "--from", "2026-01-01T03:00:00Z", "--count", "2");
    assert.deepEqual([code, stdout], [0, "2026-01-01T03:00:00.000Z\n2026-01-02T03:00:00.000Z\n"]);
    assert.match(stderr, /"H 3 \* \* \*" spreads the load/);
  });

  it("answers a schedule that is wrong or never fires with an error", async () => {
    const wrong = await kjo("cron", "61 * * * *");
    assert.deepEqual([wrong.code, wrong.stdout], [1, ""]);
    assert.match(wrong.stderr, /61 is not within 0 and 59/);
    const never = await kjo("cron", "0 0 31 2 *", "-o", "json");
    assert.equal(never.code, 1);
    assert.match((JSON.parse(never.stdout) as { error: string }).error, /never fires/);
  });

  for (const [args, message] of [
    [[], /SPEC is missing/],
    [["H", "*", "*", "*", "*"], /one SPEC, in quotes/],
    [["@daily", "--count", "0"], /--count: "0"/],
    [["@daily", "--from", "soon"], /--from: "soon"/],
    [["@daily", "-o", "yaml"], /-o: "yaml"/],
    [["@daily", "--zone", "UTC"], /--zone/],
  ] as const) {
    it(`tells of wrong usage: ${args.join(" ") || "nothing"}`, async () => {
      const { code, stderr } = await kjo("cron", ...args);
      assert.equal(code, 2);
      assert.match(stderr, message);
    });
  }
});
