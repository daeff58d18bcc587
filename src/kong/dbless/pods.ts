import { KongUnavailableError } from "../../errors.ts";
import type { Json } from "../../model/json.ts";
import { sleep } from "../../runtime/backoff.ts";
import { AdminRejection, type AdminClient } from "../admin-client.ts";
import { addressesOf, type GatewaySettings } from "../settings.ts";
import { EMPTY_HASH, type Document } from "./document.ts";
import { Pod } from "./pod.ts";

/** Loading thousands of entities takes Kong seconds, and a busy one minutes. */
const LOAD_TIMEOUT_MS = 120_000;
/** A Pod that has not answered by then holds nobody's conditions any longer. */
const STRAGGLER_MS = 5_000;
/** After a load that went wrong. */
const RETRY_MS = 2_000;

export type NewClient = (settings: GatewaySettings) => AdminClient;

/** The processes that are one gateway, each of which has to be given the configuration. */
export class Pods {
  readonly #newClient: NewClient;
  #settings: GatewaySettings;
  #pods = new Map<string, Pod>();

  constructor(settings: GatewaySettings, newClient: NewClient) {
    this.#newClient = newClient;
    this.#settings = settings;
    this.#make(settings);
  }

  all(): readonly Pod[] {
    return [...this.#pods.values()];
  }

  /** Takes up other addresses or credentials. */
  use(settings: GatewaySettings): void {
    const { pods: _pods, ...rest } = settings;
    const { pods: _before, ...restBefore } = this.#settings;
    const isSameButAddresses = JSON.stringify(rest) === JSON.stringify(restBefore);
    const former = this.#pods;
    this.#settings = settings;
    this.#make(settings, isSameButAddresses ? former : undefined);
    for (const pod of former.values()) if (this.#pods.get(pod.url) !== pod) void pod.close();
  }

  /**
   * Asks all of them which configuration they have.
   * @throws the first failure where none answers.
   */
  async look(): Promise<void> {
    if (this.#pods.size === 0) throw noPods();
    const looks = await Promise.allSettled(this.all().map((pod) => pod.look()));
    const [first] = looks;
    if (looks.every(({ status }) => status === "rejected") && first?.status === "rejected") throw first.reason;
  }

  /** Whose configuration tells most of what was: one that we know, else one that is not empty, else any that answers. */
  source(knownHash: string | undefined): Pod | undefined {
    const there = this.all().filter(({ hash }) => hash !== undefined);
    return there.find(({ hash }) => hash === knownHash) ?? there.find(({ hash }) => hash !== EMPTY_HASH) ?? there.at(0);
  }

  /**
   * Loads a document into one Pod, so that Kong's word on it is heard once.
   * @returns that Pod and Kong's answer.
   * @throws AdminRejection where Kong refuses it; KongUnavailableError, GatewayAuthError where no Pod can be asked.
   */
  async prove(document: Document, among: readonly Pod[]): Promise<{ pod: Pod; answer: Json | undefined }> {
    let failure: unknown = among.some(({ isPaused }) => isPaused) ? paused() : noPods();
    for (const pod of among.filter(({ isPaused }) => !isPaused)) {
      try {
        return { pod, answer: await pod.load(document) };
      } catch (error) {
        if (error instanceof AdminRejection) throw error;
        if (!pod.isPaused) pod.pausedUntil = performance.now() + RETRY_MS;
        failure = error;
      }
    }
    throw failure;
  }

  /** Loads a document into the others; what goes wrong is said by their `problem`, and nobody waits long for it. */
  async follow(document: Document, among: readonly Pod[]): Promise<void> {
    const loads = among.map((pod) =>
      pod.load(document).catch(() => {
        if (!pod.isPaused) pod.pausedUntil = performance.now() + RETRY_MS;
      }),
    );
    const patience = new AbortController();
    await Promise.race([Promise.all(loads), sleep(STRAGGLER_MS, patience.signal)]);
    patience.abort();
  }

  async close(): Promise<void> {
    await Promise.all(this.all().map((pod) => pod.close()));
  }

  #make(settings: GatewaySettings, known?: ReadonlyMap<string, Pod>): void {
    this.#pods = new Map(
      addressesOf(settings).map((url) => {
        const one = { ...settings, url, pods: undefined };
        const timeoutMs = Math.max(settings.timeoutMs, LOAD_TIMEOUT_MS);
        const make = (): Pod =>
          new Pod(url, this.#newClient(one), this.#newClient({ ...one, timeoutMs, concurrency: 1 }));
        return [url, known?.get(url) ?? make()];
      }),
    );
  }
}

function paused(): KongUnavailableError {
  return new KongUnavailableError("TooManyRequests", "the gateway has asked for a pause");
}

function noPods(): KongUnavailableError {
  return new KongUnavailableError("NoEndpoints", "no Pod of the gateway can be reached");
}
