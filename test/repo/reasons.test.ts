import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Reasons of our errors and conditions; `kube/` has only those of the API server. */
const SOURCES = globSync("src/{controllers,kong,jenkins,discovery,report,tenancy,translate,plan,api,verify}/**/*.ts", {
  cwd: ROOT,
});

/** Where a reason is written down: the first argument of an error, a field, or an argument of a condition. */
const WRITTEN = [
  /new \w+Error\(\s*"([A-Z]\w+)"/g,
  /\breason(?::| =)\s*(?:[^",;]*\?\s*)?"([A-Z]\w+)"(?:\s*:\s*"([A-Z]\w+)")?/g,
  /\b(?:yes|no|unknown|stalled|reconciling)\(\s*"[A-Z]\w+"(?:,\s*"([A-Z]\w+)")?/g,
  /\b(?:fault|cannot)\(\s*"([A-Z]\w+)"/g,
  /instanceof OperatorError \? error\.reason : "([A-Z]\w+)"/g,
];

describe("docs/reasons.md", () => {
  it("explains every reason that the code gives", () => {
    const explained = documented();
    const missing = [...given()].filter((reason) => !explained.has(reason));
    assert.deepEqual(missing, []);
  });

  it("explains no reason that the code does not give", () => {
    const text = SOURCES.map((file) => readFileSync(path.join(ROOT, file), "utf8")).join("\n");
    const unknown = [...documented()].filter(
      (reason) => !text.includes(`"${reason}"`) && !text.includes(`type: "${reason}"`),
    );
    assert.deepEqual(unknown, []);
  });

  it("sees the reasons in the code", () => {
    const reasons = given();
    assert.ok(reasons.size > 30, `${reasons.size} reasons in ${SOURCES.length} files`);
    for (const known of ["Conflict", "InUse", "SecretNotFound", "DriftRepaired", "OverLimit"])
      assert.ok(reasons.has(known), known);
  });
});

function given(): Set<string> {
  const texts = SOURCES.map((file) => readFileSync(path.join(ROOT, file), "utf8"));
  const matches = texts.flatMap((text) => WRITTEN.flatMap((pattern) => [...text.matchAll(pattern)]));
  return new Set(matches.flatMap((match) => match.slice(1)).filter((reason) => reason !== undefined));
}

/** The words in the first column of each table. */
function documented(): Set<string> {
  const text = readFileSync(path.join(ROOT, "docs/reasons.md"), "utf8");
  const cells = [...text.matchAll(/^\| ([^|]+) \|/gm)].map(([, cell = ""]) => cell);
  return new Set(cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, reason = ""]) => reason)));
}
