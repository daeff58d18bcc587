import type { KongEntityType } from "../model/kong-entity.ts";
import type { ObjectKey } from "../model/object-key.ts";
import type { Logger } from "../runtime/logger.ts";
import type { AdminClient } from "./admin-client.ts";
import { releaseOf } from "./deletion.ts";
import { Mirror } from "./mirror.ts";
import { applyLists, isOurs, listMirror } from "./mirror-refresh.ts";
import { RequestGate } from "./request-gate.ts";
import { SchemaCatalog } from "./schema-catalog.ts";
import type { GatewaySession } from "./session.ts";
import { sameGateway, type GatewaySettings } from "./settings.ts";
import { TargetLists } from "./target-lists.ts";
import { Waiting } from "./waiting.ts";

export type OwnersChangedReason = "mirror" | "drift" | "recovered" | "programmed" | "released";

export interface DatabaseGatewayOptions {
  readonly settings: GatewaySettings;
  readonly client: AdminClient;
  readonly cluster: string;
  readonly logger: Logger;
  readonly assertWritable: () => void;
  readonly tellOwners: (owners: readonly ObjectKey[], why: OwnersChangedReason) => void;
  /** The last write has been answered. */
  readonly onIdle: () => void;
}

/**
 * A gateway with a database, which is written to entity by entity: its mirror, its schemas, and the places where objects
 * wait for each other.
 */
export class DatabaseGateway implements GatewaySession {
  readonly gate: RequestGate;
  readonly mirror: Mirror;
  readonly catalog: SchemaCatalog;
  readonly targets: TargetLists;
  readonly waiting = new Waiting();
  readonly logger: Logger;
  readonly cluster: string;
  readonly assertWritable: () => void;
  readonly #tellOwners: DatabaseGatewayOptions["tellOwners"];
  #settings: GatewaySettings;
  #client: AdminClient;
  #isMirrored = false;
  /** Counts the gateways that the settings have led to: what was asked of an earlier one is not believed. */
  #generation = 0;

  constructor(options: DatabaseGatewayOptions) {
    this.#settings = options.settings;
    this.#client = options.client;
    this.#tellOwners = options.tellOwners;
    this.cluster = options.cluster;
    this.logger = options.logger;
    this.assertWritable = options.assertWritable;
    this.gate = new RequestGate(options.settings.concurrency, options.onIdle);
    this.mirror = new Mirror({
      onEntity: (id, change) => this.#tell(this.waiting.take(id), change === "appeared" ? "programmed" : "released"),
      onReleased: ({ id }) => this.#tell(this.waiting.take(releaseOf(id)), "released"),
    });
    this.catalog = new SchemaCatalog((path) => this.gate.run("soon", () => this.client.find(path, "schemas")));
    this.targets = new TargetLists({
      client: () => this.client,
      gate: this.gate,
      mirror: this.mirror,
      accept: ({ cluster }) => isOurs(this, cluster, this.#settings.takeOver),
      onChanged: (owners) => this.#tell(owners, "drift"),
    });
  }

  get client(): AdminClient {
    return this.#client;
  }

  get settings(): GatewaySettings {
    return this.#settings;
  }

  get instance(): string {
    return this.#settings.instance;
  }

  /** True once all that is ours has been listed; it stays true through outages. */
  get isMirrored(): boolean {
    return this.#isMirrored;
  }

  /** @returns whether the new settings lead to another gateway, of which nothing is known. */
  use(settings: GatewaySettings, client: AdminClient): boolean {
    const isAnother = !sameGateway(this.#settings, settings);
    this.#settings = settings;
    this.#client = client;
    this.gate.limit = settings.concurrency;
    if (!isAnother) return false;
    this.#generation++;
    this.#isMirrored = false;
    this.mirror.clear();
    this.targets.forgetAll();
    this.catalog.forget();
    return true;
  }

  /**
   * Brings the mirror up to what the gateway holds; targets are left to `targets.refresh`.
   * @returns the owners of what differs from what was known; undefined where the settings have changed meanwhile.
   * @throws GatewayRefusedError, KongUnavailableError, GatewayAuthError
   */
  async refresh(): Promise<ObjectKey[] | undefined> {
    const generation = this.#generation;
    const lists = await listMirror(this, this.#settings.takeOver);
    if (generation !== this.#generation) return undefined;
    const changed = applyLists(this.mirror, lists);
    this.#isMirrored = true;
    return changed;
  }

  noteVanished(type: KongEntityType, id: string): void {
    const entry = this.mirror.get(type, id);
    if (!entry) return;
    this.mirror.noteRemoved(entry);
    this.#tell([entry.owner], "drift");
  }

  #tell(owners: readonly ObjectKey[], why: OwnersChangedReason): void {
    if (owners.length > 0) this.#tellOwners(owners, why);
  }
}
