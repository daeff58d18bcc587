import { fileURLToPath } from "node:url";
import { KubeClient } from "../../src/kube/client.ts";
import { loadKubeConfig } from "../../src/kube/connection.ts";
import { registerDefinition } from "../../src/kube/crd.ts";
import { NAMESPACE, refOf, type CustomResource, type ResourceType } from "../../src/kube/resource.ts";
import type { ControlPlane } from "../controlplane/control-plane.ts";

export type Widget = CustomResource<{ value?: string }, { value?: string; conditions?: unknown[] }>;

export const WIDGET: ResourceType = {
  group: "test.kjo.dev",
  version: "v1",
  plural: "widgets",
  kind: "Widget",
  namespaced: true,
};

export const WIDGET_FILE = fileURLToPath(new URL("widget.yaml", import.meta.url));

/** A namespace of its own for one suite, with the kind Widget, on the real API server. */
export class WidgetNamespace {
  readonly client: KubeClient;
  readonly namespace: string;

  private constructor(client: KubeClient, namespace: string) {
    this.client = client;
    this.namespace = namespace;
  }

  static async create(controlPlane: ControlPlane, name: string): Promise<WidgetNamespace> {
    const client = new KubeClient({ config: loadKubeConfig(controlPlane.kubeconfig) });
    await registerDefinition(client, WIDGET_FILE);
    const metadata = { generateName: `${name}-` };
    const created = await client.create(NAMESPACE, "", { apiVersion: "v1", kind: "Namespace", metadata });
    return new WidgetNamespace(client, created.metadata.name);
  }

  add(name: string, value = "x", metadata: object = {}): Promise<Widget> {
    const body = {
      apiVersion: "test.kjo.dev/v1",
      kind: "Widget",
      metadata: { name, namespace: this.namespace, ...metadata },
      spec: { value },
    };
    return this.client.create<Widget>(WIDGET, this.namespace, body);
  }

  get(name: string): Promise<Widget> {
    return this.client.get<Widget>(WIDGET, { namespace: this.namespace, name });
  }

  change(name: string, value: string): Promise<Widget> {
    const body = { spec: { value } };
    return this.client.patch<Widget>(WIDGET, { namespace: this.namespace, name }, { kind: "merge", body });
  }

  delete(name: string): Promise<void> {
    return this.client.delete(WIDGET, { namespace: this.namespace, name });
  }

  /** Deletes all widgets, finalizers or not, and the namespace. */
  async remove(): Promise<void> {
    const { items } = await this.client.list<Widget>(WIDGET, { namespace: this.namespace });
    for (const widget of items) {
      if (widget.metadata.finalizers) {
        await this.client.patch(WIDGET, refOf(widget), { kind: "merge", body: { metadata: { finalizers: null } } });
      }
    }
    await this.client.delete(NAMESPACE, { namespace: "", name: this.namespace });
    await this.client.close();
  }
}
