import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import type { ControlPlane } from "../controlplane/control-plane.ts";

const run = promisify(execFile);
const LARGEST_OUTPUT_BYTES = 64 * 1024 * 1024;

/** A program that talks to one cluster as its administrator. Resolves to its stdout; rejects with its stderr. */
export type Command = (...args: string[]) => Promise<string>;

export interface Kubectl {
  (...args: string[]): Promise<string>;
  /** `kubectl …` with a text on its standard input, for `-f -`. */
  withInput(input: string, ...args: string[]): Promise<string>;
  /** `kubectl … -o json`, parsed. */
  json<T>(...args: string[]): Promise<T>;
}

/** @param flags go before all others, on every call */
export function kubectlOf(
  { kubectl, kubeconfig }: Pick<ControlPlane, "kubectl" | "kubeconfig">,
  flags: readonly string[] = [],
): Kubectl {
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  const call = commandOf(kubectl, env);
  const callWithFlags: Command = (...args) => call(...flags, ...args);
  return Object.assign(callWithFlags, {
    withInput: (input: string, ...args: string[]) => runWithInput(kubectl, [...flags, ...args], env, input),
    json: async <T>(...args: string[]) => JSON.parse(await callWithFlags(...args, "-o", "json")) as T,
  });
}

export function helmOf(helm: string, { kubeconfig }: Pick<ControlPlane, "kubeconfig">): Command {
  return commandOf(helm, { ...process.env, KUBECONFIG: kubeconfig });
}

/** Helm that only renders. */
export function offlineHelm(helm: string): Command {
  return commandOf(helm, process.env);
}

function commandOf(program: string, env: NodeJS.ProcessEnv): Command {
  return async (...args) => {
    const { stdout } = await run(program, args, { env, maxBuffer: LARGEST_OUTPUT_BYTES });
    return stdout;
  };
}

async function runWithInput(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input: string,
): Promise<string> {
  const child = spawn(program, args, { env, stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  child.stdin.on("error", () => undefined); // it may end before it has read everything; its exit code says why
  child.stdin.end(input);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}: ${stderr}`);
  return stdout;
}
