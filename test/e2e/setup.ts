import { createWriteStream } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { controlPlaneOrSkip } from "../controlplane/suite.ts";
import { startOperator, type OperatorProcess } from "../dev/operator-process.ts";
import { openBackend, openSilentBackend, type KongBackend } from "./setup-backends.ts";
import { Cluster } from "./setup-cluster.ts";
import { ForeignEntities } from "./setup-foreign.ts";
import { isDbless, Kong } from "./setup-kong.ts";
import { isOfStaleRun, isOfThisRun, RUN } from "./setup-run.ts";
import { sweepCluster, sweepKong } from "./setup-sweep.ts";

const CRDS = fileURLToPath(new URL("../../crds", import.meta.url));
/** Namespace of the Lease, and of a KongGateway that is everyone's default. */
export const OPERATOR_NAMESPACE = `${RUN}-operator`;

/** What all files of the suite share: one cluster, one Kong, one operator, servers to route to. */
export interface Environment {
  readonly cluster: Cluster;
  readonly kong: Kong;
  readonly foreign: ForeignEntities;
  readonly backends: Readonly<Record<"a" | "b" | "silent", KongBackend>>;
  readonly operator: RunningOperator;
}

/** The operator as a process of its own, that can be stopped and started again. */
export class RunningOperator {
  readonly logFile = path.join(os.tmpdir(), `${RUN}-operator.log`);
  readonly #log = createWriteStream(this.logFile);
  readonly #kubeconfig: string;
  #process: OperatorProcess | undefined;
  #bugs = 0;

  constructor(kubeconfig: string) {
    this.#kubeconfig = kubeconfig;
  }

  async start(): Promise<void> {
    this.#process = await startOperator({
      kubeconfig: this.#kubeconfig,
      args: ["--operator-namespace", OPERATOR_NAMESPACE],
      onLine: (line) => this.#log.write(`${line}\n`),
    });
  }

  async stop(): Promise<void> {
    if (this.#process) this.#bugs = await this.countBugs();
    await this.#process?.stop();
    this.#process = undefined;
  }

  /** The sum of a metric over all label sets that hold these; 0 where it has not been counted yet. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    if (!this.#process) throw new Error("the operator does not run");
    const text = await (await fetch(`${this.#process.url}/metrics`)).text();
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    return text
      .split("\n")
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .filter((line) => wanted.every((part) => line.includes(part)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
  }

  /** Reconciles that ended in an error that is the operator's own mistake, over all its lives. */
  async countBugs(): Promise<number> {
    return this.#bugs + (await this.metric("kjo_reconcile_bugs_total"));
  }

  async readLog(): Promise<string> {
    return readFile(this.logFile, "utf8");
  }

  async close(options: { keepLog: boolean }): Promise<void> {
    await this.#process?.stop();
    await new Promise((resolve) => this.#log.end(resolve));
    if (!options.keepLog) await rm(this.logFile, { force: true });
  }
}

let environment: Environment | undefined;
/** Gateways of scenes that are open, the one opened last at the end; scenes are not closed in the order of a stack. */
const taken: Kong[] = [];
const stops: (() => Promise<unknown>)[] = [];
let hasFailed = false;

/** Only in hooks and tests: before them nothing has been started. */
export function env(): Environment {
  if (!environment) throw new Error("the environment of the suite is not there yet");
  return environment;
}

/**
 * Gives a scene the Kong that `env().kong` is from now on. A gateway without a database has one owner, so each scene gets
 * one of its own: a double, or the real one, emptied; scenes then run one after another.
 * @returns what gives it back.
 */
export async function takeKong(): Promise<() => Promise<void>> {
  const { kong: former } = env();
  if (!isDbless(process.env)) return () => Promise.resolve();
  if (former.isReal) {
    await former.empty();
    return () => former.empty();
  }
  if (taken.length === 0) taken.push(former);
  const kong = await Kong.open(process.env);
  taken.push(kong);
  environment = { ...env(), kong };
  return async () => {
    taken.splice(taken.indexOf(kong), 1);
    environment = { ...env(), kong: taken.at(-1) ?? kong };
    await kong.close();
  };
}

before(async function () {
  const cluster = await Cluster.open(await controlPlaneOrSkip(this));
  stops.push(() => cluster.close());
  const kong = await Kong.open(process.env);
  stops.push(() => kong.close());
  if (!isDbless(process.env)) {
    await sweepKong(kong, isOfStaleRun);
    stops.push(() => sweepKong(kong, isOfThisRun));
  }
  const host = process.env["KJO_E2E_HOST"];
  const backends = {
    a: await openBackend("a", host),
    b: await openBackend("b", host),
    silent: await openSilentBackend(host),
  };
  stops.push(() => Promise.all(Object.values(backends).map((backend) => backend.stop())));
  const foreign = isDbless(process.env) ? ForeignEntities.none(kong) : await ForeignEntities.make(kong);
  await must(cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-f", CRDS]));
  await must(cluster.kubectl(["wait", "--for=condition=Established", "--timeout=60s", "-f", CRDS]));
  await sweepCluster(cluster, isOfStaleRun);
  await cluster.apply(namespaceObject(OPERATOR_NAMESPACE));
  stops.push(() => sweepCluster(cluster, isOfThisRun));
  const operator = new RunningOperator(cluster.kubeconfig);
  stops.push(() => operator.close({ keepLog: hasFailed }));
  await operator.start();
  environment = { cluster, kong, foreign, backends, operator };
});

afterEach(function () {
  if (this.currentTest?.state === "failed") hasFailed = true;
});

after(async function () {
  this.timeout(120_000);
  if (hasFailed && environment) console.info(`  The operator's log: ${environment.operator.logFile}`);
  const failures: unknown[] = [];
  for (const stop of stops.reverse()) await stop().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw new AggregateError(failures, `the suite's end failed: ${failures.join("; ")}`);
});

export function namespaceObject(name: string, labels: Readonly<Record<string, string>> = {}) {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
}

async function must(running: Promise<{ code: number; output: string }>): Promise<void> {
  const { code, output } = await running;
  if (code !== 0) throw new Error(output);
}
