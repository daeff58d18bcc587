import type { KongEntity, KongEntityType } from "../model/kong-entity.ts";
import type { ObjectKey } from "../model/object-key.ts";
import type { DblessState } from "./gateway-state.ts";
import type { NodeInfo } from "./node-info.ts";
import type { PruneOptions, PruneOutcome } from "./prune.ts";
import type { SyncOptions, SyncOutcome } from "./sync-object.ts";

/** How a gateway takes what it shall hold: entity by entity, or all at once. */
export type GatewayMode = "database" | "dbless";

/**
 * One kind of gateway behind a connection. The gateway itself says which it is, and the connection chooses.
 * Methods but `refresh` are called only once the mirror is there.
 */
export interface Backend {
  readonly mode: GatewayMode;
  /** Writes waiting or under way. */
  readonly backlog: number;
  /** What the status says of a gateway without a database. */
  readonly dbless: DblessState | undefined;
  /**
   * Brings the mirror up to what the gateway holds.
   * @returns the owners of what differs from what was known; undefined where the settings have changed meanwhile.
   * @throws GatewayRefusedError, KongUnavailableError, GatewayAuthError
   */
  refresh(): Promise<readonly ObjectKey[] | undefined>;
  /** @throws OperatorError; PendingError where the gateway is to be given it together with other things. */
  sync(owner: ObjectKey, desired: readonly KongEntity[], options: SyncOptions): Promise<SyncOutcome>;
  prune(options: PruneOptions): Promise<PruneOutcome>;
  /** The id of an entity that is in the gateway or on its way there. */
  idOf(owner: ObjectKey, type: KongEntityType, part: string): string | undefined;
  /** Addresses or credentials have changed. */
  useSettings(): void;
  /** Resolves when what a refresh left to be done in the background is done. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export function modeOf({ database }: NodeInfo): GatewayMode {
  return database === "off" ? "dbless" : "database";
}
