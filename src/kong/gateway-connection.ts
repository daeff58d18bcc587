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
import { NotReadyError } from "../errors.ts";
import type { KongEntity, KongEntityType } from "../model/kong-entity.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import type { TargetState } from "../model/target-state.ts";
import type { AdoptOptions } from "./adopt.ts";
import { modeOf } from "./backend.ts";
import { BackendChoice } from "./backend-choice.ts";
import type { GatewayConnectionOptions } from "./connection-options.ts";
import { ConnectionSession } from "./connection-session.ts";
import { releaseOf } from "./deletion.ts";
import { askNode, gatewayClient } from "./gateway-client.ts";
import { GatewayRefusedError, writeBarrier, type GatewayState } from "./gateway-state.ts";
import { GatewayLifecycle } from "./lifecycle.ts";
import type { MirrorEntry } from "./mirror-entry.ts";
import { refusalOf, type NodeInfo } from "./node-info.ts";
import { previewObject, type Preview } from "./preview.ts";
import { orphansOf, type PruneOptions, type PruneOutcome } from "./prune.ts";
import type { GatewaySettings } from "./settings.ts";
import type { SyncOptions, SyncOutcome } from "./sync-object.ts";
import { StateTeller } from "./state-teller.ts";
import { concernsGateway } from "./writer.ts";

export type { GatewayConnectionOptions } from "./connection-options.ts";
export type { OwnersChangedReason } from "./connection-session.ts";
export type { GatewayPhase, GatewayState } from "./gateway-state.ts";
export type { PlannedChange, Preview, ShownChange } from "./preview.ts";
export type { PruneOptions, PruneOutcome } from "./prune.ts";
export type { GatewaySettings } from "./settings.ts";
export type { SyncOptions, SyncOutcome } from "./sync-object.ts";

/** After a timer's period, until the gateway's checks have begun. */
const HEALTH_DELAY_MS = 1_000;

export class GatewayConnection {
  readonly #options: GatewayConnectionOptions;
  readonly #lifecycle: GatewayLifecycle;
  readonly #gateway: ConnectionSession;
  readonly #backends: BackendChoice;
  readonly #teller: StateTeller;
  /** Objects that wait for the mirror or the gateway. */
  readonly #unapplied = new Map<string, ObjectKey>();
  #info: NodeInfo | undefined;
  #lastSyncTime: Date | undefined;
  #stopping: AbortController | undefined;
  #stopped: Promise<void> | undefined;
  #running: Promise<void> = Promise.resolve();
  #healthRefresh: Promise<void> = Promise.resolve();

  constructor(options: GatewayConnectionOptions) {
    this.#options = options;
    this.#gateway = new ConnectionSession({
      ...options,
      client: gatewayClient(options.settings, options),
      tellOwners: options.onOwnersChanged,
      onIdle: () => this.#teller.tell(),
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
      retry: () => this.#backends.retryTimes(options.retry),
      now: options.now,
      onChange: () => this.#teller.tellPhase(),
    });
    this.#backends = new BackendChoice(this.#gateway, {
      now: options.now,
      newClient: (settings) => gatewayClient(settings, options),
      loadedHash: options.loadedHash,
      isReady: () => this.#lifecycle.verdict.phase === "Ready",
      report: (error) => this.#lifecycle.report(error),
      checkSoon: () => this.#lifecycle.checkSoon(),
      onStateChange: () => this.#teller.tell(),
      onArrived: (owners) => options.onArrived?.(owners),
    });
    this.#teller = new StateTeller({
      state: () => this.state,
      onChange: options.onStateChange,
      logger: options.logger,
    });
  }

  get state(): GatewayState {
    return {
      ...this.#lifecycle.verdict,
      info: this.#info,
      counts: this.#gateway.mirror.counts(),
      lastSyncTime: this.#lastSyncTime,
      dbless: this.#backends.current.dbless,
    };
  }

  /** True once all that is ours in the gateway has been listed; it stays true through outages. */
  get isMirrored(): boolean {
    return this.#gateway.isMirrored;
  }

  /** Writes waiting or under way. */
  get backlog(): number {
    return this.#backends.current.backlog;
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
    await Promise.allSettled([this.#running, this.#healthRefresh, this.#backends.current.stop()]);
  }

  /** Takes up new settings; nothing where they are the same. The mirror stays where they lead to the same entities. */
  update(settings: GatewaySettings): void {
    if (isDeepStrictEqual(settings, this.#gateway.settings)) return;
    const formerClient = this.#gateway.client;
    const isAnother = this.#gateway.use(settings, gatewayClient(settings, this.#options));
    void formerClient.close();
    this.#backends.current.useSettings();
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
      const outcome = await this.#backends.current.sync(owner, desired, options);
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
    return this.#backends.current.idOf(owner, type, part);
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
      return await this.#backends.current.prune(options);
    } catch (error) {
      this.#noteFailure(error);
      throw error;
    }
  }

  /** Compares the whole mirror with the gateway now; rejects with what went wrong. */
  async refresh(): Promise<void> {
    await this.#lifecycle.recheck();
    await this.#backends.current.settled();
  }

  async #check(): Promise<() => void> {
    const gateway = this.#gateway;
    const info = await askNode(gateway.client);
    if (this.#info && this.#info.software !== info.software) gateway.catalog.forget();
    this.#info = info;
    gateway.balancers.settleMs = info.stateUpdateMs;
    const refusal = refusalOf(info);
    if (refusal) throw new GatewayRefusedError(refusal);
    const wasMirrored = gateway.isMirrored;
    const stopFormer = this.#backends.choose(modeOf(info));
    if (wasMirrored && !gateway.isMirrored) this.#lifecycle.restart();
    await stopFormer();
    const isFirst = !gateway.isMirrored;
    const changed = await this.#backends.current.refresh();
    if (!changed) return this.#check();
    this.#lastSyncTime = this.#options.now();
    return () => this.#tellChecked(isFirst, changed);
  }

  #tellChecked(isFirst: boolean, changed: readonly ObjectKey[]): void {
    const { onOwnersChanged, onChecked } = this.#options;
    const waited = [...this.#unapplied.values()];
    this.#unapplied.clear();
    if (waited.length > 0) onOwnersChanged(waited, isFirst ? "mirror" : "recovered");
    if (!isFirst && changed.length > 0) onOwnersChanged(changed, "drift");
    this.#teller.tell();
    this.#healthRefresh = this.#gateway.health.refresh().catch((error: unknown) => this.#lifecycle.report(error));
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
}
