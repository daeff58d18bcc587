/*
 * A gateway without a database: one document of all entities, which every Pod is given as a whole.
 *
 *   sync -> what the object asks for is recorded -> PendingError -> load, for many objects at once -> owners are told -> sync: in step
 *
 * - The mirror holds what was last loaded, so "in step" is a comparison in memory here too, and the last good version of
 *   what Kong refuses is in it. After a restart of the operator it comes from a Pod.
 * - A Pod whose configuration has another hash than ours has lost it (zeros), or somebody else has replaced it (drift).
 */
import { GatewayAuthError, KongUnavailableError, PendingError } from "../../errors.ts";
import type { KongEntity, KongEntityType } from "../../model/kong-entity.ts";
import type { ObjectKey } from "../../model/object-key.ts";
import { backoffDelayMs } from "../../runtime/backoff.ts";
import type { Backend } from "../backend.ts";
import type { ConnectionSession } from "../connection-session.ts";
import type { DblessState } from "../gateway-state.ts";
import { groupsOf, guardedOrphans, type PruneOptions, type PruneOutcome } from "../prune.ts";
import type { SyncOptions, SyncOutcome } from "../sync-object.ts";
import { Changes } from "./changes.ts";
import { Debounce } from "./debounce.ts";
import { Loaded } from "./loaded.ts";
import { Loader } from "./loader.ts";
import type { Pod } from "./pod.ts";
import { Pods, type NewClient } from "./pods.ts";
import { ObjectSync } from "./object-sync.ts";
import { Survey } from "./survey.ts";

export interface DblessBackendOptions {
  readonly session: ConnectionSession;
  readonly now: () => Date;
  readonly newClient: NewClient;
  /** Of the configuration that was last loaded, as the status tells; undefined where none ever was. */
  readonly loadedHash: string | undefined;
  readonly isReady: () => boolean;
  readonly report: (error: unknown) => void;
  /** Asks for a {@link Backend.refresh}. */
  readonly checkSoon: () => void;
  readonly onStateChange: () => void;
  readonly onArrived: (owners: readonly ObjectKey[]) => void;
}

const QUIET_MS = 250;
const LONGEST_WAIT_MS = 2_000;
const LOOK_EVERY_MS = 2_000;
/** Timers may be a little early. */
const PAUSE_SLACK_MS = 20;
const RETRY = { baseMs: 1_000, maxMs: 15_000 };
/** Failed loads in a row after which the objects say so. */
const FAILURES_UNTOLD = 2;

