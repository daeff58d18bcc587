/*
 * The connection to one gateway: its phases, the mirror of what is ours there, and the writes that bring it into line.
 *
 *   const connection = new GatewayConnection({ settings, cluster, logger, now, onStateChange, onOwnersChanged });
 *   connection.start(signal);
 *   await connection.sync(owner, entities, { inSyncBefore });
 *   await connection.sync(owner, [], { deletion: { policy, force } });
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
 *     health      the gateway sees the health of a target of theirs differently
 * Assumption: one object is not synced twice at once; the work queue sees to that.
 */
import { isDeepStrictEqual } from "node:util";
import { KongUnavailableError, NotReadyError } from "../errors.ts";
import type { KongEntity, KongEntityType } from "../model/kong-entity.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import type { TargetState } from "../model/target-state.ts";
import type { Logger } from "../runtime/logger.ts";
import { AdminClient, type RequestRecord } from "./admin-client.ts";
import type { AdoptOptions } from "./adopt.ts";
import { modeOf, type Backend, type GatewayMode } from "./backend.ts";
import { ConnectionSession, type OwnersChangedReason } from "./connection-session.ts";
import { DatabaseBackend } from "./database-backend.ts";
import { DblessBackend } from "./dbless/dbless-backend.ts";
import { releaseOf } from "./deletion.ts";
import { failoverTransport } from "./failover-transport.ts";
import { GatewayRefusedError, writeBarrier, type GatewayPhase, type GatewayState } from "./gateway-state.ts";
import { DEFAULT_RETRY_TIMES, GatewayLifecycle, type RetryTimes } from "./lifecycle.ts";
import type { MirrorEntry } from "./mirror-entry.ts";
import { parseNodeInfo, refusalOf, type NodeInfo } from "./node-info.ts";
import { previewObject, type Preview } from "./preview.ts";
import { orphansOf, type PruneOptions, type PruneOutcome } from "./prune.ts";
import { addressesOf, type GatewaySettings } from "./settings.ts";
import type { SyncOptions, SyncOutcome } from "./sync-object.ts";
import { httpTransport, type AdminTransport } from "./transport.ts";
import { concernsGateway } from "./writer.ts";

export type { OwnersChangedReason } from "./connection-session.ts";
export type { GatewayPhase, GatewayState } from "./gateway-state.ts";
export type { PlannedChange, Preview, ShownChange } from "./preview.ts";
export type { PruneOptions, PruneOutcome } from "./prune.ts";
export type { GatewaySettings } from "./settings.ts";
export type { SyncOptions, SyncOutcome } from "./sync-object.ts";

export interface GatewayConnectionOptions {
  readonly settings: GatewaySettings;
  /** uid of our cluster. */
  readonly cluster: string;
  readonly logger: Logger;
  readonly now: () => Date;
  /** Called before each write. Does not return where another replica may lead by now: the process ends. */
  readonly assertLeading?: () => void;
  /** {@link GatewayConnection.state} has changed in more than its times; `before` is the phase that was told last. */
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

/** After a timer's period, until the gateway's checks have begun. */
const HEALTH_DELAY_MS = 1_000;

export class GatewayConnection {
  readonly #options: GatewayConnectionOptions;
  readonly #lifecycle: GatewayLifecycle;
  readonly #gateway: ConnectionSession;
  /** Of the kind that the gateway says it is. */
  #backend: Backend;
  /** Objects that wait for the mirror or the gateway. */
  readonly #unapplied = new Map<string, ObjectKey>();
  #info: NodeInfo | undefined;
  #lastSyncTime: Date | undefined;
  #told: { readonly phase: GatewayPhase; readonly text: string } = { phase: "Connecting", text: "" };
  #stopping: AbortController | undefined;
  #stopped: Promise<void> | undefined;
  #running: Promise<void> = Promise.resolve();
  #healthRefresh: Promise<void> = Promise.resolve();

