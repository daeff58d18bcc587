import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { prepareControlPlane, startOwnControlPlane } from "../controlplane/control-plane.ts";
import { withFileLock } from "./file-lock.mjs";

/** A control plane that is kept beyond the command that started it. */
export interface LocalCluster {
  /** Of the process that runs it in the background. */
  readonly pid: number;
  readonly url: string;
  readonly kubeconfig: string;
  readonly kubectl: string;
}

type Log = (line: string) => void;

const START_MS = 120_000;
const STOP_MS = 60_000;
const POLL_MS = 200;
const command = path.join(path.dirname(fileURLToPath(import.meta.url)), "cluster.ts");

/** The cluster of that folder, where it runs. */
export async function findLocalCluster(folder: string): Promise<LocalCluster | undefined> {
  try {
    const cluster: LocalCluster = JSON.parse(await fs.readFile(stateFile(folder), "utf8"));
    return (await isRunning(cluster.pid)) ? cluster : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Starts the cluster of that folder in the background, or returns the one that runs. @throws as startOwnControlPlane */
export async function ensureLocalCluster(folder: string, log: Log): Promise<LocalCluster> {
  return withFileLock(`${folder}.lock`, async () => {
    const running = await findLocalCluster(folder);
    if (running) return running;
    await prepareControlPlane(log);
    return startInBackground(folder, log);
  });
}

/** Runs the cluster of that folder in this process until the signal comes. */
export async function runLocalCluster(folder: string, signal: AbortSignal, log: Log): Promise<void> {
  const controlPlane = await startOwnControlPlane({ components: ["controller-manager", "scheduler", "kwok"], log });
  const kubeconfig = path.join(folder, "kubeconfig.yaml");
  await fs.mkdir(folder, { recursive: true });
  await fs.copyFile(controlPlane.kubeconfig, kubeconfig);
  const { url, kubectl } = controlPlane;
  await writeState(folder, { pid: process.pid, url, kubeconfig, kubectl });
  const keepAlive = setInterval(() => undefined, 60_000);
  if (!signal.aborted) await once(signal, "abort");
  clearInterval(keepAlive);
  await controlPlane.stop();
  await fs.rm(folder, { recursive: true, force: true });
}

/** Ends the cluster of that folder; false where there was none. */
export async function stopLocalCluster(folder: string): Promise<boolean> {
  const cluster = await findLocalCluster(folder);
  if (!cluster) return false;
  process.kill(cluster.pid, "SIGTERM");
  const deadline = Date.now() + STOP_MS;
  while (await isRunning(cluster.pid)) {
    if (Date.now() > deadline)
      throw new Error(`the cluster's process ${cluster.pid} is still there after ${STOP_MS / 1000} s`);
    await delay(POLL_MS);
  }
  return true;
}

async function startInBackground(folder: string, log: Log): Promise<LocalCluster> {
  await fs.mkdir(folder, { recursive: true });
  const logFile = path.join(folder, "log");
  const output = await fs.open(logFile, "w");
  const child = spawn(process.execPath, [command, "up", "--foreground", "--state", folder], {
    stdio: ["ignore", output.fd, output.fd],
    detached: true,
  });
  child.unref();
  await output.close();
  log("Starting etcd, API server, controller-manager, scheduler and one simulated node…");
  const deadline = Date.now() + START_MS;
  while (child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
    const cluster = await findLocalCluster(folder);
    if (cluster) return cluster;
    await delay(POLL_MS);
  }
  child.kill("SIGTERM");
  throw new Error(`the cluster did not start:\n${await fs.readFile(logFile, "utf8")}`);
}

// Readers never see half a file.
async function writeState(folder: string, cluster: LocalCluster): Promise<void> {
  const draft = `${stateFile(folder)}.${process.pid}`;
  await fs.writeFile(draft, JSON.stringify(cluster));
  await fs.rename(draft, stateFile(folder));
}

function stateFile(folder: string): string {
  return path.join(folder, "state.json");
}

/** The number alone does not do: after a reboot it may belong to any program. */
async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const commandLine = await fs.readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => undefined);
  return commandLine === undefined || commandLine.includes(path.basename(command));
}
