import { isIP } from "node:net";
import { KongUnavailableError } from "../errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { ObjectKey } from "../model/object-key.ts";
import type { TargetState } from "../model/target-state.ts";
import { listAll } from "./lister.ts";
import type { AdminClient } from "./admin-client.ts";
import type { Mirror } from "./mirror.ts";
import type { MirrorEntry } from "./mirror-entry.ts";
import { upstreamIdOf } from "./entity-paths.ts";
import type { RequestGate } from "./request-gate.ts";

export interface TargetHealthOptions {
  readonly client: () => AdminClient;
  readonly gate: RequestGate;
  readonly mirror: Mirror;
  /** The health of a target of theirs is another one than before. */
  readonly onChanged: (owners: ObjectKey[]) => void;
}

/** What Kong says of a target that it neither probes nor has to look up. */
const UNCHECKED = "HEALTHCHECKS_OFF";

/**
 * The health of our targets as the gateway sees it.
 *
 * Asked for are only upstreams of which the answer can differ: with health checks, or with names to look up. Everything
 * else is what Kong answers of targets without checks.
 */
export class TargetHealth {
  readonly #options: TargetHealthOptions;
  /** By upstream: the health of each target by its id. */
  readonly #known = new Map<string, ReadonlyMap<string, string>>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  /** Questions under way, by upstream: who asks meanwhile gets the same answer. */
  readonly #asking = new Map<string, Promise<void>>();
  #refreshing: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: TargetHealthOptions) {
    this.#options = options;
  }

  /** The targets of an object's upstreams, sorted by address. */
  ofOwner(owner: ObjectKey): TargetState[] {
    const entries = this.#options.mirror.ofOwner(owner);
    const unasked = new Map(
      entries
        .filter(({ type }) => type === "upstreams")
        .map((upstream) => [upstream.id, this.#canDiffer(upstream) ? undefined : UNCHECKED]),
    );
    return entries
      .filter(({ type }) => type === "targets")
      .map(({ id, fields }) => {
        const upstreamId = upstreamIdOf(fields) ?? "";
        const health = unasked.has(upstreamId)
          ? (this.#known.get(upstreamId)?.get(id) ?? unasked.get(upstreamId))
          : undefined;
        const weight = typeof fields["weight"] === "number" ? fields["weight"] : 0;
        return { target: textOf(fields["target"]), weight, ...(health === undefined ? {} : { health }) };
      })
      .sort((a, b) => (a.target < b.target ? -1 : 1));
  }

  /** How many of our targets are in which state. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const states of this.#known.values()) {
      for (const health of states.values()) counts[health] = (counts[health] ?? 0) + 1;
    }
    return counts;
  }

  /**
   * Asks for the health of all upstreams of which it can differ, one after the other; a call while that goes on waits
   * for its end.
   * @throws KongUnavailableError, GatewayAuthError of the first question that failed.
   */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#lookAtAll().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  /** Something was written to the object's upstreams: the gateway shows in a while what came of it. */
  lookLater(owner: ObjectKey, afterMs: number): void {
    for (const entry of this.#options.mirror.ofOwner(owner)) {
      if (entry.type !== "upstreams" || this.#timers.has(entry.id) || !this.#canDiffer(entry) || this.#isStopped)
        continue;
      const timer = setTimeout(() => {
        this.#timers.delete(entry.id);
        const upstream = this.#options.mirror.get("upstreams", entry.id);
        // What goes wrong here is asked again at the next interval.
        if (upstream) void this.#look(upstream).catch(() => undefined);
      }, afterMs);
      timer.unref();
      this.#timers.set(entry.id, timer);
    }
  }

  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  async #lookAtAll(): Promise<void> {
    const { mirror } = this.#options;
    for (const id of this.#known.keys()) if (!mirror.get("upstreams", id)) this.#known.delete(id);
    for (const { id } of [...mirror.ofType("upstreams")]) {
      if (this.#isStopped) return;
      const upstream = mirror.get("upstreams", id);
      if (upstream && this.#canDiffer(upstream)) await this.#look(upstream);
    }
  }

  #look(upstream: MirrorEntry): Promise<void> {
    const asking = this.#asking.get(upstream.id) ?? this.#ask(upstream).finally(() => this.#asking.delete(upstream.id));
    this.#asking.set(upstream.id, asking);
    return asking;
  }

  async #ask(upstream: MirrorEntry): Promise<void> {
    const { client, gate, onChanged } = this.#options;
    const found = new Map<string, string>();
    const path = `/upstreams/${encodeURIComponent(upstream.id)}/health`;
    await listAll({ client: client(), gate, urgency: "read" }, path, "targets", (raw) => {
      if (!isJsonObject(raw)) throw new KongUnavailableError("NotAnAdminAPI", "a target's health is no object");
      if (typeof raw["health"] === "string") found.set(textOf(raw["id"]), raw["health"]);
    });
    if (this.#isStopped) return;
    const before = this.#known.get(upstream.id);
    this.#known.set(upstream.id, found);
    if (!isSame(before, found)) onChanged([upstream.owner]);
  }

  #canDiffer(upstream: MirrorEntry): boolean {
    if (checksHealth(upstream.fields)) return true;
    return this.#options.mirror
      .ofOwner(upstream.owner)
      .some(({ type, fields }) => type === "targets" && isName(textOf(fields["target"])));
  }
}

/** True where Kong looks after the targets, by probes or by what it sees of the traffic. */
function checksHealth({ healthchecks }: JsonObject): boolean {
  const number = (...path: string[]): number => {
    const value = path.reduce<Json | undefined>((at, name) => (isJsonObject(at) ? at[name] : undefined), healthchecks);
    return typeof value === "number" ? value : 0;
  };
  return (
    number("active", "healthy", "interval") > 0 ||
    number("active", "unhealthy", "interval") > 0 ||
    number("passive", "healthy", "successes") > 0 ||
    ["tcp_failures", "timeouts", "http_failures"].some((limit) => number("passive", "unhealthy", limit) > 0)
  );
}

function isName(target: string): boolean {
  return !target.startsWith("[") && isIP(target.slice(0, target.lastIndexOf(":"))) === 0;
}

function isSame(before: ReadonlyMap<string, string> | undefined, after: ReadonlyMap<string, string>): boolean {
  return before?.size === after.size && [...after].every(([id, health]) => before.get(id) === health);
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
