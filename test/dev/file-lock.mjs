import { randomUUID } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

/**
 * One holder at a time among the processes of this machine, for work of minutes (an install, a build) whose result lies
 * in a folder. Plain JavaScript, because `start.mjs` needs it before anything is installed.
 *
 * Guarantees: the lock file appears with its content or not at all; the lock of a process that is gone is taken over.
 * Assumptions: the folder is on a local file system; a holder is never stopped for longer than STALE_MS.
 */
const HEARTBEAT_MS = 5_000;
const STALE_MS = 60_000;
const POLL_MS = 250;

/**
 * Waits for the lock, runs `work` with it and releases it, whatever `work` does.
 *
 * @template T
 * @param {string} file the lock file; its folder is made where it is missing
 * @param {() => Promise<T>} work
 * @param {{onWait?: (owner: string) => void}} [options] `onWait` is told once who holds it, e.g. "process 4711"
 * @returns {Promise<T>}
 */
export async function withFileLock(file, work, options = {}) {
  await acquire(file, options.onWait);
  const heartbeat = setInterval(() => touch(file), HEARTBEAT_MS);
  heartbeat.unref();
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    fs.rmSync(file, { force: true });
  }
}

async function acquire(file, onWait) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  let told = false;
  while (!create(file)) {
    const owner = readOwner(file);
    if (owner && isStale(file, owner)) {
      takeAway(file, owner);
      continue;
    }
    if (owner && !told) {
      told = true;
      onWait?.(`process ${owner.pid}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

// A hard link is made with the content already there, so nobody ever reads an empty lock.
function create(file) {
  const draft = `${file}.${randomUUID()}`;
  fs.writeFileSync(draft, JSON.stringify({ pid: process.pid, host: os.hostname(), id: randomUUID() }));
  try {
    fs.linkSync(draft, file);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

function readOwner(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch {
    return undefined; // released meanwhile
  }
}

function isStale(file, owner) {
  const silentMs = Date.now() - (fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  if (silentMs > STALE_MS) return true;
  // A process id says nothing where the folder is shared between containers.
  return owner.host === os.hostname() && !isAlive(owner.pid);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

// Two waiters can find the same dead owner: the rename gives each its own file, and the slower one, who took a living
// owner's lock by that, puts it back.
function takeAway(file, deadOwner) {
  const taken = `${file}.${randomUUID()}`;
  try {
    fs.renameSync(file, taken);
    if (readOwner(taken)?.id !== deadOwner.id) fs.linkSync(taken, file);
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "EEXIST") throw error;
  } finally {
    fs.rmSync(taken, { force: true });
  }
}

function touch(file) {
  const now = new Date();
  try {
    fs.utimesSync(file, now, now);
  } catch {
    // The folder was removed under us: the work itself will say so.
  }
}
