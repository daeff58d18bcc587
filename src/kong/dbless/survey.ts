import { formatKey, type ObjectKey } from "../../model/object-key.ts";
import type { ConnectionSession } from "../connection-session.ts";
import { EMPTY_HASH } from "./document.ts";
import { driftOf, type ObjectDrift } from "./drift.ts";
import { foreignConfiguration, takeInventory } from "./inventory.ts";
import type { Loaded } from "./loaded.ts";
import type { Loader } from "./loader.ts";
import type { Pod } from "./pod.ts";
import type { Pods } from "./pods.ts";

export interface SurveyOptions {
  readonly session: ConnectionSession;
  readonly pods: Pods;
  readonly loaded: Loaded;
  readonly loader: Loader;
  /** Of the configuration that was last loaded, as the status tells; undefined where none ever was. */
  readonly loadedHash: string | undefined;
}

/** Configurations of ours that a Pod which was away may still have. */
const FORMER_KEPT = 100;

/** What the Pods hold, compared with what they should: found once at first, and then wherever a hash is not ours. */
export class Survey {
  readonly #options: SurveyOptions;
  /** What somebody else changed and an object has not said yet. */
  #drift: ReadonlyMap<string, ObjectDrift> = new Map();
  /** Hashes of others' configurations that have been compared with ours. */
  #compared = new Set<string>();
  /** Hashes of our own earlier configurations. */
  readonly #former = new Set<string>();
  loadedHash: string | undefined;

  constructor(options: SurveyOptions) {
    this.#options = options;
    this.loadedHash = options.loadedHash;
  }

  get driftedOwners(): ObjectKey[] {
    return [...this.#drift.values()].map(({ owner }) => owner);
  }

  driftOf(owner: ObjectKey): ObjectDrift | undefined {
    return this.#drift.get(formatKey(owner));
  }

  forgetDrift(owner: ObjectKey): void {
    this.#drift = new Map([...this.#drift].filter(([key]) => key !== formatKey(owner)));
  }

  reset(): void {
    this.#drift = new Map();
    this.#compared = new Set();
    this.#former.clear();
    this.loadedHash = undefined;
  }

  /** Pods that answer and have something else than what was last loaded. */
  lackingPods(): Pod[] {
    const { pods, loader } = this.#options;
    return pods.all().filter(({ hash }) => hash !== undefined && hash !== loader.hash);
  }

  /** True for a Pod whose other configuration is left to it until there is something new. */
  mayStay(pod: Pod): boolean {
    return this.#options.session.settings.driftPolicy === "Report" && this.isCompared(pod);
  }

  isCompared({ hash = "" }: Pod): boolean {
    return this.#compared.has(hash);
  }

  /** True for a Pod that has restarted or was away: nobody has changed anything there. */
  isEmptyOrOld({ hash = "" }: Pod): boolean {
    return hash === EMPTY_HASH || this.#former.has(hash);
  }

  /** @param former the hash of what was loaded before. */
  noteLoaded(former: string | undefined): void {
    const { hash } = this.#options.loader;
    this.loadedHash = hash;
    if (former === undefined || former === hash) return;
    this.#former.delete(former);
    this.#former.add(former);
    const [oldest] = this.#former;
    if (this.#former.size > FORMER_KEPT && oldest !== undefined) this.#former.delete(oldest);
  }

  /**
   * The mirror from a Pod, at the beginning.
   * @throws GatewayRefusedError where somebody else's configuration, or another cluster's, would be lost.
   */
  async firstLook(): Promise<ObjectKey[]> {
    const { session, pods, loader } = this.#options;
    const source = pods.source(this.loadedHash);
    if (!source) return [];
    loader.hash = source.hash === EMPTY_HASH ? EMPTY_HASH : await this.#takeOver(source);
    session.isMirrored = true;
    return [];
  }

  /** @returns the hash of what is now taken for loaded; undefined where it has to be loaded anew. */
  async #takeOver(source: Pod): Promise<string | undefined> {
    const { session, loaded } = this.#options;
    const { takeOver, replaceForeign, driftPolicy } = session.settings;
    const { ours, left, foreign } = await takeInventory(session, source.client, takeOver);
    const isFirstContact = this.loadedHash === undefined;
    if (foreign.length > 0 && isFirstContact && !replaceForeign) throw foreignConfiguration(foreign);
    for (const [type, listed] of Map.groupBy(ours, ({ type: each }) => each)) {
      session.mirror.applyList(type, listed, session.mirror.tick());
    }
    for (const { id } of session.mirror.ofType("upstreams")) session.targets.noteEmpty(id);
    loaded.setLeft(left);
    const isReplaced = foreign.length > 0 && !isFirstContact && driftPolicy === "Repair";
    return isReplaced ? undefined : source.hash;
  }

  /**
   * A Pod that has lost its configuration just gets it again; what somebody else did is told by its objects.
   * @returns with the policy Report the objects concerned; with Repair they are told when it has been put right.
   */
  async findDrift(): Promise<ObjectKey[]> {
    const { session } = this.#options;
    const found = new Map<string, ObjectDrift>();
    const compared = new Set<string>();
    for (const pod of this.lackingPods().filter((each) => !this.isEmptyOrOld(each))) {
      const { ours } = await takeInventory(session, pod.client, session.settings.takeOver);
      compared.add(pod.hash ?? "");
      for (const [key, drift] of driftOf(session.mirror, ours)) found.set(key, drift);
    }
    // A load that is under way meanwhile goes by what was known before.
    this.#compared = compared;
    const before = this.#drift;
    if (session.settings.driftPolicy === "Repair") {
      // What is being put right at this moment has not been told yet.
      this.#drift = new Map([...before, ...found]);
      return [];
    }
    this.#drift = found;
    return [...new Map([...before, ...found]).values()].map(({ owner }) => owner);
  }
}
