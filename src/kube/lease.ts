import { hostname } from "node:os";
import { ConflictError } from "../errors.ts";
import { jitteredMs, sleep } from "../runtime/backoff.ts";
import type { Logger } from "../runtime/logger.ts";
import { isAlreadyExists, isNotFound } from "./api-error.ts";
import type { KubeClient } from "./client.ts";
import { LEASE, type KubeObject } from "./resource.ts";
import { formatMicroTime } from "./time.ts";

export interface LeaseObject extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

export interface LeaderElectorOptions {
  readonly client: Pick<KubeClient, "get" | "create" | "replace">;
  readonly namespace: string;
  readonly name: string;
  /** This replica's name in the Lease. Default: host name and process id. */
  readonly identity?: string;
  readonly logger: Logger;
  /**
   * The work of a leader. Called each time the Lease is won; ends soon after its signal aborts, and has written its
   * last by then. If it ends by itself the Lease is released and won again.
   */
  readonly lead: (signal: AbortSignal) => Promise<void>;
  /**
   * Called when the Lease ran out and the work has not ended: another may lead from now on. Only the end of the
   * process keeps the promise that one leads at a time.
   */
  readonly onOverrun: () => void;
  readonly onLeading?: (isLeading: boolean) => void;
  /** How long a Lease counts after its last renewal. */
  readonly leaseMs?: number;
  /** Without a renewal for so long the work is stopped; the rest up to `leaseMs` is its time to end. */
  readonly renewDeadlineMs?: number;
  /** Between two tries to win or renew. */
  readonly retryMs?: number;
}

/**
 * Leader election on a Lease.
 *
 * Guarantees:
 * - `lead` runs only while this replica holds the Lease, and has ended before the Lease runs out or is released;
 * - {@link holdsLease} is false from the moment on when another may hold it, even if timers fire late;
 * - a Lease counts as expired by the time that passed here since it was last seen to change, never by the clock of
 *   another machine.
 * Assumption: clocks run at about the same speed everywhere.
 * Source: client-go `tools/leaderelection`.
 */
