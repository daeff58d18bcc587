import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ControlPlaneUnavailableError } from "../controlplane/control-plane.ts";
import {
  ensureLocalCluster,
  findLocalCluster,
  runLocalCluster,
  stopLocalCluster,
  type LocalCluster,
} from "./local-cluster.ts";
import { findProgram, pathFolders } from "./programs.ts";

const USAGE = `usage: npm run cluster -- up [--foreground] | env | down

  up            start a local Kubernetes control plane and keep it (or say how to use the one that runs)
  up --foreground  run it in this terminal until Ctrl-C
  env           print what a shell needs: eval "$(npm run -s cluster -- env)"
  down          end it

  --state DIR   where it keeps its kubeconfig and log (default: .kjo/cluster)`;

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { foreground: { type: "boolean" }, state: { type: "string" } },
  });
  const folder = path.resolve(values.state ?? path.join(root, ".kjo", "cluster"));
  switch (positionals.join(" ")) {
    case "up":
      return values.foreground ? runInForeground(folder) : up(folder);
    case "env":
      return printEnvironment(folder);
    case "down":
      console.info((await stopLocalCluster(folder)) ? "The cluster has been stopped." : "No cluster is running.");
      return 0;
    default:
      console.error(USAGE);
      return 2;
  }
}

async function up(folder: string): Promise<number> {
  const cluster = await ensureLocalCluster(folder, (line) => console.info(line));
  console.info(`
The cluster is up at ${cluster.url}.

  eval "$(npm run -s cluster -- env)"   # this shell's kubectl talks to it
  kubectl get nodes
  npm run cluster -- down               # ends it

It has one simulated node: Deployments become available, but no container runs and no Service forwards.`);
  return 0;
}

async function runInForeground(folder: string): Promise<number> {
  const ending = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ending.abort());
  await runLocalCluster(folder, ending.signal, (line) => console.info(line));
  return 0;
}

async function printEnvironment(folder: string): Promise<number> {
  const cluster = await findLocalCluster(folder);
  if (!cluster) {
    console.error("No cluster is running: npm run cluster -- up");
    return 1;
  }
  for (const line of await exportsFor(cluster)) console.log(line);
  return 0;
}

async function exportsFor(cluster: LocalCluster): Promise<string[]> {
  const lines = [`export KUBECONFIG=${quote(cluster.kubeconfig)}`];
  if ((await findProgram(pathFolders(), "kubectl")) === undefined) {
    lines.push(`export PATH=${quote(path.dirname(cluster.kubectl))}:"$PATH"`);
  }
  return lines;
}

function quote(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

try {
  process.exitCode = await main();
} catch (error) {
  const isExpected = error instanceof ControlPlaneUnavailableError || (error instanceof TypeError && "code" in error);
  console.error(isExpected ? error.message : error);
  process.exitCode = isExpected ? 2 : 1;
}
