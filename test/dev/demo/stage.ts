import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { API_VERSION } from "../../../src/api/names.ts";
import type { Echo } from "../backend.ts";
import { NAMESPACE } from "./story.ts";

export interface StageOptions {
  readonly kubectl: string;
  readonly kubeconfig: string;
  readonly kong: { readonly adminUrl: string; readonly proxyUrl: string };
  readonly backendUrl: string;
}

interface ObjectSpec {
  readonly kind: string;
  readonly name: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

interface Ran {
  readonly code: number | null;
  readonly output: string;
}

const running = new Set<ChildProcess>();

/** Ends the commands that are still running: the story is over. */
export function stopCommands(): void {
  for (const child of running) child.kill("SIGTERM");
}

/** Where the story is told: prints each command as a person would type it, runs it and checks what came of it. */
export class Stage {
  readonly kong: StageOptions["kong"];
  readonly backendUrl: string;
  readonly #options: StageOptions;
  #steps = 0;

  constructor(options: StageOptions) {
    this.#options = options;
    this.kong = options.kong;
    this.backendUrl = options.backendUrl;
  }

  step(title: string): void {
    this.#steps += 1;
    console.log(`\n${bold(`${this.#steps}. ${title}`)}`);
  }

  say(text: string): void {
    console.log(text);
  }

  print(output: string): void {
    console.log(output.trimEnd().replaceAll(/^/gm, "   "));
  }

  manifest({ kind, name, spec }: ObjectSpec): Record<string, unknown> {
    return { apiVersion: API_VERSION, kind, metadata: { name, namespace: NAMESPACE }, spec };
  }

  /** `kubectl apply` of objects, shown as the manifest that a person would write. */
  async apply(...objects: readonly ObjectSpec[]): Promise<void> {
    const yaml = objects.map((object) => stringify(this.manifest(object))).join("---\n");
    console.log(`${prompt()}kubectl apply -f - <<EOF\n${yaml}EOF`);
    this.#check(await this.run("kubectl", ["apply", "-f", "-"], { input: yaml, quiet: true }), "kubectl apply");
  }

  async kubectl(args: readonly string[]): Promise<void> {
    this.#check(await this.run("kubectl", args), `kubectl ${args[0] ?? ""}`);
  }

  /** Runs a command with its output caught; `kubectl` is the one that fits the cluster. */
  async run(
    command: "kubectl",
    args: readonly string[],
    options: { input?: string; quiet?: boolean } = {},
  ): Promise<Ran> {
    if (!options.quiet) console.log(`${prompt()}${[command, ...args].map(quoted).join(" ")}`);
    const child = spawn(this.#options.kubectl, [...args], {
      env: { ...process.env, KUBECONFIG: this.#options.kubeconfig },
    });
    running.add(child);
    child.once("close", () => running.delete(child));
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stdin.end(options.input ?? "");
    const [code] = (await once(child, "close")) as [number | null];
    return { code, output };
  }

  /** A request through the proxy, until the backend answers it as expected. */
  async expectServed(path: string, pathAtBackend: string): Promise<void> {
    const url = this.kong.proxyUrl + path;
    console.log(`${prompt()}curl -i ${url}`);
    let last = "";
    await this.until(`${path} is served`, 30_000, async () => {
      const response = await fetch(url).catch(() => undefined);
      const text = (await response?.text()) ?? "";
      last = `HTTP ${response?.status ?? "-"} ${text.trim()}`;
      return response?.status === 200 && (JSON.parse(text) as Echo).path === pathAtBackend;
    });
    this.print(last);
  }

  async expectStatus(path: string, status: number): Promise<void> {
    const url = this.kong.proxyUrl + path;
    console.log(`${prompt()}curl -i ${url}`);
    let last = "";
    await this.until(`${path} answers ${status}`, 30_000, async () => {
      const response = await fetch(url).catch(() => undefined);
      last = `HTTP ${response?.status ?? "-"} ${((await response?.text()) ?? "").trim()}`;
      return response?.status === status;
    });
    this.print(last);
  }

  /** A write to the Admin API past the operator. */
  async admin(method: "PATCH", path: string, body: unknown): Promise<void> {
    const json = JSON.stringify(body);
    console.log(
      `${prompt()}curl -X ${method} ${this.kong.adminUrl}${path} -H 'Content-Type: application/json' -d '${json}'`,
    );
    const response = await fetch(this.kong.adminUrl + path, {
      method,
      headers: { "content-type": "application/json" },
      body: json,
    });
    if (!response.ok) throw new Error(`${method} ${path}: HTTP ${response.status} ${await response.text()}`);
  }

  async findInKong(type: string, name: string): Promise<{ id: string }> {
    const response = await fetch(`${this.kong.adminUrl}/${type}/${name}`);
    if (!response.ok) throw new Error(`${type}/${name} is not in Kong: HTTP ${response.status}`);
    return (await response.json()) as { id: string };
  }

  /** What carries the tags of the story's gateway, `services/user-service`. */
  async ownedInKong(): Promise<string[]> {
    const types = ["services", "routes", "plugins", "consumers", "upstreams"];
    const lists = await Promise.all(
      types.map(async (type) => {
        const response = await fetch(
          `${this.kong.adminUrl}/${type}?tags=${encodeURIComponent(`kjo.instance:${NAMESPACE}.default`)}`,
        );
        const { data } = (await response.json()) as { data: { id: string; name?: string }[] };
        return Object.values(data).map(({ id, name }) => `${type}/${name ?? id}`);
      }),
    );
    return lists.flat();
  }

  async events(reason: string): Promise<unknown[]> {
    const { output } = await this.run("kubectl", ["get", "events.events.k8s.io", "-n", NAMESPACE, "-o", "json"], {
      quiet: true,
    });
    const { items } = JSON.parse(output) as { items: { reason?: string }[] };
    return items.filter((event) => event.reason === reason);
  }

  async until(what: string, timeoutMs: number, holds: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!(await holds().catch(() => false))) {
      if (Date.now() > deadline) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`);
      await sleep(100);
    }
  }

  #check({ code, output }: Ran, what: string): void {
    this.print(output);
    if (code !== 0) throw new Error(`${what} ended with code ${code}`);
  }
}

function prompt(): string {
  return dim("$ ");
}

function quoted(argument: string): string {
  return /^[\w./:=,@-]+$/.test(argument) ? argument : `'${argument}'`;
}

function bold(text: string): string {
  return process.stdout.isTTY ? `\u001B[1m${text}\u001B[0m` : text;
}

function dim(text: string): string {
  return process.stdout.isTTY ? `\u001B[2m${text}\u001B[0m` : text;
}
