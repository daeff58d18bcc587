import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { startChild, type Child } from "../dev/child-process.ts";
import { guardFolder } from "../dev/orphan-guard.ts";
import { argumentsOf, filesOf, layOut, type Layout } from "./components.ts";
import { readServerUrl, writeKubeconfig } from "./kubeconfig.ts";
import { waitForNode, waitForServer, waitForServiceAccounts, waitUntilServing } from "./readiness.ts";
import { areToolsReady, findKubectl, findTools, type Tool, type Tools } from "./tools.ts";

export { ControlPlaneUnavailableError } from "./tools.ts";

/** What can stand beside etcd and the API server. */
export type ControlPlaneComponent = "controller-manager" | "scheduler" | "kwok";

export interface ControlPlaneOptions {
  /**
   * controller-manager: ServiceAccounts, Deployments, garbage collection, the end of namespaces. scheduler and kwok: Pods
   * that get a (simulated) node and run. Default: the controller-manager alone.
   */
  readonly components?: readonly ControlPlaneComponent[];
  /** Write who did what to `auditLogPath`, one JSON event a line. */
  readonly auditLog?: boolean;
  /** Gets the progress of a build and of the start. */
  readonly log?: (line: string) => void;
}

export interface ControlPlane {
  /** Path of a kubeconfig with all rights. */
  readonly kubeconfig: string;
  /** Path of a kubectl that fits. */
  readonly kubectl: string;
  /** e.g. "https://127.0.0.1:39555" */
  readonly url: string;
  /** Only of a control plane that was started with `auditLog`. */
  readonly auditLogPath?: string;
  /** Kills the API server as a crash would; what it resolves to starts it again at the same address. Only of our own. */
  crashApiServer?(): Promise<() => Promise<void>>;
  /** Ends all processes and removes all files; resolves when they are gone. Idempotent. */
  stop(): Promise<void>;
}

const PROGRAMS = {
  "controller-manager": "kube-controller-manager",
  scheduler: "kube-scheduler",
  kwok: "kwok",
} as const satisfies Record<ControlPlaneComponent, Tool>;
const DEFAULT_COMPONENTS: readonly ControlPlaneComponent[] = ["controller-manager"];
const START_ATTEMPTS = 3;

/**
 * Takes the cluster of KJO_TEST_KUBECONFIG as it is, else does what `startOwnControlPlane` does. Never the kubeconfig that
 * kubectl would take by default: tests create and delete.
 *
 * @throws as `startOwnControlPlane`
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const given = process.env["KJO_TEST_KUBECONFIG"];
  return given ? useCluster(path.resolve(given), options.log) : startOwnControlPlane(options);
}

/**
 * Starts a real Kubernetes control plane on 127.0.0.1.
 *
 * Guarantees: nothing it starts outlives this process, nor keeps it alive.
 *
 * @throws ControlPlaneUnavailableError where its programs neither are nor can be built; the message says why
 * @throws Error when a part does not become ready, with its last lines
 */
export async function startOwnControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const log = options.log ?? ignore;
  const components = options.components ?? DEFAULT_COMPONENTS;
  const tools = await findTools(toolsFor(components), log);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(tools as Tools, components, options.auditLog ?? false, log);
    } catch (error) {
      if (attempt === START_ATTEMPTS || !/address already in use/.test(String(error))) throw error;
      log("A port was taken by another process meanwhile; starting again with others.");
    }
  }
}

let shared: Promise<ControlPlane> | undefined;

/**
 * The control plane that the suites of one mocha process share: etcd, API server and controller-manager, started on first
 * use and stopped when the process has nothing left to do. Suites keep apart by their own namespaces.
 */
export function sharedControlPlane(): Promise<ControlPlane> {
  shared ??= startControlPlane({ log: (line) => console.info(line) }).then((controlPlane) => {
    process.once("beforeExit", () => void controlPlane.stop());
    return controlPlane;
  });
  return shared;
}

/** Can `startControlPlane` begin at once, without a build of minutes? */
export async function isControlPlaneReady(components = DEFAULT_COMPONENTS): Promise<boolean> {
  return process.env["KJO_TEST_KUBECONFIG"] !== undefined || areToolsReady(toolsFor(components));
}

