import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { API_VERSION, FINALIZER } from "../src/api/names.ts";
import { typeOf } from "../src/controllers/caches.ts";
import { KubeClient } from "../src/kube/client.ts";
import { loadKubeConfig } from "../src/kube/connection.ts";
import { NAMESPACE, type CustomResource } from "../src/kube/resource.ts";
import { inParallel } from "./gateway.ts";

const CRDS = fileURLToPath(new URL("../crds", import.meta.url));
const WRITERS = 16;
const TARGETS = [
  { target: "127.0.0.1:8080", weight: 100 },
  { target: "127.0.0.1:8081", weight: 100 },
];
/** Users before what they use. */
const KINDS_OF_LOAD = ["KongRoute", "KongService", "KongUpstream"];

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
}

/** The cluster under test, filled with services and routes, and upstreams where they are wanted. */
export class Load {
  readonly client: KubeClient;
  readonly #kubeconfig: string;
  readonly #kubectl: string;

  constructor({ kubeconfig, kubectl }: { kubeconfig: string; kubectl: string }) {
    this.#kubeconfig = kubeconfig;
    this.#kubectl = kubectl;
    this.client = new KubeClient({ config: loadKubeConfig(kubeconfig) });
  }

  async installKinds(): Promise<void> {
    if (readdirSync(CRDS).length === 0) throw new Error("crds/ is empty: npm run generate");
    await this.#run(["apply", "--server-side", "-f", CRDS]);
    await this.#run(["wait", "--for=condition=Established", "--timeout=60s", "-f", CRDS]);
  }

  async createNamespace(name: string): Promise<void> {
    await this.client.create(NAMESPACE, "", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }

  /** Drift checks are left out of the way: what is measured is what a change costs. */
  async createGateway(namespace: string, adminUrl: string): Promise<void> {
    const spec = { adminApi: { url: adminUrl }, drift: { intervalSeconds: 86_400 } };
    await this.create("KongGateway", namespace, "default", spec);
  }

  /** `count` services and as many routes; with `upstreams` also an upstream of two targets for each service. */
  async createObjects(
    namespace: string,
    count: number,
    { withFinalizer, upstreams }: { withFinalizer: boolean; upstreams: boolean },
  ): Promise<void> {
    const each = (kind: string, name: string, specOf: (index: number) => unknown): Promise<void> =>
      inParallel(
        Array.from({ length: count }, (_, index) => index),
        WRITERS,
        (index) => this.create(kind, namespace, `${name}-${index}`, specOf(index), withFinalizer),
      );
    if (upstreams) await each("KongUpstream", "upstream", () => ({ targets: TARGETS }));
    await each("KongService", "service", (index) =>
      upstreams ? { upstreamRef: { name: `upstream-${index}` }, path: "/v1" } : { url: "http://127.0.0.1:8080/v1" },
    );
    await each("KongRoute", "route", (index) => ({
      serviceRef: { name: `service-${index}` },
      paths: [`/${namespace}/${index}`],
      strip_path: true,
    }));
  }

  /** Changes one route, as `kubectl apply` would. */
  async changeRoute(namespace: string, index: number, path: string): Promise<void> {
    await this.#patch("KongRoute", namespace, `route-${index}`, { paths: [path] });
  }

  /** Gives the first target of an upstream another weight. */
  async changeTarget(namespace: string, index: number, weight: number): Promise<void> {
    const [first, ...rest] = TARGETS;
    await this.#patch("KongUpstream", namespace, `upstream-${index}`, { targets: [{ ...first, weight }, ...rest] });
  }

  /** Deletes all objects of the namespace but the KongGateway, kind by kind. */
  async deleteObjects(namespace: string): Promise<void> {
    for (const kind of KINDS_OF_LOAD) {
      const { items } = await this.client.list(typeOf(kind), { namespace });
      await inParallel(items, WRITERS, ({ metadata }) => this.delete(kind, namespace, metadata.name));
    }
  }

  async countObjects(namespace: string): Promise<number> {
    let count = 0;
    for (const kind of KINDS_OF_LOAD) count += (await this.client.list(typeOf(kind), { namespace })).items.length;
    return count;
  }

  /** The status of a condition of one object: `True`, `False`, `Unknown`; undefined while it has not been told. */
  async conditionOf(
    kind: string,
    namespace: string,
    name: string,
    type: string,
  ): Promise<{ status: string; reason: string } | undefined> {
    const object = await this.client.get<CustomResource<unknown, { conditions?: Condition[] }>>(typeOf(kind), {
      namespace,
      name,
    });
    return object.status?.conditions?.find((condition) => condition.type === type);
  }

  async countProgrammed(namespace: string): Promise<number> {
    let count = 0;
    for (const kind of KINDS_OF_LOAD) {
      const { items } = await this.client.list<CustomResource<unknown, { conditions?: Condition[] }>>(typeOf(kind), {
        namespace,
      });
      count += items.filter(({ status }) =>
        status?.conditions?.some(({ type, status }) => type === "Programmed" && status === "True"),
      ).length;
    }
    return count;
  }

  async create(kind: string, namespace: string, name: string, spec: unknown, withFinalizer = false): Promise<void> {
    const metadata = { name, namespace, ...(withFinalizer ? { finalizers: [FINALIZER] } : {}) };
    await this.client.create(typeOf(kind), namespace, { apiVersion: API_VERSION, kind, metadata, spec });
  }

  async delete(kind: string, namespace: string, name: string): Promise<void> {
    await this.client.delete(typeOf(kind), { namespace, name });
  }

  async annotate(kind: string, namespace: string, name: string, annotations: Record<string, string>): Promise<void> {
    await this.client.patch(typeOf(kind), { namespace, name }, { kind: "merge", body: { metadata: { annotations } } });
  }

  async #patch(kind: string, namespace: string, name: string, spec: unknown): Promise<void> {
    await this.client.patch(typeOf(kind), { namespace, name }, { kind: "merge", body: { spec } });
  }

  async #run(args: readonly string[]): Promise<void> {
    await promisify(execFile)(this.#kubectl, [...args], { env: { ...process.env, KUBECONFIG: this.#kubeconfig } });
  }
}
