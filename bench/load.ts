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

/** The cluster under test, filled with services and routes. */
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
    await this.#create("KongGateway", namespace, "default", spec, false);
  }

  /** `count` services and as many routes. */
  async createObjects(namespace: string, count: number, options: { withFinalizer: boolean }): Promise<void> {
    const indexes = Array.from({ length: count }, (_, index) => index);
    await inParallel(indexes, WRITERS, (index) =>
      this.#create(
        "KongService",
        namespace,
        `service-${index}`,
        { url: "http://127.0.0.1:8080/v1" },
        options.withFinalizer,
      ),
    );
    await inParallel(indexes, WRITERS, (index) => {
      const spec = { serviceRef: { name: `service-${index}` }, paths: [`/${namespace}/${index}`], strip_path: true };
      return this.#create("KongRoute", namespace, `route-${index}`, spec, options.withFinalizer);
    });
  }

  /** Changes one route, as `kubectl apply` would. */
  async changeRoute(namespace: string, index: number, path: string): Promise<void> {
    const body = { spec: { paths: [path] } };
    await this.client.patch(typeOf("KongRoute"), { namespace, name: `route-${index}` }, { kind: "merge", body });
  }

  async countProgrammed(namespace: string): Promise<number> {
    let count = 0;
    for (const kind of ["KongService", "KongRoute"]) {
      const { items } = await this.client.list<
        CustomResource<unknown, { conditions?: { type: string; status: string }[] }>
      >(typeOf(kind), { namespace });
      count += items.filter(({ status }) =>
        status?.conditions?.some(({ type, status }) => type === "Programmed" && status === "True"),
      ).length;
    }
    return count;
  }

  async #create(kind: string, namespace: string, name: string, spec: unknown, withFinalizer: boolean): Promise<void> {
    const metadata = { name, namespace, ...(withFinalizer ? { finalizers: [FINALIZER] } : {}) };
    await this.client.create(typeOf(kind), namespace, { apiVersion: API_VERSION, kind, metadata, spec });
  }

  async #run(args: readonly string[]): Promise<void> {
    await promisify(execFile)(this.#kubectl, [...args], { env: { ...process.env, KUBECONFIG: this.#kubeconfig } });
  }
}