export class LeaderElector {
  readonly identity: string;
  readonly #options: LeaderElectorOptions;
  readonly #leaseMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryMs: number;
  /** The Lease as last read or written, and when it was first seen so. */
  #observed: { readonly lease: LeaseObject; readonly atMs: number } | undefined;
  /** When the request of the last successful renewal was sent. Undefined while another leads. */
  #renewedAtMs: number | undefined;

  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.identity = options.identity ?? `${hostname()}_${process.pid}`;
    this.#leaseMs = options.leaseMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryMs = options.retryMs ?? 2_000;
  }

  /** Whether a write is safe now. Cheap: ask it before each write that two leaders must not make. */
  get holdsLease(): boolean {
    return this.#renewedAtMs !== undefined && !this.#isTakenByOther() && this.#leftMs() > 0;
  }

  /**
   * For right before a write: where the Lease does not count any more, because the process was frozen, `onOverrun` is
   * called before anything else happens here.
   */
  assertHeld(): void {
    if (this.holdsLease) return;
    this.#options.logger.error("the Lease has run out, another may lead", { identity: this.identity });
    this.#options.onOverrun();
  }

  /** Who leads as far as is known here; "" where nobody does. */
  get leader(): string {
    return this.#observed?.lease.spec?.holderIdentity ?? "";
  }

  /** Competes until the signal aborts; then ends the work and releases the Lease. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (await this.#tryHold(signal)) await this.#leadWhileHeld(signal);
      await sleep(jitteredMs(this.#retryMs, 0.2), signal);
    }
  }

  async #leadWhileHeld(signal: AbortSignal): Promise<void> {
    const { logger, onLeading } = this.#options;
    logger.info("leading", { identity: this.identity });
    onLeading?.(true);
    const work = new AbortController();
    const stop = (): void => work.abort();
    signal.addEventListener("abort", stop, { once: true });
    const renewal = new AbortController();
    const renewing = this.#renew(renewal.signal, () => work.abort());
    try {
      if (!signal.aborted) await this.#options.lead(work.signal);
    } catch (error) {
      logger.error("the leader's work failed by a bug", { error });
    } finally {
      // Renewed while the work ended, so that nobody else starts before.
      renewal.abort();
      await renewing;
      signal.removeEventListener("abort", stop);
    }
    await this.#release();
    onLeading?.(false);
  }

  /** Keeps the Lease until told to end. Calls `onLost` when it could not for too long, and `onOverrun` at the very end. */
  async #renew(signal: AbortSignal, onLost: () => void): Promise<void> {
    const { logger, onOverrun } = this.#options;
    for (;;) {
      await sleep(Math.min(this.#retryMs, this.#leftMs()), signal);
      if (signal.aborted) return;
      // A process that was frozen may find its time over. A write by resourceVersion still proves that nobody led meanwhile.
      const renewed = await this.#tryHold(signal);
      if (signal.aborted) return;
      if (!renewed && this.#isLost()) break;
    }
    logger.warn("leadership lost, stopping work", { identity: this.identity, leader: this.leader });
    onLost();
    // A timer may fire a moment early.
    await sleep(this.#leftMs() + 1, signal);
    if (signal.aborted) return;
    logger.error("the Lease ran out before the leader's work ended", { identity: this.identity });
    onOverrun();
  }

  #isLost(): boolean {
    return this.#isTakenByOther() || this.#leftMs() <= this.#leaseMs - this.#renewDeadlineMs;
  }

  #leftMs(): number {
    return Math.max(0, this.#leaseMs - (performance.now() - (this.#renewedAtMs ?? 0)));
  }

  #isTakenByOther(): boolean {
    return this.leader !== this.identity;
  }

  /** One try to win or renew the Lease. */
  async #tryHold(signal?: AbortSignal): Promise<boolean> {
    const startedMs = performance.now();
    try {
      if (await this.#tryHoldOnce(signal)) {
        this.#renewedAtMs = startedMs;
        return true;
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!signal?.aborted) this.#options.logger.debug("lease not written", { reason });
      // What was seen may be old by now.
      if (error instanceof ConflictError || isNotFound(error)) await this.#observe().catch(() => undefined);
    }
    return false;
  }

  async #tryHoldOnce(signal?: AbortSignal): Promise<boolean> {
    // The holder writes without reading; its resourceVersion tells it when another was faster.
    if (!this.#observed || this.#isTakenByOther()) {
      const lease = await this.#observe(signal);
      if (!lease) return this.#create(signal);
      if (!this.#mayTake(lease)) return false;
    }
    const lease = this.#observed!.lease;
    const isNewHolder = this.#isTakenByOther();
    const now = formatMicroTime(new Date());
    await this.#write(lease, {
      holderIdentity: this.identity,
      leaseDurationSeconds: Math.max(1, Math.ceil(this.#leaseMs / 1000)),
      acquireTime: isNewHolder ? now : (lease.spec?.acquireTime ?? now),
      renewTime: now,
      leaseTransitions: (lease.spec?.leaseTransitions ?? 0) + (isNewHolder ? 1 : 0),
    });
    return true;
  }

  #mayTake(lease: LeaseObject): boolean {
    const { holderIdentity = "", leaseDurationSeconds = this.#leaseMs / 1000 } = lease.spec ?? {};
    if (holderIdentity === "" || holderIdentity === this.identity) return true;
    return performance.now() - this.#observed!.atMs >= leaseDurationSeconds * 1000;
  }

  async #observe(signal?: AbortSignal): Promise<LeaseObject | undefined> {
    const { client, namespace, name } = this.#options;
    try {
      const lease = await client.get<LeaseObject>(LEASE, { namespace, name }, this.#requestOptions(signal));
      // The same version again: it counts from when it was first seen.
      if (this.#observed?.lease.metadata.resourceVersion !== lease.metadata.resourceVersion) this.#remember(lease);
      return lease;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.#observed = undefined;
      return undefined;
    }
  }

  async #create(signal?: AbortSignal): Promise<boolean> {
    const { client, namespace, name } = this.#options;
    const now = formatMicroTime(new Date());
    const lease = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name, namespace },
      spec: {
        holderIdentity: this.identity,
        leaseDurationSeconds: Math.max(1, Math.ceil(this.#leaseMs / 1000)),
        acquireTime: now,
        renewTime: now,
        leaseTransitions: 0,
      },
    };
    try {
      this.#remember(await client.create<LeaseObject>(LEASE, namespace, lease, this.#requestOptions(signal)));
      return true;
    } catch (error) {
      if (isAlreadyExists(error)) return false;
      throw error;
    }
  }

  /** Gives the Lease back so that the next leader need not wait for it to run out. */
  async #release(): Promise<void> {
    const isOurs = this.holdsLease;
    const lease = this.#observed?.lease;
    this.#renewedAtMs = undefined;
    if (!lease || !isOurs) return;
    const now = formatMicroTime(new Date());
    try {
      const spec = { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime: now, acquireTime: now };
      await this.#write(lease, spec);
      this.#options.logger.info("lease released", { identity: this.identity });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.logger.warn("lease not released, it will run out", { reason });
    }
  }

  async #write(lease: LeaseObject, spec: LeaseObject["spec"]): Promise<void> {
    this.#remember(
      await this.#options.client.replace<LeaseObject>(LEASE, { ...lease, spec } as LeaseObject, this.#requestOptions()),
    );
  }

  #remember(lease: LeaseObject): void {
    this.#observed = { lease, atMs: performance.now() };
  }

  /** A request that hangs must leave time for another before the deadline. */
  #requestOptions(signal?: AbortSignal): { urgent: true; signal: AbortSignal } {
    const limit = AbortSignal.timeout(Math.max(1, this.#renewDeadlineMs / 2));
    return { urgent: true, signal: signal ? AbortSignal.any([signal, limit]) : limit };
  }
}