export class DblessBackend implements Backend {
  readonly mode = "dbless";
  readonly #options: DblessBackendOptions;
  readonly #session: ConnectionSession;
  readonly #changes = new Changes();
  readonly #pods: Pods;
  readonly #loaded: Loaded;
  readonly #loader: Loader;
  readonly #objects: ObjectSync;
  readonly #debounce: Debounce;
  readonly #survey: Survey;
  #failures = 0;
  #trouble: Error | undefined;
  #looking: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: DblessBackendOptions) {
    const { session } = options;
    this.#options = options;
    this.#session = session;
    this.#pods = new Pods(session.settings, options.newClient);
    this.#loaded = new Loaded(session, this.#changes, options.now);
    const { logger, assertWritable } = session;
    this.#loader = new Loader({
      pods: this.#pods,
      loaded: this.#loaded,
      changes: this.#changes,
      logger,
      assertWritable,
    });
    this.#survey = new Survey({
      session,
      pods: this.#pods,
      loaded: this.#loaded,
      loader: this.#loader,
      loadedHash: options.loadedHash,
    });
    this.#debounce = new Debounce({ run: () => this.#load(), quietMs: QUIET_MS, longestMs: LONGEST_WAIT_MS });
    this.#objects = new ObjectSync({
      session,
      loaded: this.#loaded,
      changes: this.#changes,
      load: (isNew) => (isNew ? this.#debounce.ask() : this.#debounce.ensure()),
    });
    this.#lookAgain();
  }

  /** Objects that wait have nothing that a status could disturb. */
  get backlog(): number {
    return 0;
  }

  get dbless(): DblessState | undefined {
    const hash = this.#loader.hash ?? this.#survey.loadedHash;
    if (hash === undefined) return undefined;
    const pods = this.#pods.all().map(({ state }) => state);
    return { hash, pods: pods.sort((a, b) => (a.address < b.address ? -1 : 1)) };
  }

  async refresh(): Promise<readonly ObjectKey[] | undefined> {
    const session = this.#session;
    const { generation } = session;
    await this.#pods.look();
    if (generation !== session.generation) return undefined;
    const changed = session.isMirrored ? await this.#survey.findDrift() : await this.#survey.firstLook();
    if (generation !== session.generation) return undefined;
    // What was asked for while nobody could be asked.
    if (this.#changes.all().length > 0 || this.#survey.lackingPods().length > 0) this.#debounce.ensure();
    return changed;
  }

  async sync(owner: ObjectKey, desired: readonly KongEntity[], options: SyncOptions): Promise<SyncOutcome> {
    if (options.deletion) return this.#objects.remove(owner, options.deletion);
    const drift = this.#survey.driftOf(owner);
    try {
      const outcome = await this.#objects.sync(owner, desired, { ...options, drift: drift?.operations ?? [] });
      if (drift && this.#policy === "Repair") this.#survey.forgetDrift(owner);
      return outcome;
    } catch (error) {
      throw error instanceof PendingError ? (this.#trouble ?? error) : error;
    }
  }

  async prune(options: PruneOptions): Promise<PruneOutcome> {
    const { mayDelete, ...found } = guardedOrphans(this.#session, options);
    if (!mayDelete) return { ...found, deleted: [], blocked: [] };
    const blocked = groupsOf(this.#session, found.orphans).flatMap((group) => this.#objects.removeOrphans(group));
    await this.#debounce.done();
    const gone = found.orphans.filter(({ type, id }) => !this.#session.mirror.get(type, id));
    const deleted = gone.map((entity) => ({ action: "delete" as const, entity, changes: [] }));
    return { ...found, deleted, blocked };
  }

  idOf(owner: ObjectKey, type: KongEntityType, part: string): string | undefined {
    const standing = this.#session.mirror.find(owner, type, part)?.id;
    if (standing !== undefined) return standing;
    const asked = this.#changes.get(owner)?.entities.find((entity) => entity.type === type && entity.part === part);
    return asked && !this.#changes.setbackOf(asked) ? asked.id : undefined;
  }

  useSettings(): void {
    if (!this.#session.isMirrored) {
      this.#changes.clear();
      this.#loader.hash = undefined;
      this.#survey.reset();
    }
    this.#pods.use(this.#session.settings);
  }

  settled(): Promise<void> {
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#looking);
    await this.#debounce.stop();
    // Whoever waits for a load that does not come any more.
    this.#session.tell(
      this.#changes.all().map(({ owner }) => owner),
      "recovered",
    );
    await this.#pods.close();
  }

  get #policy(): "Repair" | "Report" {
    return this.#session.settings.driftPolicy;
  }

  /** One load of everything, from the debounce. Never rejects. */
  async #load(): Promise<void> {
    if (this.#isStopped || !this.#session.isMirrored) return;
    const waiting = this.#changes.all().map(({ owner }) => owner);
    if (!this.#options.isReady()) {
      // They learn that the gateway is away, and are told when it is back.
      this.#session.tell(waiting, "recovered");
      return;
    }
    try {
      const mayStay = (pod: Pod): boolean => this.#survey.mayStay(pod);
      const former = this.#loader.hash;
      const { draft, arrived } = await this.#loader.load(mayStay);
      this.#survey.noteLoaded(former);
      this.#failures = 0;
      this.#trouble = undefined;
      this.#tellLoaded([...draft.changes.map(({ owner }) => owner)], arrived);
      if (this.#survey.lackingPods().some((pod) => !mayStay(pod))) this.#debounce.askIn(this.#pauseMs());
    } catch (error) {
      this.#noteFailure(error, waiting);
    }
    this.#options.onStateChange();
  }

  #tellLoaded(owners: readonly ObjectKey[], arrived: readonly ObjectKey[]): void {
    this.#session.tell(owners, "programmed");
    if (this.#policy === "Repair") this.#session.tell(this.#survey.driftedOwners, "drift");
    if (arrived.length > 0) this.#options.onArrived(arrived);
  }

  #noteFailure(error: unknown, waiting: readonly ObjectKey[]): void {
    const isPause = error instanceof KongUnavailableError && error.reason === "TooManyRequests";
    if (isPause) {
      this.#debounce.askIn(this.#pauseMs());
      return;
    }
    this.#failures++;
    const concerns = error instanceof KongUnavailableError || error instanceof GatewayAuthError;
    const details = { stage: "apply", failures: this.#failures, error };
    if (concerns) this.#session.logger.warn("the configuration could not be loaded", details);
    else this.#session.logger.error("the configuration could not be loaded", details);
    if (this.#failures > FAILURES_UNTOLD && error instanceof Error) {
      this.#trouble = error;
      this.#session.tell(waiting, "recovered");
    }
    if (concerns) this.#options.report(error);
    this.#debounce.askIn(backoffDelayMs(this.#failures, RETRY));
  }

  /** Until a Pod may be asked again. */
  #pauseMs(): number {
    const pauses = this.#pods.all().map(({ pausedUntil }) => pausedUntil - performance.now());
    return Math.min(...pauses.filter((pauseMs) => pauseMs > 0), LOOK_EVERY_MS) + PAUSE_SLACK_MS;
  }

  #lookAgain(): void {
    this.#looking = setTimeout(() => {
      void this.#look().finally(() => {
        if (!this.#isStopped) this.#lookAgain();
      });
    }, LOOK_EVERY_MS);
    this.#looking.unref();
  }

  /** One request a Pod, so that a restarted one is not empty for long. */
  async #look(): Promise<void> {
    if (!this.#options.isReady() || !this.#session.isMirrored) return;
    try {
      await this.#pods.look();
    } catch (error) {
      this.#options.report(error);
    }
    const lacking = this.#survey.lackingPods().filter((pod) => !pod.isPaused && !this.#survey.isCompared(pod));
    if (lacking.some((pod) => this.#survey.isEmptyOrOld(pod))) this.#debounce.askIn(0);
    else if (lacking.length > 0) this.#options.checkSoon();
    this.#options.onStateChange();
  }
}
