import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { KINDS } from "../../src/api/kinds.ts";
import type { Condition } from "../../src/api/meta.ts";
import { API_VERSION } from "../../src/api/names.ts";
import type { ControlPlane } from "../controlplane/control-plane.ts";
import { startChild, type Child } from "../dev/child-process.ts";

export interface ClusterObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly generation?: number;
    readonly resourceVersion: string;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
    readonly finalizers?: readonly string[];
  };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>> & { readonly conditions?: readonly Condition[] };
}

export interface EventObject {
  readonly type: string;
  readonly reason: string;
  readonly note: string;
  readonly regarding: { readonly kind: string; readonly name: string };
}

export interface Ran {
  readonly code: number;
  /** stdout and stderr. */
  readonly output: string;
}

const APPLY = "application/apply-patch+yaml";
const LISTENING = /^Starting to serve on (127\.0\.0\.1:\d+)$/;
const run = promisify(execFile);

/**
 * The cluster as a person sees it: `kubectl`, and for what would be too many processes the same API through `kubectl proxy`,
 * which knows every way to log in. Nothing of the operator's own code is between.
 */
export class Cluster {
  readonly #controlPlane: ControlPlane;
  readonly #proxy: Child;
  readonly #origin: string;

  private constructor(controlPlane: ControlPlane, proxy: Child, origin: string) {
    this.#controlPlane = controlPlane;
    this.#proxy = proxy;
    this.#origin = origin;
  }

  static async open(controlPlane: ControlPlane): Promise<Cluster> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const args = ["--kubeconfig", controlPlane.kubeconfig, "proxy", "--port=0", "--address=127.0.0.1"];
    const proxy = await startChild("kubectl proxy", controlPlane.kubectl, args, {
      background: true,
      onLine: (line) => {
        const address = LISTENING.exec(line)?.[1];
        if (address) resolve(`http://${address}`);
      },
    });
    void proxy.exited.then(() => reject(new Error(`kubectl proxy ended: ${proxy.lastLines().join("\n")}`)));
    return new Cluster(controlPlane, proxy, await promise);
  }

  async close(): Promise<void> {
    await this.#proxy.stop();
  }

  /** The API server in plain HTTP, logged in. */
  get origin(): string {
    return this.#origin;
  }

  get kubeconfig(): string {
    return this.#controlPlane.kubeconfig;
  }

  /** Runs kubectl; a failure is told by the code. */
  async kubectl(args: readonly string[]): Promise<Ran> {
    const all = ["--kubeconfig", this.kubeconfig, ...args];
    try {
      const { stdout, stderr } = await run(this.#controlPlane.kubectl, all, { maxBuffer: 64 * 2 ** 20 });
      return { code: 0, output: stdout + stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code?: number; stdout?: string; stderr?: string };
      if (typeof code !== "number") throw error;
      return { code, output: `${stdout}${stderr}` };
    }
  }

  /** Creates or changes an object, as `kubectl apply --server-side` does. @throws Error with the API server's words. */
  apply(object: { kind: string; metadata: { name: string; namespace?: string } }): Promise<ClusterObject> {
    const { name, namespace = "" } = object.metadata;
    const query = "?fieldManager=e2e&force=true&fieldValidation=Strict";
    return this.#send("PATCH", pathOf(object.kind, namespace, name) + query, { type: APPLY, body: object });
  }

  /** Creates an object that is not there; cheaper than {@link apply} for thousands. */
  create(object: { kind: string; metadata: { namespace?: string } }): Promise<ClusterObject> {
    const path = pathOf(object.kind, object.metadata.namespace ?? "");
    return this.#send("POST", `${path}?fieldValidation=Strict`, { type: "application/json", body: object });
  }

  /** A JSON merge patch. */
  patch(kind: string, namespace: string, name: string, body: unknown): Promise<ClusterObject> {
    return this.#send("PATCH", pathOf(kind, namespace, name), { type: "application/merge-patch+json", body });
  }

  /** undefined where there is none. */
  async find(kind: string, namespace: string, name: string): Promise<ClusterObject | undefined> {
    const { status, text } = await this.#try("GET", pathOf(kind, namespace, name));
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`${kind} ${namespace}/${name}: HTTP ${status} ${text}`);
    return JSON.parse(text) as ClusterObject;
  }

  async list<T = ClusterObject>(kind: string, namespace: string): Promise<T[]> {
    const { items } = await this.#send<{ items: T[] }>("GET", pathOf(kind, namespace));
    return items;
  }

  /** Asks for the end of an object, or without a name of all of the kind in the namespace; does not wait for it. */
  async delete(kind: string, namespace: string, name?: string): Promise<void> {
    const { status, text } = await this.#try("DELETE", pathOf(kind, namespace, name));
    if (status >= 400 && status !== 404) throw new Error(`delete ${kind} ${namespace}/${name}: HTTP ${status} ${text}`);
  }

  events(namespace: string): Promise<EventObject[]> {
    return this.list<EventObject>("Event", namespace);
  }

  /** Counts the writes to objects of a kind in a namespace, from now on. */
  async countWrites(kind: string, namespace: string): Promise<{ readonly count: () => number; stop(): Promise<void> }> {
    const { metadata } = await this.#send<{ metadata: { resourceVersion: string } }>("GET", pathOf(kind, namespace));
    const ending = new AbortController();
    const query = `?watch=1&resourceVersion=${metadata.resourceVersion}&timeoutSeconds=600`;
    const answer = await fetch(this.#origin + pathOf(kind, namespace) + query, { signal: ending.signal });
    let count = 0;
    const counting = (async () => {
      for await (const chunk of answer.body ?? []) {
        // One line an event; a long one may come in several chunks, of which only the last ends it.
        for (const byte of chunk as Uint8Array) if (byte === 10) count += 1;
      }
    })().catch(() => undefined);
    return {
      count: () => count,
      stop: async () => {
        ending.abort();
        await counting;
      },
    };
  }

  async #send<T>(method: string, path: string, content?: { type: string; body: unknown }): Promise<T> {
    const { status, text } = await this.#try(method, path, content);
    if (status >= 400) {
      const { message = text } = JSON.parse(text) as { message?: string };
      throw new Error(`${method} ${path}: HTTP ${status} ${message}`);
    }
    return JSON.parse(text) as T;
  }

  async #try(
    method: string,
    path: string,
    content?: { type: string; body: unknown },
  ): Promise<{ status: number; text: string }> {
    const answer = await fetch(this.#origin + path, {
      method,
      ...(content ? { headers: { "content-type": content.type }, body: JSON.stringify(content.body) } : {}),
    });
    return { status: answer.status, text: await answer.text() };
  }
}

