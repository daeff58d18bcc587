/*
 * The connection to one gateway: its phases, the mirror of what is ours there, and the writes that bring it into line.
 *
 *   const connection = new GatewayConnection({ settings, cluster, logger, now, onStateChange, onOwnersChanged });
 *   connection.start(signal);
 *   await connection.sync(owner, entities, { inSyncBefore });
 *
 * Guarantees
 * - In sync is a comparison in memory: no request. One changed entity is one write and no read.
 * - A sync whose plan is empty succeeds in every phase once the mirror is there, so that an outage concerns only objects
 *   with something to write; those fail at once, without a request, until the gateway is back.
 * - `onOwnersChanged` names the objects that should be looked at again:
 *     mirror      they asked before the mirror was there
 *     drift       somebody else changed, removed or made something of theirs
 *     recovered   what they wanted to write failed for the gateway, which is back
 *     programmed  what they refer to has come to stand in Kong
 *     released    what held them back (a user, a holder of their name) has let go
 * Assumption: one object is not synced twice at once; the work queue sees to that.
 */
import { KongUnavailableError, NotReadyError } from "../errors.ts";
import type { KongEntity, KongEntityType } from "../model/kong-entity.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import type { Logger } from "../runtime/logger.ts";
import { AdminClient, type RequestRecord } from "./admin-client.ts";
import { GatewayRefusedError, writeBarrier, type GatewayState } from "./gateway-state.ts";
import { DEFAULT_RETRY_TIMES, GatewayLifecycle, type RetryTimes } from "./lifecycle.ts";
import { Mirror } from "./mirror.ts";
import type { MirrorEntry } from "./mirror-entry.ts";
import { isOurs, refreshMirror } from "./mirror-refresh.ts";
import { parseNodeInfo, refusalOf, type NodeInfo } from "./node-info.ts";
import { RequestGate } from "./request-gate.ts";
import { SchemaCatalog } from "./schema-catalog.ts";
import type { GatewaySession } from "./session.ts";
import { sameGateway, type GatewaySettings } from "./settings.ts";
import { syncObject, type SyncOptions, type SyncOutcome } from "./sync-object.ts";
import { TargetLists } from "./target-lists.ts";
import { httpTransport, type AdminTransport } from "./transport.ts";
import { Waiting } from "./waiting.ts";
import { concernsGateway } from "./writer.ts";

export type { GatewaySettings } from "./settings.ts";
export type { GatewayState } from "./gateway-state.ts";
export type { SyncOptions, SyncOutcome } from "./sync-object.ts";

export type OwnersChangedReason = "mirror" | "drift" | "recovered" | "programmed" | "released";

export interface GatewayConnectionOptions {
  readonly settings: GatewaySettings;
  /** uid of our cluster. */
  readonly cluster: string;
  readonly logger: Logger;
  readonly now: () => Date;
  /** Called when {@link GatewayConnection.state} has changed in more than its times. */
  readonly onStateChange: (state: GatewayState) => void;
  readonly onOwnersChanged: (owners: readonly ObjectKey[], why: OwnersChangedReason) => void;
  /** Called for each request, for the metrics. */
  readonly onRequest?: (record: RequestRecord) => void;
  readonly transport?: (settings: GatewaySettings) => AdminTransport;
  readonly retry?: RetryTimes;
}

export class GatewayConnection {
  readonly #options: GatewayConnectionOptions;
  readonly #lifecycle: GatewayLifecycle;
  readonly #gate: RequestGate;
  readonly #mirror: Mirror;
  readonly #catalog: SchemaCatalog;
  readonly #targets: TargetLists;
  readonly #waiting = new Waiting();
  readonly #session: GatewaySession;
  /** Objects that wait for the mirror or the gateway. */
  readonly #unapplied = new Map<string, ObjectKey>();
  #settings: GatewaySettings;
  #client: AdminClient;
  #info: NodeInfo | undefined;
  #lastSyncTime: Date | undefined;
  #isMirrored = false;
  #toldState = "";
  #stopping: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();
  #targetRefresh: Promise<void> = Promise.resolve();

