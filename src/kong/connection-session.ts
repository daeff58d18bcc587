import type { KongEntityType } from "../model/kong-entity.ts";
import type { ObjectKey } from "../model/object-key.ts";
import type { Logger } from "../runtime/logger.ts";
import type { AdminClient } from "./admin-client.ts";
import { Balancers } from "./balancers.ts";
import { releaseOf } from "./deletion.ts";
import { Mirror } from "./mirror.ts";
import { isOurs } from "./mirror-refresh.ts";
import { RequestGate } from "./request-gate.ts";
import { SchemaCatalog } from "./schema-catalog.ts";
import type { GatewaySession } from "./session.ts";
import { sameGateway, type GatewaySettings } from "./settings.ts";
import { TargetHealth } from "./target-health.ts";
import { TargetLists } from "./target-lists.ts";
import { Waiting } from "./waiting.ts";

export type OwnersChangedReason = "mirror" | "drift" | "recovered" | "programmed" | "released" | "health";

export interface ConnectionSessionOptions {
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
 * What a connection knows of its gateway, of whichever kind that is: its mirror, its schemas, and the places where objects
 * wait for each other.
 */
export class ConnectionSession implements GatewaySession {
  readonly gate: RequestGate;
  readonly mirror: Mirror;
  readonly catalog: SchemaCatalog;
  readonly targets: TargetLists;
  readonly balancers: Balancers;
  readonly health: TargetHealth;
  readonly waiting = new Waiting();
  readonly logger: Logger;
  readonly cluster: string;
  readonly assertWritable: () => void;
  readonly #tellOwners: ConnectionSessionOptions["tellOwners"];
  /** True once all that is ours has been listed; it stays true through outages. */
  isMirrored = false;
  #settings: GatewaySettings;
  #client: AdminClient;
  #generation = 0;

  constructor(options: ConnectionSessionOptions) {
    this.#settings = options.settings;
    this.#client = options.client;
    this.#tellOwners = options.tellOwners;
    this.cluster = options.cluster;
    this.logger = options.logger;
    this.assertWritable = options.assertWritable;
    this.gate = new RequestGate(options.settings.concurrency, options.onIdle);
    this.mirror = new Mirror({
      onEntity: (id, change) => this.tell(this.waiting.take(id), change === "appeared" ? "programmed" : "released"),
      onReleased: ({ id }) => this.tell(this.waiting.take(releaseOf(id)), "released"),
    });
    this.catalog = new SchemaCatalog((path) => this.gate.run("soon", () => this.client.find(path, "schemas")));
    this.balancers = new Balancers({ client: () => this.client, gate: this.gate });
    this.health = new TargetHealth({
      client: () => this.client,
      gate: this.gate,
      mirror: this.mirror,
      onChanged: (owners) => this.tell(owners, "health"),
    });
    this.targets = new TargetLists({
      client: () => this.client,
      gate: this.gate,
      mirror: this.mirror,
      accept: ({ cluster }) => isOurs(this, cluster, this.#settings.takeOver),
      onChanged: (owners) => this.tell(owners, "drift"),
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

  /** Counts the gateways that the settings have led to: what was asked of an earlier one is not believed. */
  get generation(): number {
    return this.#generation;
  }

  /** @returns whether the new settings lead to another gateway, of which nothing is known. */
  use(settings: GatewaySettings, client: AdminClient): boolean {
    const isAnother = !sameGateway(this.#settings, settings);
    this.#settings = settings;
    this.#client = client;
    this.gate.limit = settings.concurrency;
    if (isAnother) this.reset();
    return isAnother;
  }

  /** What answers is another gateway, or one of another kind: nothing is known of it. */
  reset(): void {
    this.#generation++;
    this.isMirrored = false;
    this.mirror.clear();
    this.targets.forgetAll();
    this.catalog.forget();
  }

  /** Names objects that should be looked at again. */
  tell(owners: readonly ObjectKey[], why: OwnersChangedReason): void {
    if (owners.length > 0) this.#tellOwners(owners, why);
  }

  noteVanished(type: KongEntityType, id: string): void {
    const entry = this.mirror.get(type, id);
    if (entry) this.tell(this.mirror.noteVanished(entry), "drift");
  }
}
