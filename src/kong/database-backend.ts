import type { KongEntity, KongEntityType } from "../model/kong-entity.ts";
import type { ObjectKey } from "../model/object-key.ts";
import type { Backend } from "./backend.ts";
import type { ConnectionSession } from "./connection-session.ts";
import { applyLists, listMirror } from "./mirror-refresh.ts";
import { prune, type PruneOptions, type PruneOutcome } from "./prune.ts";
import { syncObject, type SyncOptions, type SyncOutcome } from "./sync-object.ts";

/** A gateway that ends no request for so long hangs. */
const HANGING_MS = 1_000;

/** A gateway with a database, which is written to entity by entity. */
export class DatabaseBackend implements Backend {
  readonly mode = "database";
  readonly dbless = undefined;
  readonly #session: ConnectionSession;
  /** Lists of targets go on behind everything else. */
  #targetRefresh: Promise<void> = Promise.resolve();
  readonly #report: (error: unknown) => void;

  /** @param report is told what a list in the background failed with. */
  constructor(session: ConnectionSession, report: (error: unknown) => void) {
    this.#session = session;
    this.#report = report;
  }

  /** None where the gateway leaves all of them without an answer: nothing is done there. */
  get backlog(): number {
    const { gate } = this.#session;
    return gate.quietMs > HANGING_MS ? 0 : gate.writes;
  }

  /** Targets are listed after that, in the background. */
  async refresh(): Promise<readonly ObjectKey[] | undefined> {
    const session = this.#session;
    const { generation } = session;
    const lists = await listMirror(session, session.settings.takeOver);
    if (generation !== session.generation) return undefined;
    const changed = applyLists(session.mirror, lists);
    session.isMirrored = true;
    await this.#targetRefresh;
    this.#targetRefresh = session.targets.refresh().catch(this.#report);
    return changed;
  }

  sync(owner: ObjectKey, desired: readonly KongEntity[], options: SyncOptions): Promise<SyncOutcome> {
    return syncObject(this.#session, owner, desired, { ...options, driftPolicy: this.#session.settings.driftPolicy });
  }

  prune(options: PruneOptions): Promise<PruneOutcome> {
    return prune(this.#session, options);
  }

  idOf(owner: ObjectKey, type: KongEntityType, part: string): string | undefined {
    return this.#session.mirror.find(owner, type, part)?.id;
  }

  useSettings(): void {}

  settled(): Promise<void> {
    return this.#targetRefresh;
  }

  stop(): Promise<void> {
    return this.#targetRefresh;
  }
}
