import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { prepareControlPlane } from "../controlplane/control-plane.ts";
import { findConsul } from "./consul.ts";
import { findHelm } from "./helm.ts";
import { guardProcess, releaseProcess } from "./orphan-guard.ts";
import { inOwnNetwork } from "./own-network.ts";
import { SUITES, type Suite } from "./suites.ts";
import { emptyResult, summaryLines, type SuiteResult } from "./summary.ts";

const USAGE = `usage: npm test -- [--suite NAME]… [--grep TEXT]
suites: ${["static", ...SUITES.map((suite) => suite.name)].join(", ")}; all of them by default`;

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const inRoot = (...segments: string[]) => path.join(root, ...segments);
/** Checks of the sources that are no mocha tests; each counts as one test. */
const STATIC_CHECKS = [
  { name: "types", script: inRoot("node_modules/typescript/bin/tsc"), args: ["-p", inRoot("tsconfig.json")] },
  { name: "lint and format", script: inRoot("test/dev/lint.ts"), args: [] },
] as const;
const CHECK_LIMIT_MS = 5 * 60_000;

/** The process at work, with a process group of its own: what it has started gets the same signals. */
let current: ChildProcess | undefined;
let interrupted = false;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { suite: { type: "string", multiple: true }, grep: { type: "string" }, help: { type: "boolean" } },
  });
  const known = new Set(["static", ...SUITES.map((suite) => suite.name)]);
  if (values.help || values.suite?.some((name) => !known.has(name))) {
    console.error(USAGE);
    return 2;
  }
  const isWanted = (name: string) => values.suite === undefined || values.suite.includes(name);
  const plan = await Promise.all(SUITES.filter(({ name }) => isWanted(name)).map(withFiles));
  const builds = startBuilds(plan);
  const total = emptyResult();
  if (isWanted("static") && values.grep === undefined) await runStaticChecks(total);
  for (const { suite, files } of plan) {
    if (interrupted) break;
    await builds(suite);
    await runSuite(suite, files, values.grep ?? "", total);
  }
  return summarize(total);
}

interface PlannedSuite {
  readonly suite: Suite;
  readonly files: readonly string[];
}

async function withFiles(suite: Suite): Promise<PlannedSuite> {
  const patterns = suite.folders.map((folder) => `${folder}/**/*.test.ts`);
  const files: string[] = [];
  for await (const file of fs.glob(patterns, { cwd: root })) files.push(path.join(root, file));
  return { suite, files: files.sort() };
}

/**
 * Builds what the suites need in the background, one after the other, while other suites run. The returned function waits
 * for what one suite needs. A build that cannot be is no failure here: the suite meets it again and skips with the reason.
 */
function startBuilds(plan: readonly PlannedSuite[]): (suite: Suite) => Promise<void> {
  const needed = new Set(plan.filter(({ files }) => files.length > 0).flatMap(({ suite }) => suite.needs));
  const log = (line: string) => console.info(line);
  const settle = (build: Promise<unknown>) => build.then(ignore, ignore);
  const controlPlane = needed.has("control plane") ? settle(prepareControlPlane(log)) : Promise.resolve();
  const helm = needed.has("helm") ? controlPlane.then(() => settle(findHelm(log))) : Promise.resolve();
  const consul = needed.has("consul") ? helm.then(() => settle(findConsul(log))) : Promise.resolve();
  return async ({ needs }) => {
    if (needs.includes("control plane")) await controlPlane;
    if (needs.includes("consul")) await consul;
    if (needs.includes("helm")) await helm;
  };
}

function ignore(): void {}

async function runStaticChecks(total: SuiteResult): Promise<void> {
  heading("static");
  for (const { name, script, args } of STATIC_CHECKS) {
    if (interrupted) return;
    const startedAt = Date.now();
    const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: "inherit", detached: true });
    const ended = await waitForEnd(child, CHECK_LIMIT_MS);
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
    if (ended === undefined) total.passed += 1;
    else total.failed += 1;
    console.info(`  ${ended === undefined ? "ok" : "FAILED"}: ${name} (${seconds} s)`);
  }
}

async function runSuite(suite: Suite, files: readonly string[], grep: string, total: SuiteResult): Promise<void> {
  if (files.length === 0) return;
  heading(suite.name);
  const args = [inRoot("test/dev/run-suite.ts"), String(suite.timeoutMs), grep, ...files];
  const stdio = ["inherit", "inherit", "inherit", "ipc"] as const;
  const { command, ...rest } = suite.ownNetwork
    ? await inOwnNetwork(process.execPath, args)
    : { command: process.execPath, args, env: process.env };
  const child = spawn(command, rest.args, {
    cwd: root,
    stdio: [...stdio],
    detached: true,
    env: { ...rest.env, ...suite.env },
  });
  let result: SuiteResult | undefined;
  child.on("message", (message) => (result = message as SuiteResult));
  const ended = await waitForEnd(child, suite.limitMs);
  if (result !== undefined) {
    total.passed += result.passed;
    total.failed += result.failed;
    total.skipped.push(...result.skipped);
  }
  const problem = problemOf(result, ended, grep);
  if (problem === undefined) return;
  total.failed += 1;
  console.error(`  FAILED: suite ${suite.name} ${problem}`);
}

/** What is wrong with the run itself, beyond failed tests. */
function problemOf(result: SuiteResult | undefined, ended: string | undefined, grep: string): string | undefined {
  if (result === undefined) return `${ended ?? "ended"} before its tests were over`;
  const ran = result.passed + result.failed + result.skipped.length;
  if (ran === 0 && grep === "") return "has test files but ran no test";
  return ended !== undefined && result.failed === 0 ? `${ended} after its tests` : undefined;
}

/** undefined for a clean end, else how it ended. */
async function waitForEnd(child: ChildProcess, limitMs: number): Promise<string | undefined> {
  current = child;
  const pid = child.pid as number;
  guardProcess(pid);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    signalGroup(child, "SIGKILL");
  }, limitMs);
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  clearTimeout(timer);
  releaseProcess(pid);
  current = undefined;
  if (late) return `was killed after ${limitMs / 60_000} minutes`;
  if (signal !== null) return `was killed by ${signal}`;
  return code === 0 ? undefined : `ended with code ${code}`;
}

function summarize(total: SuiteResult): number {
  heading("summary");
  if (interrupted) console.info("  interrupted");
  if (total.passed + total.failed + total.skipped.length === 0) {
    total.failed += 1;
    console.info("  FAILED: no test was run");
  }
  for (const line of summaryLines(total)) console.info(line);
  return total.failed > 0 || interrupted ? 1 : 0;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-(child.pid as number), signal);
  } catch {
    // It has just ended.
  }
}

function heading(name: string): void {
  console.info(`\n== ${name}`);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    interrupted = true;
    if (current) signalGroup(current, signal);
  });
}
// A build may still be at work where an interrupt came before the suite that needs it.
process.exit(await main());
