// Starts the project's commands on a fresh clone: brings node_modules in line with the lock file, then runs the script
// with Node 24. Needs nothing but Node 20 itself.
//
//   node test/dev/start.mjs <file.ts> [argument…]
//   node test/dev/start.mjs --bin <command of node_modules/.bin> [argument…]
//
// Everything it says goes to stderr: the standard output belongs to the script (`eval "$(npm run -s cluster -- env)"`).
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { withFileLock } from "./file-lock.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const modules = path.join(root, "node_modules");
const binFolder = path.join(modules, ".bin");
const REQUIRED_NODE = 24;
const PROGRESS_MS = 15_000;
const PARENT_POLL_MS = 500;
/** A child that has not ended this long after the signal is killed: nothing may outlive its npm. */
const GRACE_MS = 40_000;

async function main([target, ...rest]) {
  if (target === undefined || (target === "--bin" && rest.length === 0)) {
    say("usage: node test/dev/start.mjs (<file.ts> | --bin <command>) [argument…]");
    return 2;
  }
  try {
    await installIfNeeded();
    const script = target === "--bin" ? path.join(binFolder, rest.shift()) : path.resolve(target);
    return await run(findNode(), [script, ...rest], { stdio: "inherit", env: childEnvironment() });
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error;
    say(error.message);
    return 1;
  }
}

// ---- node_modules ----------------------------------------------------------------------------------------------------

async function installIfNeeded() {
  if (isInstalled()) return;
  const lock = path.join(root, ".kjo", "install.lock");
  await withFileLock(lock, installOnce, {
    onWait: (owner) => say(`Waiting for ${owner}, which installs the dependencies…`),
  });
}

async function installOnce() {
  if (isInstalled()) return; // another start was faster
  say("Installing the dependencies of package-lock.json (npm ci)…");
  const startedAt = Date.now();
  const ticker = setInterval(() => {
    say(`  still installing after ${Math.round((Date.now() - startedAt) / 1000)} s`);
  }, PROGRESS_MS);
  const env = { ...process.env, PATH: pathWithoutModules() };
  // Not its warnings: it takes the Node it runs on, not the one it brings, for the one that everything will run on.
  const args = ["ci", "--include=dev", "--include=optional", "--loglevel=error"];
  try {
    const code = await run("npm", args, { cwd: root, env, stdio: ["ignore", 2, 2] });
    if (code !== 0) throw new SetUpError(`npm ci ended with code ${code}; its own lines above say why.`);
  } finally {
    clearInterval(ticker);
  }
  if (!isInstalled()) throw new SetUpError("npm ci has run, but node_modules does not match package-lock.json.");
}

/** npm writes its hidden lock file last, so a half-done install never counts as done. */
function isInstalled() {
  const wanted = readPackages(path.join(root, "package-lock.json"));
  const present = readPackages(path.join(modules, ".package-lock.json"));
  if (!wanted) throw new SetUpError("package-lock.json is missing: this is not a whole checkout.");
  if (!present) return false;
  return Object.entries(wanted).every(([name, entry]) => {
    if (name === "") return true;
    if (!present[name]) return entry.optional === true;
    return present[name].version === entry.version && present[name].integrity === entry.integrity;
  });
}

function readPackages(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8")).packages;
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw new SetUpError(`${file} cannot be read: ${error.message}`);
  }
}

/** `npm ci` empties node_modules, so it must not run on the Node in there. */
function pathWithoutModules() {
  return pathEntries()
    .filter((entry) => !entry.startsWith(modules))
    .join(path.delimiter);
}

function pathEntries() {
  return (process.env.PATH ?? "").split(path.delimiter);
}

// ---- Node ------------------------------------------------------------------------------------------------------------

function findNode() {
  const installed = path.join(modules, `node-${process.platform}-${process.arch}`, "bin", "node");
  if (fs.existsSync(installed)) return installed;
  if (Number(process.versions.node.split(".")[0]) >= REQUIRED_NODE) return process.execPath;
  throw new SetUpError(
    `This project runs on Node ${REQUIRED_NODE} and newer; this is Node ${process.versions.node}. On Linux (x64, arm64) npm ci ` +
      `brings Node ${REQUIRED_NODE} along; on ${process.platform} ${process.arch} install it yourself (.nvmrc: nvm install, or https://nodejs.org).`,
  );
}

function childEnvironment() {
  const others = pathEntries().filter((entry) => entry !== binFolder);
  return { ...process.env, PATH: [binFolder, ...others].join(path.delimiter) };
}

// ---- running ---------------------------------------------------------------------------------------------------------

/** Resolves with the child's exit code (128 + n after signal n), and ends the child with us or with npm. */
function run(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, options);
    let stopping = false;
    const stop = (signal) => {
      if (stopping) return;
      stopping = true;
      child.kill(signal);
      setTimeout(() => child.kill("SIGKILL"), GRACE_MS).unref();
    };
    const onSigterm = () => stop("SIGTERM");
    const onSighup = () => stop("SIGHUP");
    // A terminal sends Ctrl-C to the child by itself; a second one would mean "at once" to it.
    const onSigint = () => process.stdin.isTTY || stop("SIGINT");
    process.on("SIGTERM", onSigterm).on("SIGHUP", onSighup).on("SIGINT", onSigint);
    const parents = watchParents(() => stop("SIGTERM"));
    const settle = (action) => {
      clearInterval(parents);
      process.off("SIGTERM", onSigterm).off("SIGHUP", onSighup).off("SIGINT", onSigint);
      action();
    };
    child.once("error", (error) =>
      settle(() => reject(new SetUpError(`${command} cannot be started: ${error.message}`))),
    );
    child.once("exit", (code, signal) => settle(() => resolve(code ?? 128 + signalNumber(signal))));
  });
}

function signalNumber(signal) {
  return { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal] ?? 1;
}

/**
 * Between npm and this process stands a shell that forwards no signal. Where npm or that shell is gone without a word,
 * nobody waits for our child any more.
 */
function watchParents(onGone) {
  const parent = process.ppid;
  const grandparent = process.env.npm_lifecycle_event === undefined ? undefined : parentOf(parent);
  return setInterval(() => {
    if (process.ppid !== parent || (grandparent !== undefined && parentOf(parent) !== grandparent)) onGone();
  }, PARENT_POLL_MS);
}

/** From /proc, so only on Linux; elsewhere the direct parent alone is watched. */
function parentOf(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

class SetUpError extends Error {}

process.exitCode = await main(process.argv.slice(2));
