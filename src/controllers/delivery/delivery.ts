import { formatKey, parseKey, type ObjectKey } from "../../model/object-key.ts";
import type { ReconcileResult } from "../../runtime/outcome.ts";
import type { NamespaceLabels } from "../allowed.ts";
import type { DeliveryMetrics } from "../delivery-metrics.ts";
import type { DeliveryContext } from "./context.ts";
import { reconcileJenkinsBuild } from "./jenkins-build.ts";
import { JenkinsServers } from "./jenkins-servers.ts";
import { reconcileJenkinsServer } from "./jenkins-server.ts";
import { isDeliveryKind, serverOf } from "./uses.ts";

export interface DeliveryOptions
  extends Omit<DeliveryContext, "servers" | "workingSinceMs" | "taken" | "metrics">, NamespaceLabels {
  readonly metrics: DeliveryMetrics;
}

/** One term of what concerns Jenkins: its servers, and the builds that are followed there. */
export class Delivery {
  readonly #context: DeliveryContext;

  constructor(options: DeliveryOptions) {
    const { caches, enqueue, logger, metrics } = options;
    const servers = new JenkinsServers({
      ...options,
      exists: (key) => caches.get(key) !== undefined,
      onSighting: (build) => enqueue(parseKey(build)),
      onFailure: (server, error) => {
        logger.debug("builds could not be looked at", { key: formatKey(server), error });
        enqueue(server);
      },
      onRequest: (server, record) => metrics.observe(server, record),
    });
    this.#context = { ...options, servers, workingSinceMs: options.now().getTime(), taken: new Map() };
  }

  /** The server whose work the key is; undefined for a key of another kind. */
  laneOf(key: ObjectKey): string | undefined {
    if (key.kind === "JenkinsServer") return formatKey(key);
    const object = isDeliveryKind(key.kind) ? this.#context.caches.get(key) : undefined;
    const server = object && serverOf(key.namespace, object.spec);
    return server && formatKey(server);
  }

  /** undefined for a key of another kind. */
  reconcile(key: ObjectKey): Promise<ReconcileResult> | undefined {
    if (key.kind === "JenkinsServer") return reconcileJenkinsServer(this.#context, key);
    if (key.kind === "JenkinsBuild") return reconcileJenkinsBuild(this.#context, key);
    return undefined;
  }

  stop(): Promise<void> {
    return this.#context.servers.stop();
  }
}
