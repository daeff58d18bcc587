import assert from "node:assert/strict";
import { createWriteStream, mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { KINDS } from "../../src/api/kinds.ts";
import { API_VERSION, LABEL_SECRET } from "../../src/api/names.ts";
import { controlPlaneOrSkip } from "../controlplane/suite.ts";
import { startOperator, type OperatorProcess } from "../dev/operator-process.ts";
import { guardFolder } from "../dev/orphan-guard.ts";
import { Cluster, type ClusterObject } from "../e2e/setup-cluster.ts";
import { eventually, type EventuallyOptions } from "../e2e/setup-eventually.ts";
import { Jenkins } from "./jenkins.ts";

const CRDS = fileURLToPath(new URL("../../crds", import.meta.url));
const RUN = `kjo-delivery-${Date.now().toString(36)}`;
/** Short enough for a test, long enough for a busy machine. */
const TIMEOUT_MS = 3_000;

export type Spec = Readonly<Record<string, unknown>>;

/** What all files of the suite share. */
export interface Environment {
  readonly cluster: Cluster;
  readonly jenkins: Jenkins;
}

let shared: Environment | undefined;
let hasFailed = false;
const logFile = path.join(os.tmpdir(), `${RUN}-operator.log`);
const log = createWriteStream(logFile);
const compileCache = mkdtempSync(path.join(os.tmpdir(), "kjo-delivery-"));
guardFolder(compileCache);

export function env(): Environment {
  if (!shared) throw new Error("the environment of the suite is not there yet");
  return shared;
}

before(async function () {
  const cluster = await Cluster.open(await controlPlaneOrSkip(this));
  const { code, output } = await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-f", CRDS]);
  assert.equal(code, 0, output);
  await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=60s", "-f", CRDS]);
  shared = { cluster, jenkins: await Jenkins.open(process.env) };
});

afterEach(function () {
  if (this.currentTest?.state === "failed") hasFailed = true;
});

after(async () => {
  await shared?.jenkins.close();
  await shared?.cluster.close();
  await new Promise((resolve) => log.end(resolve));
  if (hasFailed) console.info(`  The operator's log: ${logFile}`);
  else await rm(logFile, { force: true });
});

/** For a describe block: a namespace with a JenkinsServer `ci`, and an operator that watches this namespace alone. */
export function useScene(theme: string, options: { readonly hasOperator?: boolean } = {}): Scene {
  const scene = new Scene(`${RUN}-${theme}`);
  before(async () => {
    await scene.open();
    if (options.hasOperator ?? true) await scene.startOperator();
  });
  after(() => scene.close());
  return scene;
}

export class Scene {
  readonly namespace: string;
  #operator: OperatorProcess | undefined;

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  /** Name of a job of this scene, that nobody else has. */
  job(name: string): string {
    return `${this.namespace}-${name}`;
  }

  async open(): Promise<void> {
    const { cluster, jenkins } = env();
    await cluster.apply(object("v1", "Namespace", "", this.namespace, {}));
    await this.secret("ci", { user: jenkins.user, token: jenkins.token });
    await this.server("ci", { credentialsSecretRef: { name: "ci" } });
  }

  async close(): Promise<void> {
    await this.stopOperator();
    for (const { kind } of KINDS) await env().cluster.delete(kind, this.namespace);
    await env().cluster.delete("Namespace", "", this.namespace);
  }

  async server(name: string, spec: Spec): Promise<void> {
    const { url } = env().jenkins.front;
    await this.apply("JenkinsServer", name, { url, timeoutMs: TIMEOUT_MS, pollSeconds: 1, ...spec });
  }

  async secret(name: string, data: Readonly<Record<string, string>>): Promise<void> {
    const { cluster } = env();
    const metadata = { name, namespace: this.namespace, labels: { [LABEL_SECRET]: "true" } };
    await cluster.apply({ ...{ apiVersion: "v1" }, kind: "Secret", metadata, ...{ stringData: data } });
  }

  apply(kind: string, name: string, spec: Spec): Promise<ClusterObject> {
    return env().cluster.apply(object(API_VERSION, kind, this.namespace, name, { spec }));
  }

  /** A JenkinsBuild on the server `ci`. */
  build(name: string, spec: Spec): Promise<ClusterObject> {
    return this.apply("JenkinsBuild", name, { jenkinsRef: { name: "ci" }, ...spec });
  }

  cancel(name: string): Promise<ClusterObject> {
    return env().cluster.patch("JenkinsBuild", this.namespace, name, { spec: { cancel: true } });
  }

  async get(kind: string, name: string): Promise<ClusterObject> {
    const found = await env().cluster.find(kind, this.namespace, name);
    assert.ok(found, `${kind} ${name} is not there`);
    return found;
  }

  /** Waits until the build is in the phase. @returns its status. */
  phase(name: string, phase: string, message?: RegExp, options: EventuallyOptions = {}): Promise<Spec> {
    return eventually(async () => {
      const { status = {} } = await this.get("JenkinsBuild", name);
      assert.equal(status["phase"], phase, JSON.stringify(status));
      if (message) assert.match(String(status["message"]), message);
      return status;
    }, options);
  }

  async startOperator(options: { kubeconfig?: string; onStarted?: (kill: () => void) => void } = {}): Promise<void> {
    this.#operator = await startOperator({
      kubeconfig: options.kubeconfig ?? env().cluster.kubeconfig,
      args: [
        `--watch-namespaces=${this.namespace}`,
        `--operator-namespace=${this.namespace}`,
        "--leader-elect=false",
        "--log-level=debug",
      ],
      env: { NODE_COMPILE_CACHE: compileCache },
      onLine: (line) => log.write(`${line}\n`),
      onStarted: (child) => options.onStarted?.(() => child.signal("SIGKILL")),
    });
  }

  async stopOperator(): Promise<void> {
    await this.#operator?.stop();
    this.#operator = undefined;
  }

  get operator(): OperatorProcess {
    assert.ok(this.#operator, "no operator runs");
    return this.#operator;
  }
}

function object(apiVersion: string, kind: string, namespace: string, name: string, rest: object) {
  return { apiVersion, kind, metadata: namespace === "" ? { name } : { name, namespace }, ...rest };
}
