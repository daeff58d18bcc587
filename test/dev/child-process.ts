import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { guardProcess, releaseProcess } from "./orphan-guard.ts";

export interface ChildOptions {
  readonly cwd?: string;
  /** The whole environment of the child; ours where it is left out. */
  readonly env?: NodeJS.ProcessEnv;
  /** Gets each line of stdout and stderr, without its line end. */
  readonly onLine?: (line: string) => void;
  /** A background child does not keep this process alive. */
  readonly background?: boolean;
}

/** How a process ended: its exit code, or the signal that killed it. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Resolves when the process has ended and its output is read; never rejects. */
  readonly exited: Promise<ChildExit>;
  isRunning(): boolean;
  /** The last lines it printed, oldest first. */
  lastLines(): readonly string[];
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL for it and all it started when it is still there after `graceMs`. Idempotent. */
  stop(graceMs?: number): Promise<ChildExit>;
}

const KEPT_LINES = 40;
const DEFAULT_GRACE_MS = 15_000;

/**
 * Starts a program whose end is ours to see to.
 *
 * Guarantees: it runs in a process group of its own, so a Ctrl-C in the terminal reaches it only through `stop`; when this
 * process dies in whatever way, the orphan guard ends it.
 *
 * @throws Error when the program cannot be started
 */
export async function startChild(
  name: string,
  command: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<Child> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const exited = once(child, "close").then(([code, signal]): ChildExit => ({ code, signal }));
  exited.catch(() => undefined); // `once` rejects on "error", which the next line reports
  await once(child, "spawn");
  const pid = child.pid as number;
  guardProcess(pid);
  child.once("exit", () => releaseProcess(pid));
  const lines = collectLines(child, options.onLine);
  if (options.background) setBackground(child, true);
  return new StartedChild(name, child, exited, lines);
}

/** What failed, with the last lines of the program that did. */
export function describeExit(child: Child, exit: ChildExit): string {
  const how = exit.signal ? `was killed by ${exit.signal}` : `ended with code ${exit.code}`;
  return [`${child.name} ${how}; its last lines:`, ...child.lastLines().map((line) => `  ${line}`)].join("\n");
}

class StartedChild implements Child {
  readonly name: string;
  readonly exited: Promise<ChildExit>;
  readonly #child: ChildProcess;
  readonly #lines: readonly string[];

  constructor(name: string, child: ChildProcess, exited: Promise<ChildExit>, lines: readonly string[]) {
    this.name = name;
    this.exited = exited;
    this.#child = child;
    this.#lines = lines;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  lastLines(): readonly string[] {
    return this.#lines;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(graceMs = DEFAULT_GRACE_MS): Promise<ChildExit> {
    if (!this.isRunning()) return this.exited;
    setBackground(this.#child, false);
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => killGroup(this.pid), graceMs);
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended between the check and the signal.
  }
}

function collectLines(child: ChildProcess, onLine: ((line: string) => void) | undefined): readonly string[] {
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream, crlfDelay: Infinity }).on("line", (line) => {
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
      onLine?.(line);
    });
  }
  return lines;
}

/** A pipe of a child is a socket, which can be taken out of what the event loop waits for. */
function setBackground(child: ChildProcess, background: boolean): void {
  for (const handle of [child, child.stdout, child.stderr]) {
    if (handle === null) continue;
    const referable = handle as { ref?: () => void; unref?: () => void };
    if (background) referable.unref?.();
    else referable.ref?.();
  }
}