  constructor(options: GatewayConnectionOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#client = this.#newClient();
    this.#gate = new RequestGate(options.settings.concurrency, () => this.#tellState());
    this.#mirror = new Mirror({
      onEntity: (id, change) =>
        this.#tellOwners(this.#waiting.take(id), change === "appeared" ? "programmed" : "released"),
      onReleased: (entry) => this.#tellOwners(this.#waiting.take(`users of ${entry.id}`), "released"),
    });
    this.#catalog = new SchemaCatalog((path) => this.#gate.run("soon", () => this.#client.find(path, "schemas")));
    this.#targets = new TargetLists({
      client: () => this.#client,
      gate: this.#gate,
      mirror: this.#mirror,
      accept: ({ cluster }) => isOurs(options, cluster, this.#settings.takeOver),
      onChanged: (owners) => this.#tellOwners(owners, "drift"),
    });
    this.#session = this.#newSession();
    this.#lifecycle = new GatewayLifecycle({
      check: () => this.#check(),
      probe: async () => void (await this.#client.request("GET", "/", "node")),
      intervalMs: () => this.#settings.driftIntervalMs,
      retry: options.retry ?? DEFAULT_RETRY_TIMES,
      now: options.now,
      onChange: () => this.#tellState(),
    });
  }

  get state(): GatewayState {
    return {
      ...this.#lifecycle.verdict,
      info: this.#info,
      counts: this.#mirror.counts(),
      lastSyncTime: this.#lastSyncTime,
    };
  }

  /** True once all that is ours in the gateway has been listed; it stays true through outages. */
  get isMirrored(): boolean {
    return this.#isMirrored;
  }

  /** Writes waiting or under way. */
  get backlog(): number {
    return this.#gate.writes;
  }

  start(signal: AbortSignal): void {
    this.#stopping = new AbortController();
    this.#running = this.#lifecycle.run(AbortSignal.any([signal, this.#stopping.signal]));
  }

  /** Lets requests under way finish. */
  async stop(): Promise<void> {
    this.#stopping?.abort();
    await this.#client.close();
    await Promise.allSettled([this.#running, this.#targetRefresh]);
  }

  /** Takes up new settings. The mirror stays where they lead to the same entities. */
  update(settings: GatewaySettings): void {
    const previous = this.#settings;
    const formerClient = this.#client;
    this.#settings = settings;
    this.#client = this.#newClient();
    this.#gate.limit = settings.concurrency;
    void formerClient.close();
    if (!sameGateway(previous, settings)) {
      this.#isMirrored = false;
      this.#mirror.clear();
      this.#targets.forgetAll();
      this.#catalog.forget();
      this.#lifecycle.restart();
    } else {
      this.#lifecycle.recheck().catch(() => {});
    }
  }

  /**
   * Makes the gateway hold what one object asks for; `desired` is all of it, in any order, main entity first.
   * @throws OperatorError; see {@link syncObject}.
   */
  async sync(owner: ObjectKey, desired: readonly KongEntity[], options: SyncOptions): Promise<SyncOutcome> {
    const key = formatKey(owner);
    try {
      if (!this.#isMirrored) throw new NotReadyError("GatewayConnecting", "what the gateway holds is not known yet");
      const outcome = await syncObject(this.#session, owner, desired, {
        ...options,
        driftPolicy: this.#settings.driftPolicy,
      });
      this.#unapplied.delete(key);
      return outcome;
    } catch (error) {
      const isBarred = this.#lifecycle.verdict.phase !== "Ready" || concernsGateway(error);
      if (isBarred) this.#unapplied.set(key, owner);
      if (concernsGateway(error)) this.#lifecycle.report(error);
      throw error;
    }
  }

  /** The id that an object's entity has in the gateway; undefined where it is not there. */
  idOf(owner: ObjectKey, type: KongEntityType, part = ""): string | undefined {
    return this.#mirror.find(owner, type, part)?.id;
  }

  entitiesOf(owner: ObjectKey): readonly MirrorEntry[] {
    return this.#mirror.ofOwner(owner);
  }

  /** Other objects of ours whose entities refer to those of `owner`. */
  usersOf(owner: ObjectKey): ObjectKey[] {
    const users = new Map<string, ObjectKey>();
    for (const entry of this.#mirror.ofOwner(owner)) {
      for (const user of this.#mirror.usersOf(entry)) users.set(formatKey(user.owner), user.owner);
    }
    users.delete(formatKey(owner));
    return [...users.values()];
  }

  /** Compares the whole mirror with the gateway now. */
  async refresh(): Promise<void> {
    await this.#lifecycle.recheck();
    await this.#targetRefresh;
  }

  async #check(): Promise<() => void> {
    const info = parseNodeInfo(await this.#client.request("GET", "/", "node"));
    if (!info) throw new KongUnavailableError("NotAnAdminAPI", "what answers at spec.adminApi is no Kong Admin API");
    if (this.#info && this.#info.version !== info.version) this.#catalog.forget();
    this.#info = info;
    const refusal = refusalOf(info);
    if (refusal) throw new GatewayRefusedError(refusal);
    const changed = await refreshMirror(this.#session, this.#settings.takeOver);
    const isFirst = !this.#isMirrored;
    this.#isMirrored = true;
    this.#lastSyncTime = this.#options.now();
    await this.#targetRefresh;
    this.#targetRefresh = this.#targets.refresh().catch((error: unknown) => this.#lifecycle.report(error));
    return () => {
      const waited = [...this.#unapplied.values()];
      this.#unapplied.clear();
      this.#tellOwners(waited, isFirst ? "mirror" : "recovered");
      if (!isFirst) this.#tellOwners(changed, "drift");
    };
  }

  #tellState(): void {
    const { state } = this;
    const { phase, reason, message, info, counts } = state;
    const told = JSON.stringify([phase, reason, message, info, counts]);
    if (told === this.#toldState) return;
    this.#toldState = told;
    this.#options.onStateChange(state);
  }

  #tellOwners(owners: readonly ObjectKey[], why: OwnersChangedReason): void {
    if (owners.length > 0) this.#options.onOwnersChanged(owners, why);
  }

  #newClient(): AdminClient {
    const { transport = httpTransport, onRequest } = this.#options;
    return new AdminClient({ settings: this.#settings, transport: transport(this.#settings), onRequest });
  }

  #newSession(): GatewaySession {
    const connection = this;
    const { cluster, logger } = this.#options;
    return {
      get client() {
        return connection.#client;
      },
      get instance() {
        return connection.#settings.instance;
      },
      gate: this.#gate,
      mirror: this.#mirror,
      catalog: this.#catalog,
      targets: this.#targets,
      waiting: this.#waiting,
      logger,
      cluster,
      assertWritable: () => {
        const barrier = writeBarrier(this.#lifecycle.verdict);
        if (barrier) throw barrier;
      },
      noteVanished: (type, id) => {
        const entry = this.#mirror.get(type, id);
        if (!entry) return;
        this.#mirror.noteRemoved(entry);
        this.#tellOwners([entry.owner], "drift");
      },
    };
  }
}
