import { lookup } from "node:dns/promises";
import type { Json, JsonObject } from "../../../../src/model/json.ts";
import { isJsonObject } from "../../../../src/model/json.ts";
import { parseAddress } from "../schema/checks/address.ts";
import type { Store } from "../store/store.ts";
import type { SnapshotChange } from "../snapshot.ts";

/** How long a gateway takes to build the balancer of an upstream, at most: its timer's period, or a short moment. */
const BUILD_MS = { lagging: 5000, prompt: 250 };

/**
 * What the Admin API tells of the health of targets. The proxy has balancers of its own; this follows the store and
 * knows of each target whether it has been built in yet and whether its name resolves.
 */
export class Balancers {
  readonly #store: Store;
  readonly #buildMs: number;
  readonly #built = new Map<string, BuiltTarget>();
  readonly #builtUpstreams = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #unsubscribe: () => void;

  constructor(store: Store, options: { readonly lag: boolean }) {
    this.#store = store;
    this.#buildMs = options.lag ? BUILD_MS.lagging : BUILD_MS.prompt;
    this.#unsubscribe = store.onChange((change) => {
      this.#follow(change);
    });
  }

  stop(): void {
    this.#unsubscribe();
    for (const timer of this.#timers) clearTimeout(timer);
  }

  /** The balancer as a whole; undefined until it has been built. */
  ofUpstream(upstream: JsonObject): JsonObject | undefined {
    const id = upstream["id"] as string;
    if (!this.#builtUpstreams.has(id)) return undefined;
    if (!checksHealth(upstream)) return { health: "HEALTHCHECKS_OFF", id };
    const targetIds = [...this.#store.table("targets").childIds("upstream", id)];
    const isHealthy = targetIds.some(
      (targetId) => this.#built.get(targetId)?.ip !== undefined && this.#store.isHealthy(targetId),
    );
    return { health: isHealthy ? "HEALTHY" : "UNHEALTHY", id };
  }

  /** `health` and `data` of one target; empty until its balancer has been built. */
  ofTarget(upstream: JsonObject, target: JsonObject): JsonObject {
    const id = target["id"] as string;
    if (!this.#builtUpstreams.has(upstream["id"] as string)) return {};
    const built = this.#built.get(id);
    const weight = target["weight"] as number;
    const host = built?.host ?? "";
    const common = { host, port: built?.port ?? 0, nodeWeight: weight };
    if (built?.ip === undefined) {
      const nothing = { available: 0, unavailable: 0, total: 0 };
      return {
        health: "DNS_ERROR",
        data: { ...common, addresses: [], dns: "dns server error: 3 name error", weight: nothing },
      };
    }
    const state = checksHealth(upstream) ? (this.#store.isHealthy(id) ? "HEALTHY" : "UNHEALTHY") : "HEALTHCHECKS_OFF";
    const isAvailable = state !== "UNHEALTHY";
    const data: JsonObject = {
      ...common,
      addresses: [{ ip: built.ip, port: built.port, weight, health: state }],
      dns: "A",
      weight: { available: isAvailable ? weight : 0, unavailable: isAvailable ? 0 : weight, total: weight },
    };
    return { health: state, data };
  }

  #follow(change: SnapshotChange): void {
    if (change.type === "upstreams" || change.type === "targets") {
      if (change.action === "delete") this.#forget(change);
      else this.#buildLater(change.type, change.id);
    }
    if (change.type !== "*") return;
    this.#built.clear();
    this.#builtUpstreams.clear();
    for (const type of ["upstreams", "targets"]) {
      // A declarative configuration is taken over with its balancers, before the load is answered.
      for (const id of this.#store.table(type).rows.keys()) this.#build(type, id);
    }
  }

  #forget(change: SnapshotChange): void {
    if (change.type === "targets") this.#built.delete(change.id);
    else this.#builtUpstreams.delete(change.id);
  }

  #buildLater(type: string, id: string): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#build(type, id);
    }, this.#buildMs);
    timer.unref();
    this.#timers.add(timer);
  }

  #build(type: string, id: string): void {
    const row = this.#store.table(type).rows.get(id);
    if (row === undefined) return;
    if (type === "upstreams") {
      this.#builtUpstreams.add(id);
      return;
    }
    const target = parseTarget(row["target"] as string);
    this.#built.set(id, target);
    if (target.ip !== undefined) return;
    lookup(target.host).then(
      ({ address }) => {
        if (this.#built.get(id) === target) this.#built.set(id, { ...target, ip: address });
      },
      () => undefined,
    );
  }
}

interface BuiltTarget {
  readonly host: string;
  readonly port: number;
  /** Undefined until the name has been resolved, and where it cannot be. */
  readonly ip: string | undefined;
}

function parseTarget(target: string): BuiltTarget {
  const address = parseAddress(target);
  if (typeof address === "string") return { host: target, port: 0, ip: undefined };
  return { host: address.host, port: address.port ?? 0, ip: address.kind === "name" ? undefined : address.host };
}

/** True where Kong would look after the health of the targets, by asking them or by watching their answers. */
function checksHealth(upstream: JsonObject): boolean {
  const checks = upstream["healthchecks"];
  const number = (...path: string[]): number => {
    let value: Json | undefined = checks;
    for (const name of path) value = isJsonObject(value) ? value[name] : undefined;
    return typeof value === "number" ? value : 0;
  };
  if (number("active", "healthy", "interval") > 0 || number("active", "unhealthy", "interval") > 0) return true;
  const failures = ["tcp_failures", "timeouts", "http_failures"].some(
    (name) => number("passive", "unhealthy", name) > 0,
  );
  return failures || number("passive", "healthy", "successes") > 0;
}
