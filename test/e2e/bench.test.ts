import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { before, it } from "mocha";
import { ControlPlaneUnavailableError, prepareControlPlane } from "../controlplane/control-plane.ts";
import { skip } from "../dev/skip.ts";
import { startKongDouble } from "../doubles/kong/double.ts";
import { describeWithDatabase } from "./setup-database.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

async function bench(...args: string[]): Promise<Record<string, unknown>> {
  const all = ["bench/main.ts", "--services", "3", "--changes", "2", "--json", ...args];
  const { stdout } = await promisify(execFile)(process.execPath, all, { cwd: ROOT });
  const lines = stdout.trimEnd().split("\n");
  assert.equal(lines.length, 1, stdout);
  return JSON.parse(lines[0] ?? "") as Record<string, unknown>;
}

/** Member names with the type of what they hold; numbers below zero are none. */
function shapeOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null)
    return typeof value === "number" && !(value >= 0) ? value : typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]));
}

const COUNTS = { writes: "number", reads: "number" };
const CHANGE = { p50Ms: "number", p95Ms: "number", ...COUNTS };
const SHAPE = {
  gateway: "string",
  services: "number",
  routes: "number",
  upstreams: "number",
  bulk: { seconds: "number", floorSeconds: "number", ratio: "number", fromApplySeconds: "number", ...COUNTS },
  change: CHANGE,
  targetChange: CHANGE,
  noop: COUNTS,
  refused: { toldMs: "number", ...COUNTS },
  foreign: { toldMs: "number", takenOverMs: "number", ...COUNTS },
  restart: { seconds: "number", ...COUNTS },
  deletion: { seconds: "number", ...COUNTS },
  rssMb: "number",
  rssPeakMb: "number",
};

/** How fast anything is depends on the machine and is not judged here. */
describeWithDatabase("npm run bench", "it starts gateways of its own, and needs no other suite", function () {
  this.timeout(240_000);

  before(async function () {
    try {
      await prepareControlPlane(() => undefined);
    } catch (error) {
      if (error instanceof ControlPlaneUnavailableError) skip(this, error.message);
      throw error;
    }
  });

  it("prints one line of JSON, and counts no write beyond what is needed", async () => {
    const result = await bench("--upstreams");
    assert.deepEqual(shapeOf(result), SHAPE);
    const writesOf = (name: string): unknown => (result[name] as { writes: unknown }).writes;
    const scenarios = ["bulk", "change", "targetChange", "noop", "refused", "restart", "deletion"];
    // Three each of upstreams, services and routes, and six targets, which go with their upstream.
    assert.deepEqual(scenarios.map(writesOf), [15, 1, 1, 0, 1, 0, 9]);
  });

  it("measures a gateway that is there already, and leaves nothing of its own in it", async () => {
    const double = await startKongDouble();
    try {
      const theirs = `${double.adminUrl}/services/theirs`;
      const body = JSON.stringify({ name: "theirs", host: "127.0.0.1" });
      await fetch(theirs, { method: "PUT", headers: { "content-type": "application/json" }, body });
      const result = await bench("--kong", double.adminUrl, "--no-apply");
      assert.equal((result["bulk"] as { fromApplySeconds: unknown }).fromApplySeconds, null);
      const { data } = (await (await fetch(`${double.adminUrl}/services`)).json()) as { data: { name: string }[] };
      assert.deepEqual(
        data.map(({ name }) => name),
        ["theirs"],
      );
      const routes = (await (await fetch(`${double.adminUrl}/routes`)).json()) as { data: unknown[] };
      assert.deepEqual(routes.data, []);
    } finally {
      await double.stop();
    }
  });
});
