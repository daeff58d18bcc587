import type { KongEntityType } from "../model/kong-entity.ts";
import type { Logger } from "../runtime/logger.ts";
import type { AdminClient } from "./admin-client.ts";
import type { Balancers } from "./balancers.ts";
import type { Mirror } from "./mirror.ts";
import type { RequestGate } from "./request-gate.ts";
import type { SchemaCatalog } from "./schema-catalog.ts";
import type { TargetLists } from "./target-lists.ts";
import type { Waiting } from "./waiting.ts";

/** What the parts of one gateway's connection share. */
export interface GatewaySession {
  /** Replaced when credentials change. */
  readonly client: AdminClient;
  readonly gate: RequestGate;
  readonly mirror: Mirror;
  readonly catalog: SchemaCatalog;
  readonly targets: TargetLists;
  readonly balancers: Balancers;
  readonly waiting: Waiting;
  readonly logger: Logger;
  readonly instance: string;
  /** uid of our cluster. */
  readonly cluster: string;
  /** Kong says that an entity of the mirror is not there: whoever it belongs to is told. */
  noteVanished(type: KongEntityType, id: string): void;
  /**
   * Called in a request's own turn, right before it is sent.
   * @throws KongUnavailableError, GatewayAuthError, NotReadyError while the gateway cannot be written to.
   */
  assertWritable(): void;
}