  constructor(options: GatewayConnectionOptions) {
    this.#options = options;
    this.#gateway = new ConnectionSession({
      ...options,
      client: this.#newClient(options.settings),
      tellOwners: options.onOwnersChanged,
      onIdle: () => this.#tellState(),
      assertWritable: () => {
        options.assertLeading?.();
        const barrier = writeBarrier(this.#lifecycle.verdict);
        if (barrier) throw barrier;
      },
    });
    this.#lifecycle = new GatewayLifecycle({
      check: () => this.#check(),
      probe: async () => void (await this.#gateway.client.request("GET", "/", "node")),
      intervalMs: () => this.#gateway.settings.driftIntervalMs,
      retry: options.retry ?? DEFAULT_RETRY_TIMES,
      now: options.now,
      onChange: () => this.#tellPhase(),
    });
    this.#backend = this.#backendFor("database");
  }

  get state(): GatewayState {
    return {
      ...this.#lifecycle.verdict,
      info: this.#info,
      counts: this.#gateway.mirror.counts(),
      lastSyncTime: this.#lastSyncTime,
      dbless: this.#backend.dbless,
    };
  }

  /** True once all that is ours in the gateway has been listed; it stays true through outages. */
  get isMirrored(): boolean {
    return this.#gateway.isMirrored;
  }

  /** Writes waiting or under way. */
  get backlog(): number {
    return this.#backend.backlog;
  }

  start(signal: AbortSignal): void {
    this.#stopping = new AbortController();
    this.#running = this.#lifecycle.run(AbortSignal.any([signal, this.#stopping.signal]));
  }

  /** Lets requests under way finish. Nothing can be synced afterwards. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#stopping?.abort();
    this.#gateway.health.stop();
    await this.#gateway.client.close();
    await Promise.allSettled([this.#running, this.#healthRefresh, this.#backend.stop()]);
  }

  /** Takes up new settings; nothing where they are the same. The mirror stays where they lead to the same entities. */
  update(settings: GatewaySettings): void {
    if (isDeepStrictEqual(settings, this.#gateway.settings)) return;
    const formerClient = this.#gateway.client;
    const isAnother = this.#gateway.use(settings, this.#newClient(settings));
    void formerClient.close();
    this.#backend.useSettings();
    if (isAnother) this.#lifecycle.restart();
    else this.#lifecycle.checkSoon();
  }

  /**
   * Makes the gateway hold what one object asks for; `desired` is all of it, its main entity first, and empty where
   * `options.deletion` says that the object goes.
   * @throws OperatorError; see {@link syncObject}. NotReadyError while {@link isMirrored} is false.
   */
  async sync(owner: ObjectKey, desired: readonly KongEntity[], options: SyncOptions = {}): Promise<SyncOutcome> {
    const key = formatKey(owner);
    try {
      this.#assertMirrored();
      const outcome = await this.#backend.sync(owner, desired, options);
      this.#unapplied.delete(key);
      if (outcome.writes > 0) this.#gateway.health.lookLater(owner, this.#gateway.balancers.settleMs + HEALTH_DELAY_MS);
      return outcome;
    } catch (error) {
      this.#noteFailure(error, owner);
      throw error;
    }
  }

  /**
   * What {@link sync} would write for the object. Reads only.
   * @throws OperatorError as a sync would.
   */
  async plan(owner: ObjectKey, desired: readonly KongEntity[], adopt?: AdoptOptions): Promise<Preview> {
    this.#assertMirrored();
    return previewObject(this.#gateway, owner, desired, adopt);
  }

  /** The id that an object's entity has in the gateway, or will have in a moment; undefined where it has none. */
  idOf(owner: ObjectKey, type: KongEntityType, part = ""): string | undefined {
    return this.#backend.idOf(owner, type, part);
  }

  entitiesOf(owner: ObjectKey): readonly MirrorEntry[] {
    return this.#gateway.mirror.ofOwner(owner);
  }

  entitiesOfType(type: KongEntityType): MirrorEntry[] {
    return [...this.#gateway.mirror.ofType(type)];
  }

  /** `onOwnersChanged` will name `owner` when the entity with this id changes or goes. */
  awaitChange(entityId: string, owner: ObjectKey): void {
    this.#gateway.waiting.add(entityId, owner);
  }

  /** `onOwnersChanged` will name `owner` when something of ours no longer refers to the entity. */
  awaitRelease(entityId: string, owner: ObjectKey): void {
    this.#gateway.waiting.add(releaseOf(entityId), owner);
  }

  /** The targets of the object's upstreams, with their health as the gateway last told it. */
  targetHealth(owner: ObjectKey): TargetState[] {
    return this.#gateway.health.ofOwner(owner);
  }

  /** How many of our targets the gateway has told to be in which state. */
  healthCounts(): Record<string, number> {
    return this.#gateway.health.counts();
  }

  /** What the object has here bears another instance's marks by now. */
  forget(owner: ObjectKey): void {
    for (const entry of this.entitiesOf(owner)) this.#gateway.mirror.noteReleased(entry);
  }

  /** Other objects of ours whose entities refer to those of `owner`. */
  usersOf(owner: ObjectKey): ObjectKey[] {
    return this.#gateway.mirror.usersOfOwner(owner);
  }

  /** Our entities that belong to no object. */
  orphans(options: Pick<PruneOptions, "known" | "watches">): readonly MirrorEntry[] {
    return orphansOf(this.#gateway, options);
  }

  /**
   * Removes what belongs to no object; see {@link prune} for the guard.
   * @throws NotReadyError while {@link isMirrored} is false; KongUnavailableError, GatewayAuthError.
   */
  async prune(options: PruneOptions): Promise<PruneOutcome> {
    try {
      this.#assertMirrored();
      return await this.#backend.prune(options);
    } catch (error) {
      this.#noteFailure(error);
      throw error;
    }
  }

  /** Compares the whole mirror with the gateway now; rejects with what went wrong. */
  async refresh(): Promise<void> {
    await this.#lifecycle.recheck();
    await this.#backend.settled();
  }

  async #check(): Promise<() => void> {
    const gateway = this.#gateway;
    const info = parseNodeInfo(await gateway.client.request("GET", "/", "node"));
    if (!info) throw new KongUnavailableError("NotAnAdminAPI", "what answers at spec.adminApi is no Kong Admin API");
    if (this.#info && this.#info.software !== info.software) gateway.catalog.forget();
    this.#info = info;
    gateway.balancers.settleMs = info.stateUpdateMs;
    const refusal = refusalOf(info);
    if (refusal) throw new GatewayRefusedError(refusal);
    await this.#chooseBackend(modeOf(info));
    const isFirst = !gateway.isMirrored;
    const changed = await this.#backend.refresh();
    if (!changed) return this.#check();
    this.#lastSyncTime = this.#options.now();
    return () => this.#tellChecked(isFirst, changed);
  }

  /** What is known of a gateway of the other kind is worth nothing. */
  async #chooseBackend(mode: GatewayMode): Promise<void> {
    const former = this.#backend;
    if (former.mode === mode) return;
    const wasMirrored = this.#gateway.isMirrored;
    this.#gateway.reset();
    this.#backend = this.#backendFor(mode);
    if (wasMirrored) this.#lifecycle.restart();
    await former.stop();
  }

  #backendFor(mode: GatewayMode): Backend {
    const report = (error: unknown): void => this.#lifecycle.report(error);
    if (mode === "database") return new DatabaseBackend(this.#gateway, report);
    return new DblessBackend({
      session: this.#gateway,
      now: this.#options.now,
      newClient: (settings) => this.#newClient(settings),
      loadedHash: this.#options.loadedHash,
      isReady: () => this.#lifecycle.verdict.phase === "Ready",
      report,
      checkSoon: () => this.#lifecycle.checkSoon(),
      onStateChange: () => this.#tellState(),
      onArrived: (owners) => this.#options.onArrived?.(owners),
    });
  }

  #tellChecked(isFirst: boolean, changed: readonly ObjectKey[]): void {
    const { onOwnersChanged, onChecked } = this.#options;
    const waited = [...this.#unapplied.values()];
    this.#unapplied.clear();
    if (waited.length > 0) onOwnersChanged(waited, isFirst ? "mirror" : "recovered");
    if (!isFirst && changed.length > 0) onOwnersChanged(changed, "drift");
    this.#tellState();
    this.#healthRefresh = this.#healthRefresh
      .then(() => this.#gateway.health.refresh())
      .catch((error: unknown) => this.#lifecycle.report(error));
    onChecked?.();
  }

  #assertMirrored(): void {
    if (!this.isMirrored) throw new NotReadyError("GatewayConnecting", "what the gateway holds is not known yet");
  }

  #noteFailure(error: unknown, owner?: ObjectKey): void {
    const concerns = concernsGateway(error);
    if (owner && (concerns || this.#lifecycle.verdict.phase !== "Ready")) this.#unapplied.set(formatKey(owner), owner);
    if (concerns) this.#lifecycle.report(error);
  }

  #tellPhase(): void {
    const { phase, reason, message } = this.#lifecycle.verdict;
    const fields = { stage: "observe", phase, reason, detail: message };
    if (phase === "Ready" || phase === "Connecting") this.#options.logger.info("gateway phase changed", fields);
    else this.#options.logger.warn("gateway phase changed", fields);
    this.#tellState();
  }

  #tellState(): void {
    const { state } = this;
    const { phase, reason, message, info, counts, dbless } = state;
    const text = JSON.stringify([phase, reason, message, info, counts, dbless]);
    if (text === this.#told.text) return;
    const before = this.#told.phase;
    this.#told = { phase, text };
    this.#options.onStateChange(state, before);
  }

  #newClient(settings: GatewaySettings): AdminClient {
    const { transport = httpTransport, onRequest } = this.#options;
    const [first, ...others] = addressesOf(settings).map((url) => transport({ ...settings, url }));
    const reached = first && others.length === 0 ? first : failoverTransport(first ? [first, ...others] : []);
    return new AdminClient({ settings, transport: reached, onRequest });
  }
}