/** The kinds of ours, those that refer to others first: the order in which they can be deleted without waiting. */
export const OUR_KINDS: readonly string[] = [
  "KongPluginBinding",
  "KongRoute",
  "KongService",
  "KongUpstream",
  "KongConsumer",
  "KongConsumerGroup",
  "KongCertificate",
  "KongCACertificate",
  "KongVault",
  "KongGateway",
];

/** `conditions` by type. */
export function conditionOf(object: ClusterObject | undefined, type: string): Condition | undefined {
  return object?.status?.conditions?.find((condition) => condition.type === type);
}

function pathOf(kind: string, namespace: string, name?: string): string {
  const [group, plural] = resourceOf(kind);
  const inside = namespace === "" ? "" : `/namespaces/${namespace}`;
  return `${group}${inside}/${plural}${name === undefined ? "" : `/${name}`}`;
}

function resourceOf(kind: string): readonly [group: string, plural: string] {
  const ours = KINDS.find((definition) => definition.kind === kind);
  if (ours) return [`/apis/${API_VERSION}`, ours.plural];
  switch (kind) {
    case "Event":
      return ["/apis/events.k8s.io/v1", "events"];
    case "Secret":
      return ["/api/v1", "secrets"];
    case "Service":
      return ["/api/v1", "services"];
    case "Pod":
      return ["/api/v1", "pods"];
    case "EndpointSlice":
      return ["/apis/discovery.k8s.io/v1", "endpointslices"];
    case "Deployment":
      return ["/apis/apps/v1", "deployments"];
    case "Namespace":
      return ["/api/v1", "namespaces"];
    default:
      throw new Error(`no kind of the suite: ${kind}`);
  }
}
