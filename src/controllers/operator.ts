import { Informer } from "../kube/informer.ts";
import { NAMESPACE } from "../kube/resource.ts";
import { KubeOperator, type KubeOperatorOptions } from "../kube/operator.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import { Caches } from "./caches.ts";
import { dispatchChanges, keyOf } from "./dispatch.ts";
import { lead, type LeaderOptions } from "./leader.ts";
import { secretValuesOf } from "./secret-words.ts";

export interface KjoOperatorOptions extends KubeOperatorOptions {
  /** Namespaces to watch; all where empty. */
  readonly namespaces: readonly string[];
  readonly operatorNamespace: string;
  /** Secret values that a Secret holds, so that no log line shows them. */
  readonly onSecretValues: (owner: string, values: readonly string[]) => void;
  /** What happened to the watch of a resource, for the metrics. */
  readonly onInformerIncident: (resource: string, incident: string) => void;
}

/**
 * The operator: caches on every replica, work on the one that leads.
 *
 * Guarantee: `lead` may be called again after it has ended; nothing of the former term is left.
 */
export class KjoOperator extends KubeOperator {
  readonly #operatorOptions: KjoOperatorOptions;
  #caches: Caches | undefined;
  /** Takes keys while this replica leads. */
  #enqueue: ((key: ObjectKey) => void) | undefined;

  constructor(options: KjoOperatorOptions) {
    super(options);
    this.#operatorOptions = options;
  }

  protected override async init(): Promise<void> {
    const caches = new Caches({
      watch: (options) =>
        this.register(
          new Informer({
            ...options,
            client: this.client,
            logger: this.log,
            namespaces: this.#operatorOptions.namespaces,
            onIncident: (incident) => this.#operatorOptions.onInformerIncident(options.type.plural, incident),
          }),
        ),
      watchesAllNamespaces: this.#operatorOptions.namespaces.length === 0,
      operatorNamespace: this.#operatorOptions.operatorNamespace,
    });
    this.#caches = caches;
    caches.secrets.addHandler((event) => {
      const owner = formatKey(keyOf("Secret", event.object));
      this.#operatorOptions.onSecretValues(owner, event.type === "deleted" ? [] : secretValuesOf(event.object));
    });
    dispatchChanges(caches, (key) => this.#enqueue?.(key));
  }

  /** The work of the leader, until the signal aborts. */
  async lead(
    signal: AbortSignal,
    options: Omit<LeaderOptions, "caches" | "client" | "cluster" | "onEnqueue" | "operatorNamespace">,
  ): Promise<void> {
    const caches = this.#caches;
    if (!caches) throw new Error("start the operator before it leads");
    const kubeSystem = await this.client.get(NAMESPACE, { namespace: "", name: "kube-system" });
    await lead(signal, {
      ...options,
      caches,
      client: this.client,
      cluster: kubeSystem.metadata.uid,
      operatorNamespace: this.#operatorOptions.operatorNamespace,
      onEnqueue: (enqueue) => {
        this.#enqueue = enqueue;
      },
    });
  }

  /** Why the caches are not complete; undefined where they are. */
  get unsynced(): string | undefined {
    const informer = this.informers.find(({ hasSynced }) => !hasSynced);
    return informer ? `${informer.type.plural}: ${informer.problem ?? "listing"}` : undefined;
  }
}
