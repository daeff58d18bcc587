import type { ObjectKey } from "../model/object-key.ts";
import type { Logger } from "../runtime/logger.ts";
import type { RequestRecord } from "./admin-client.ts";
import type { OwnersChangedReason } from "./connection-session.ts";
import type { GatewayPhase, GatewayState } from "./gateway-state.ts";
import type { RetryTimes } from "./lifecycle.ts";
import type { GatewaySettings } from "./settings.ts";
import type { AdminTransport } from "./transport.ts";

export interface GatewayConnectionOptions {
  readonly settings: GatewaySettings;
  /** uid of our cluster. */
  readonly cluster: string;
  readonly logger: Logger;
  readonly now: () => Date;
  /** Called before each write. Does not return where another replica may lead by now: the process ends. */
  readonly assertLeading?: () => void;
  /** The connection's `state` has changed in more than its times; `before` is the phase that was told last. */
  readonly onStateChange: (state: GatewayState, before: GatewayPhase) => void;
  readonly onOwnersChanged: (owners: readonly ObjectKey[], why: OwnersChangedReason) => void;
  /** The mirror has just been compared with the gateway: a good time to prune. */
  readonly onChecked?: () => void;
  /** The hash of the configuration that a gateway without a database was last given, as its status tells. */
  readonly loadedHash?: string | undefined;
  /** Entities of these objects have come to stand without a sync: whoever refers to them may look again. */
  readonly onArrived?: (owners: readonly ObjectKey[]) => void;
  /** Called for each request, for the metrics. */
  readonly onRequest?: (record: RequestRecord) => void;
  readonly transport?: (settings: GatewaySettings) => AdminTransport;
  readonly retry?: RetryTimes;
}
