import { execFile } from "node:child_process";
import { appendFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { KINDS } from "../../src/api/kinds.ts";
import { typeOf, type KongObject } from "../../src/controllers/caches.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { loadKubeConfig } from "../../src/kube/connection.ts";
import { NAMESPACE, SECRET, type ResourceType } from "../../src/kube/resource.ts";
import type { ControlPlane } from "../controlplane/control-plane.ts";
import { describeExit, type Child } from "../dev/child-process.ts";
import { startOperator, type OperatorProcess } from "../dev/operator-process.ts";
import { guardFolder } from "../dev/orphan-guard.ts";
import { startKongDouble, type KongDouble, type KongDoubleOptions } from "../doubles/kong/double.ts";
import { custom, type TestObject } from "./objects.ts";
import { inParallel, until } from "./waiting.ts";

const run = promisify(execFile);
/** Gets all that the operators log, for when a round fails. */
const LOG_FILE = process.env["KJO_FAULT_LOG"];
const CRDS = fileURLToPath(new URL("../../crds", import.meta.url));

export interface OperatorOptions {
  /** Of the only replica unless said otherwise. */
  readonly args?: readonly string[];
  readonly kubeconfig?: string;
  readonly onStarted?: (child: Child) => void;
}

/** Parts of a KongGateway's spec. */
export interface GatewaySettings {
  readonly adminApi?: Readonly<Record<string, unknown>>;
  readonly drift?: Readonly<Record<string, unknown>>;
}

/** Clusters that have our kinds, by their kubeconfig. */
const prepared = new Map<string, Promise<void>>();

/** Where the operators of this process keep their compiled code: over a hundred starts that is minutes. */
let compileCache: string | undefined;

/** A namespace of a cluster with a KongGateway `default`, the gateway behind it, and operators for this namespace only. */
export class Scene {
  readonly namespace: string;
  readonly client: KubeClient;
  readonly kong: KongDouble;
  readonly #kubeconfig: string;
  readonly #operators: OperatorProcess[] = [];

  private constructor(namespace: string, kubeconfig: string, kong: KongDouble) {
    this.namespace = namespace;
    this.#kubeconfig = kubeconfig;
    this.kong = kong;
    this.client = new KubeClient({ config: loadKubeConfig(kubeconfig) });
  }

  /** @param settings of the KongGateway `default`. @param kong what kind of gateway it is. */
  static async open(
    { kubectl, kubeconfig }: Pick<ControlPlane, "kubeconfig" | "kubectl">,
    name: string,
    settings: GatewaySettings = {},
    kong: KongDoubleOptions = {},
  ): Promise<Scene> {
    if (!prepared.has(kubeconfig)) prepared.set(kubeconfig, installKinds({ kubectl, kubeconfig }));
    await prepared.get(kubeconfig);
    const scene = new Scene(`fault-${name}-${process.pid}`, kubeconfig, await startKongDouble(kong));
    await scene.client.create(NAMESPACE, "", { metadata: { name: scene.namespace } });
    await scene.create([gateway("default", scene.kong.adminUrl, settings)]);
    return scene;
  }

  async create(objects: readonly TestObject[]): Promise<void> {
    await inParallel(objects, (object) =>
      this.client.create(resourceOf(object.kind), this.namespace, object, { fieldValidation: "Strict" }),
    );
  }

  async patch(kind: string, name: string, body: unknown, subresource?: string): Promise<void> {
    const ref = { namespace: this.namespace, name };
    await this.client.patch(resourceOf(kind), ref, { kind: "merge", body }, subresource ? { subresource } : {});
  }

  async delete(kind: string, name: string): Promise<void> {
    await this.client.delete(resourceOf(kind), { namespace: this.namespace, name });
  }

  async list(kind: string): Promise<KongObject[]> {
    return (await this.client.list<KongObject>(typeOf(kind), { namespace: this.namespace })).items;
  }

  /** All objects of our kinds but KongGateways. */
  async objects(): Promise<KongObject[]> {
    const kinds = KINDS.filter(({ kind }) => kind !== "KongGateway");
    return (await Promise.all(kinds.map(({ kind }) => this.list(kind)))).flat();
  }

  /** `kjo run`, ready. */
  async operator({
    args = ["--leader-elect=false"],
    kubeconfig,
    onStarted,
  }: OperatorOptions = {}): Promise<OperatorProcess> {
    const operator = await startOperator({
      kubeconfig: kubeconfig ?? this.#kubeconfig,
      args: [
        `--watch-namespaces=${this.namespace}`,
        `--operator-namespace=${this.namespace}`,
        `--log-level=${LOG_FILE ? "debug" : "info"}`,
        ...args,
      ],
      env: { NODE_COMPILE_CACHE: (compileCache ??= makeCompileCache()) },
      ...(onStarted ? { onStarted } : {}),
      ...(LOG_FILE ? { onLine: (line) => appendFileSync(LOG_FILE, `${line}\n`) } : {}),
    });
    this.#operators.push(operator);
    return operator;
  }

  /**
   * Starts an operator that lives until it is killed. `arm` gets what kills it, before the operator does anything.
   * @throws Error when it ends otherwise, or lives on.
   */
  async killedOperator(arm: (kill: () => void) => void): Promise<void> {
    let child: Child | undefined;
    const onStarted = (started: Child): void => {
      child = started;
      arm(() => started.signal("SIGKILL"));
    };
    // Killed before it is ready, it has failed to start.
    const start = this.operator({ onStarted }).catch((error: unknown) => error);
    await until("the operator is killed", () => child !== undefined && !child.isRunning());
    await start;
    const exit = await child!.exited;
    if (exit.signal !== "SIGKILL") throw new Error(describeExit(child!, exit));
  }

  /** Stops what runs and removes what is there. */
  async close(): Promise<void> {
    for (const operator of this.#operators) await operator.stop();
    await this.kong.stop();
    const left = [...(await this.objects()), ...(await this.list("KongGateway"))];
    await inParallel(left, ({ kind, metadata }) => this.patch(kind, metadata.name, { metadata: { finalizers: null } }));
    await this.client.delete(NAMESPACE, { namespace: "", name: this.namespace });
    await this.client.close();
  }
}

async function installKinds({ kubectl, kubeconfig }: Pick<ControlPlane, "kubeconfig" | "kubectl">): Promise<void> {
  await run(kubectl, ["--kubeconfig", kubeconfig, "apply", "--server-side", "--force-conflicts", "-f", CRDS]);
  await run(kubectl, ["--kubeconfig", kubeconfig, "wait", "--for=condition=Established", "--timeout=30s", "-f", CRDS]);
}

/** A KongGateway; unless told otherwise it looks for drift so seldom that this never explains a recovery. */
export function gateway(name: string, url: string, { adminApi, drift }: GatewaySettings = {}): TestObject {
  return custom("KongGateway", name, {
    adminApi: { url, ...adminApi },
    drift: { intervalSeconds: 86_400, ...drift },
  });
}

/** Ends an operator as a crash of its node would. */
export async function crash({ child }: OperatorProcess): Promise<void> {
  child.signal("SIGKILL");
  await child.exited;
}

function resourceOf(kind: string): ResourceType {
  return kind === "Secret" ? SECRET : typeOf(kind);
}

function makeCompileCache(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "kjo-fault-"));
  guardFolder(folder);
  return folder;
}