/** Finds or builds the programs ahead of their use. @throws as `startControlPlane` */
export async function prepareControlPlane(log: (line: string) => void): Promise<void> {
  if (process.env["KJO_TEST_KUBECONFIG"]) return;
  await findTools(toolsFor(["controller-manager", "scheduler", "kwok"]), log);
}

function toolsFor(components: readonly ControlPlaneComponent[]): Tool[] {
  return ["etcd", "kube-apiserver", "kubectl", ...components.map((name) => PROGRAMS[name])];
}

async function useCluster(kubeconfig: string, log = ignore): Promise<ControlPlane> {
  const url = await readServerUrl(kubeconfig);
  log(`Using the cluster of KJO_TEST_KUBECONFIG: ${url}`);
  return { kubeconfig, kubectl: await findKubectl(log), url, stop: () => Promise.resolve() };
}

function ignore(_line: string): void {}

async function start(
  tools: Tools,
  components: readonly ControlPlaneComponent[],
  auditLog: boolean,
  log: (line: string) => void,
): Promise<ControlPlane> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "kjo-control-plane-"));
  guardFolder(folder);
  const started = new StartedControlPlane(await layOut(folder, { auditLog }), tools);
  try {
    await started.start(components, log);
    return started;
  } catch (error) {
    await started.stop();
    throw error;
  }
}

class StartedControlPlane implements ControlPlane {
  readonly kubeconfig: string;
  readonly kubectl: string;
  readonly url: string;
  readonly auditLogPath?: string;
  readonly #layout: Layout;
  readonly #tools: Tools;
  /** In the order of their start; stopped the other way round, so that none loses what it depends on. */
  readonly #children: Child[] = [];
  #stopped: Promise<void> | undefined;

  constructor(layout: Layout, tools: Tools) {
    this.#layout = layout;
    this.#tools = tools;
    this.kubeconfig = filesOf(layout.folder).kubeconfig;
    this.kubectl = tools.kubectl;
    this.url = `https://127.0.0.1:${layout.ports["kube-apiserver"]}`;
    if (layout.auditLogPath !== undefined) this.auditLogPath = layout.auditLogPath;
  }

  async start(components: readonly ControlPlaneComponent[], log: (line: string) => void): Promise<void> {
    const startedAt = Date.now();
    const { ports, folder, token } = this.#layout;
    const etcd = await this.#run("etcd");
    await waitUntilServing(etcd, `http://127.0.0.1:${ports.etcd}/health`);
    const apiServer = await this.#run("kube-apiserver");
    const ca = await waitForServer(apiServer, this.url, token, filesOf(folder).serverCertificate);
    const access = { url: this.url, ca, token };
    await writeKubeconfig(this.kubeconfig, access);
    const children = await Promise.all(components.map((name) => this.#run(PROGRAMS[name])));
    await Promise.all(
      components.map((name, index) => {
        const child = children[index] as Child;
        if (name === "controller-manager") return waitForServiceAccounts(child, access);
        if (name === "kwok") return waitForNode(child, access);
        return waitUntilServing(child, `https://127.0.0.1:${ports["kube-scheduler"]}/healthz`);
      }),
    );
    log(`Kubernetes control plane at ${this.url}, ready after ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
  }

  async crashApiServer(): Promise<() => Promise<void>> {
    const place = this.#children.findIndex(({ name }) => name === "kube-apiserver");
    const crashed = this.#children[place] as Child;
    crashed.signal("SIGKILL");
    await crashed.exited;
    return async () => {
      const child = await this.#spawn("kube-apiserver");
      this.#children[place] = child;
      await waitForServer(child, this.url, this.#layout.token, filesOf(this.#layout.folder).serverCertificate);
    };
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #run(tool: Exclude<Tool, "kubectl">): Promise<Child> {
    const child = await this.#spawn(tool);
    this.#children.push(child);
    return child;
  }

  #spawn(tool: Exclude<Tool, "kubectl">): Promise<Child> {
    const options = { cwd: this.#layout.folder, background: true };
    return startChild(tool, this.#tools[tool], argumentsOf(tool, this.#layout), options);
  }

  async #stop(): Promise<void> {
    const [etcd, apiServer, ...others] = this.#children;
    await Promise.all(others.map((child) => child.stop()));
    await apiServer?.stop();
    await etcd?.stop();
    await fs.rm(this.#layout.folder, { recursive: true, force: true });
  }
}
