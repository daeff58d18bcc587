import { KongUnavailableError } from "../../errors.ts";
import { isJsonObject, type Json } from "../../model/json.ts";
import { AdminRejection, type AdminClient } from "../admin-client.ts";
import type { PodState } from "../gateway-state.ts";
import type { Document } from "./document.ts";

/** One process without a database: its Admin API, and which configuration it has. */
export class Pod {
  readonly url: string;
  /** For what is answered at once. */
  readonly client: AdminClient;
  /** For loads, which take seconds. */
  readonly #loader: AdminClient;
  /** What it last told; undefined while it does not answer. */
  hash: string | undefined;
  problem: string | undefined;
  /** It has asked for a pause until then, on the clock of `performance.now`. */
  pausedUntil = 0;

  constructor(url: string, client: AdminClient, loader: AdminClient) {
    this.url = url;
    this.client = client;
    this.#loader = loader;
  }

  get state(): PodState {
    return { address: new URL(this.url).host, hash: this.hash, problem: this.problem };
  }

  get isPaused(): boolean {
    return performance.now() < this.pausedUntil;
  }

  /** Asks which configuration it has. @throws KongUnavailableError, GatewayAuthError, AdminRejection */
  async look(): Promise<string> {
    try {
      const status = await this.client.request("GET", "/status", "status");
      const hash = isJsonObject(status) ? status["configuration_hash"] : undefined;
      if (typeof hash !== "string")
        throw new KongUnavailableError("NotAnAdminAPI", "what answers tells no configuration_hash in /status");
      this.hash = hash;
      if (!this.isPaused) this.problem = undefined;
      return hash;
    } catch (error) {
      this.#note(error);
      throw error;
    }
  }

  /**
   * Loads a document.
   * @returns the entities as Kong completed them, by type and id; undefined where it had them already.
   * @throws AdminRejection where it does not take them; KongUnavailableError, GatewayAuthError.
   */
  async load({ text, hash }: Document): Promise<Json | undefined> {
    // As a text, so that its hash is Kong's: of anything else Kong makes up a new one each time.
    const path = "/config?check_hash=1&flatten_errors=1";
    try {
      const answer = await this.#loader.request("POST", path, "config", { config: text });
      this.hash = hash;
      this.problem = undefined;
      return answer;
    } catch (error) {
      if (error instanceof KongUnavailableError && (await this.#hasLoaded(error, hash))) return undefined;
      this.#note(error);
      throw error;
    }
  }

  /** The same without `flatten_errors`, which loses some causes. @throws as {@link load} */
  async explain({ text }: Document): Promise<void> {
    await this.#loader.request("POST", "/config", "config", { config: text });
  }

  async close(): Promise<void> {
    await Promise.all([this.client.close(), this.#loader.close()]);
  }

  /** An answer that got lost says nothing of the load. */
  async #hasLoaded(error: KongUnavailableError, hash: string): Promise<boolean> {
    if (error.reason === "ConnectionRefused" || error.reason === "TooManyRequests") return false;
    return (await this.look().catch(() => undefined)) === hash;
  }

  #note(error: unknown): void {
    // It answers: it has what it had before.
    if (error instanceof AdminRejection) return;
    if (error instanceof KongUnavailableError && error.reason === "TooManyRequests") {
      this.pausedUntil = performance.now() + (error.retryAfterMs ?? DEFAULT_PAUSE_MS);
    } else {
      this.hash = undefined;
    }
    this.problem = error instanceof Error ? error.message : String(error);
  }
}

/** Where Kong does not say how long. Source: Kong's own Retry-After. */
const DEFAULT_PAUSE_MS = 10_000;
