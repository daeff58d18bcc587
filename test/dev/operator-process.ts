import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describeExit, startChild, type Child } from "./child-process.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

export interface OperatorProcessOptions {
  readonly kubeconfig: string;
  /** More flags of `kjo run`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The program; src/main.ts where it is left out. */
  readonly main?: string;
  /** Options of Node itself. */
  readonly nodeArgs?: readonly string[];
  /** Gets the process as soon as it runs, long before it is ready. */
  readonly onStarted?: (child: Child) => void;
  /** Gets each line of its log. */
  readonly onLine?: (line: string) => void;
  /** Default 30 s. */
  readonly readyTimeoutMs?: number;
}

export interface OperatorProcess {
  readonly child: Child;
  /** Address of /healthz, /readyz and /metrics, `http://127.0.0.1:41234`. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts the operator as people run it, `kjo run`, as a process of its own and waits until it is ready.
 * @throws Error with its last lines when it ends or is not ready in time.
 */
export async function startOperator(options: OperatorProcessOptions): Promise<OperatorProcess> {
  let url: string | undefined;
  const args = [
    "run",
    "--kubeconfig",
    path.resolve(options.kubeconfig),
    "--bind-address",
    "127.0.0.1:0",
    "--log-format",
    "json",
  ];
  const child = await startChild(
    "operator",
    process.execPath,
    [...(options.nodeArgs ?? []), options.main ?? MAIN, ...args, ...(options.args ?? [])],
    {
      env: { ...process.env, ...options.env },
      onLine: (line) => {
        url ??= addressIn(line);
        options.onLine?.(line);
      },
    },
  );
  options.onStarted?.(child);
  const deadline = Date.now() + (options.readyTimeoutMs ?? 30_000);
  while (!(url && (await isReady(url)))) {
    if (!child.isRunning()) throw new Error(describeExit(child, await child.exited));
    if (Date.now() > deadline) {
      await child.stop();
      throw new Error(`the operator was not ready in time; its last lines:\n${child.lastLines().join("\n")}`);
    }
    await sleep(50);
  }
  return {
    child,
    url,
    stop: async () => {
      await child.stop();
    },
  };
}

/** The operator logs where it serves health and metrics; with port 0 only it knows. */
function addressIn(line: string): string | undefined {
  if (!line.includes("health and metrics listening")) return undefined;
  const { url } = JSON.parse(line) as { url?: string };
  return url;
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`)).ok;
  } catch {
    return false;
  }
}
