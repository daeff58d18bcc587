import type { ConsulWatches } from "../discovery/consul-watches.ts";
import type { EventRecorder } from "../kube/events.ts";
import type { KubeClient } from "../kube/client.ts";
import type { StatusWriter } from "../kube/status-writer.ts";
import type { ObjectKey } from "../model/object-key.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Caches } from "./caches.ts";
import type { Gateways } from "./gateways.ts";
import type { RouteVerification } from "./verification.ts";
import type { Leaving } from "./tenancy.ts";

/** What every controller is given by the composition root. */
export interface ControllerContext {
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly gateways: Gateways;
  /** What is followed in Consul while this replica leads. */
  readonly consul: ConsulWatches;
  readonly statuses: StatusWriter;
  readonly events: EventRecorder;
  readonly verification: RouteVerification;
  readonly logger: Logger;
  /** uid of the namespace kube-system: what our tags call this cluster. */
  readonly cluster: string;
  readonly operatorNamespace: string;
  /** True for namespaces whose objects are in the caches. */
  readonly watches: (namespace: string) => boolean;
  /** Puts an object into the work queue. */
  readonly enqueue: (key: ObjectKey) => void;
  /** Objects that leave a gateway because of what they refer to. */
  readonly leaving: Leaving;
  /** Keys of objects that are being taken out of a gateway because they are not permitted there. */
  readonly revoking: Set<string>;
  readonly now: () => Date;
}
