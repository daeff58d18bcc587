/*
 * Verifies routes through the proxies: each has a time at which it is asked for next, behind one timer, and no worker
 * waits for an answer.
 *
 * Guarantees
 * - Of one gateway at most `PROBES_PER_GATEWAY` requests are under way; of one form of a route one at a time.
 * - What comes back for a route that has changed meanwhile counts for nothing.
 * - After `stop` nothing is sent and nobody is told anything.
 */
import { isDeepStrictEqual } from "node:util";
import type { Verdict, Verification } from "../model/verification.ts";
import { DelayHeap } from "../runtime/delay-heap.ts";
import { Semaphore } from "../runtime/semaphore.ts";
import { judge, judgeFailure, type Finding } from "./answer.ts";
import { probe as realProbe, type Probe, type ProxyTarget } from "./probe.ts";
import { advance, begin, disturb, resume, type Progress, type Step, type Times, WAITING } from "./progress.ts";

const PROBES_PER_GATEWAY = 16;

/** A route that wants to be verified. */
export interface Watched {
  /** Whose requests share a limit. */
  readonly gateway: string;
  readonly verification: Verification;
  /** Where to ask, looked up before each request; what stands in the way as a verdict. */
  readonly target: () => ProxyTarget | Verdict;
  /** What `target` is made of: where it has changed, the route is asked for at once. */
  readonly proxy: unknown;
  /** How long the gateway takes at most to serve what it has accepted. */
  readonly settleMs: number;
}

export interface VerifierOptions {
  /** What is told of a route has changed. */
  readonly onVerdict: (key: string, verdict: Verdict, before: Verdict) => void;
  /** For the metrics: `Served` or the reason. */
  readonly onProbe?: (key: string, gateway: string, result: string) => void;
  /** The proxy serves what was programmed so long ago. */
  readonly onServed?: (key: string, gateway: string, afterMs: number) => void;
  readonly probe?: Probe;
  readonly nowMs?: () => number;
  readonly random?: () => number;
}

interface Entry extends Watched {
  progress: Progress;
  /** Another one makes an answer under way worthless. */
  version: number;
  isAsking: boolean;
}

export class Verifier {
  readonly #options: VerifierOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #slots = new Map<string, Semaphore>();
  readonly #due: DelayHeap;
  readonly #stopping = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  #versions = 0;
  readonly #nowMs: () => number;

  constructor(options: VerifierOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#due = new DelayHeap((key) => this.#ask(key));
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What is told of each route. */
  *verdicts(): Iterable<readonly [key: string, verdict: Verdict]> {
    for (const [key, { progress }] of this.#entries) yield [key, progress.verdict];
  }

  verdictOf(key: string): Verdict | undefined {
    return this.#entries.get(key)?.progress.verdict;
  }

  keysOf(gateway: string): string[] {
    return [...this.#entries].filter(([, entry]) => entry.gateway === gateway).map(([key]) => key);
  }

  /**
   * The route stands in Kong as `watched` says. `isWritten`: Kong was written to, to get there. `known` is what has been
   * told of this very form before.
   */
  watch(
    key: string,
    watched: Watched,
    { isWritten, known }: { isWritten: boolean; known?: Verdict | undefined },
  ): void {
    if (this.#stopping.signal.aborted) return;
    const entry = this.#entries.get(key);
    const isKept = entry?.gateway === watched.gateway && isDeepStrictEqual(entry.verification, watched.verification);
    if (entry && isKept && (known || !isWritten)) {
      const isDisturbed = isWritten || !isDeepStrictEqual(entry.proxy, watched.proxy);
      Object.assign(entry, watched);
      if (isDisturbed) this.disturb(key);
      return;
    }
    const now = this.#nowMs();
    // What has not been written now has been served for long.
    const times = { ...timesOf(watched), ...(isWritten ? {} : { settleMs: 0 }) };
    const random = this.#options.random ?? Math.random;
    const step = known && !entry && !isWritten ? resume(known, now, times, random()) : begin(now, times);
    const added = { ...watched, progress: step.progress, version: ++this.#versions, isAsking: false };
    this.#entries.set(key, added);
    this.#take(key, added, step);
  }

  /** Something that the route depends on has changed in Kong. */
  disturb(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    const step = disturb(entry.progress, this.#nowMs(), timesOf(entry));
    entry.version = ++this.#versions;
    entry.isAsking = false;
    this.#take(key, entry, step);
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }

  /** Ends what is under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#due.clear();
    this.#entries.clear();
    await Promise.all(this.#underWay);
  }

  /** The next request waits for its time; an earlier one that waits already asks sooner, and then waits again. */
  #take(key: string, entry: Entry, { progress, nextMs }: Step): void {
    entry.progress = progress;
    this.#due.add(key, performance.now() + nextMs);
  }

  #ask(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry || entry.isAsking) return;
    entry.isAsking = true;
    const { version } = entry;
    const asked = this.#slot(entry.gateway)
      .run(() => this.#find(key, version))
      .then((finding) => this.#learn(key, version, finding))
      .finally(() => this.#underWay.delete(asked));
    this.#underWay.add(asked);
  }

  /** undefined where nobody wants to know any more. */
  async #find(key: string, version: number): Promise<Finding | Verdict | undefined> {
    const entry = this.#entries.get(key);
    if (!entry || entry.version !== version || this.#stopping.signal.aborted) return undefined;
    const target = entry.target();
    if ("status" in target) return target;
    try {
      const answer = await (this.#options.probe ?? realProbe)(entry.verification, target, this.#stopping.signal);
      return judge(answer, entry.verification.expectStatus, entry.verification.headers);
    } catch (error) {
      return this.#stopping.signal.aborted ? undefined : judgeFailure(error);
    }
  }

  #learn(key: string, version: number, finding: Finding | Verdict | undefined): void {
    const entry = this.#entries.get(key);
    if (!entry || entry.version !== version || !finding) return;
    entry.isAsking = false;
    const before = entry.progress;
    const now = this.#nowMs();
    if ("status" in finding) {
      this.#take(key, entry, { progress: { ...before, verdict: finding }, nextMs: entry.verification.intervalMs });
    } else {
      this.#options.onProbe?.(key, entry.gateway, finding.ok ? "Served" : finding.reason);
      this.#take(key, entry, advance(before, finding, now, timesOf(entry)));
    }
    const { verdict } = entry.progress;
    if (isSame(verdict, before.verdict)) return;
    if (verdict.status === "True" && before.verdict.reason === WAITING.reason)
      this.#options.onServed?.(key, entry.gateway, now - before.changedAtMs);
    this.#options.onVerdict(key, verdict, before.verdict);
  }

  #slot(gateway: string): Semaphore {
    const slot = this.#slots.get(gateway) ?? new Semaphore(PROBES_PER_GATEWAY);
    this.#slots.set(gateway, slot);
    return slot;
  }
}

function timesOf({ verification, settleMs }: Watched): Times {
  return { intervalMs: verification.intervalMs, deadlineMs: verification.deadlineMs, settleMs };
}

function isSame(a: Verdict, b: Verdict): boolean {
  return a.status === b.status && a.reason === b.reason && a.message === b.message;
}
