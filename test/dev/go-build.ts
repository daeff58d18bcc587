import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { describeExit, startChild } from "./child-process.ts";
import { withFileLock } from "./file-lock.mjs";
import { guardFolder } from "./orphan-guard.ts";

/** Go is missing or too old to build what is asked for. The message says what to install. */
export class GoUnavailableError extends Error {}

export interface GoBuild {
  /** What is built, as it is named to a person: "the control plane". */
  readonly name: string;
  /** Where the result is kept, named after what it is built from. */
  readonly folder: string;
  /** How long it takes the first time, e.g. "6 to 15 minutes". */
  readonly expected: string;
  readonly cwd: string;
  /** Arguments and environment of `go` for a build into the folder `output`. */
  readonly command: (output: string) => { readonly args: readonly string[]; readonly env?: NodeJS.ProcessEnv };
  /** Completes the folder after the build. */
  readonly finish?: (output: string) => Promise<void>;
}

const PROGRESS_MS = 15_000;
const run = promisify(execFile);

/** The user's cache folder of this project, outside every checkout: `~/.cache/kong-jenkins-operator/…`. */
export function cacheFolder(...segments: string[]): string {
  const base = process.env["XDG_CACHE_HOME"] || path.join(os.homedir(), ".cache");
  return path.join(base, "kong-jenkins-operator", ...segments);
}

/**
 * Returns the build's folder, building it where it is not there yet. Only one process builds; the others wait for it.
 *
 * @throws GoUnavailableError without a Go that can build it
 * @throws Error when the build fails, with its last lines
 */
export async function buildOnce(build: GoBuild, log: (line: string) => void): Promise<string> {
  if (await exists(build.folder)) return build.folder;
  const version = await goVersion(build.cwd);
  let ticker: NodeJS.Timeout | undefined;
  const onWait = (owner: string) => {
    log(`Waiting for ${owner}, which builds ${build.name} (takes ${build.expected}, once)…`);
    ticker = setInterval(() => log(`  still waiting for ${build.name}`), PROGRESS_MS);
  };
  const work = async () => {
    clearInterval(ticker);
    if (!(await exists(build.folder))) await buildFolder(build, version, log);
  };
  await withFileLock(`${build.folder}.lock`, work, { onWait });
  return build.folder;
}

async function buildFolder(build: GoBuild, version: string, log: (line: string) => void): Promise<void> {
  const startedAt = Date.now();
  const elapsed = () => formatElapsed(Date.now() - startedAt);
  log(`Building ${build.name} with ${version}: ${build.expected} the first time, then kept in ${build.folder}`);
  const draft = `${build.folder}.${randomUUID()}`;
  await fs.mkdir(draft, { recursive: true });
  guardFolder(draft);
  const progress = new GoProgress();
  const ticker = setInterval(() => {
    log(`  ${build.name}: ${elapsed()} so far, ${progress.describe()} (takes ${build.expected}, once)`);
  }, PROGRESS_MS);
  try {
    const { args, env } = build.command(draft);
    const go = await startChild(`go ${args[0]}`, "go", args, {
      cwd: build.cwd,
      env: { ...process.env, GOWORK: "off", CGO_ENABLED: "0", ...env },
      onLine: (line) => progress.read(line),
    });
    os.setPriority(go.pid, os.constants.priority.PRIORITY_BELOW_NORMAL); // tests run beside it
    const exit = await go.exited;
    if (exit.code !== 0) throw new Error(describeExit(go, exit));
    await build.finish?.(draft);
    await fs.rename(draft, build.folder);
    log(`Built ${build.name} in ${elapsed()}.`);
  } finally {
    clearInterval(ticker);
    await fs.rm(draft, { recursive: true, force: true });
  }
}

/** `go build -v` names each module as it is downloaded and each package as it is compiled. */
class GoProgress {
  #downloaded = 0;
  #compiled = 0;

  read(line: string): void {
    if (line.startsWith("go: downloading ")) this.#downloaded += 1;
    else if (/^[\w.-]+(\/[\w.~-]+)*$/.test(line)) this.#compiled += 1;
  }

  describe(): string {
    return `${this.#downloaded} modules downloaded, ${this.#compiled} packages compiled`;
  }
}

/** Loads the toolchain that the module in `cwd` asks for, e.g. "go1.26.8". */
async function goVersion(cwd: string): Promise<string> {
  try {
    const { stdout } = await run("go", ["env", "GOVERSION"], { cwd });
    return stdout.trim();
  } catch (error) {
    const failure = error as NodeJS.ErrnoException & { stderr?: string };
    if (failure.code === "ENOENT") throw new GoUnavailableError("Go is not installed (https://go.dev/dl)");
    throw new GoUnavailableError(`this Go cannot build it (${failure.stderr?.trim().split("\n").at(-1)})`);
  }
}

/** The flags that keep a build within the machine: about 1 GB of memory for each compiler at work. */
export function parallelismFlag(): string {
  const byMemory = Math.floor(os.totalmem() / 1024 ** 3);
  return `-p=${Math.max(1, Math.min(os.availableParallelism(), byMemory))}`;
}

async function exists(file: string): Promise<boolean> {
  return fs.access(file).then(
    () => true,
    () => false,
  );
}

function formatElapsed(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
