import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../../../src/model/json.ts";
import type { SnapshotSource } from "../snapshot.ts";
import { Balancer } from "./balancer.ts";
import type { Peer } from "./balancer.ts";
import type { Exchange } from "./exchange.ts";
import { cookieOf, queryValuesOf } from "./exchange.ts";
import type { GatewayIndex } from "./gateway-index.ts";
import { numberOf, recordOf, textOf } from "./json-fields.ts";

/** How a request to a target ended, for the passive health checks. */
export type PeerResult = { readonly status: number } | "tcp_failure" | "timeout";

interface Counters {
  successes: number;
  httpFailures: number;
  tcpFailures: number;
  timeouts: number;
}

interface Entry {
  readonly upstream: JsonObject;
  readonly targets: readonly JsonObject[];
  readonly balancer: Balancer;
}

/** The balancers of all upstreams, built when a request first needs them. */
export class Balancers {
  readonly #source: SnapshotSource;
  readonly #entries = new Map<string, Entry>();
  readonly #counters = new Map<string, Counters>();

  constructor(source: SnapshotSource) {
    this.#source = source;
  }

  /** The upstream's balancer over its targets as they are now; it keeps its place in the turn while these do not change. */
  get(upstream: JsonObject, index: GatewayIndex): Balancer {
    const id = textOf(upstream["id"]) ?? "";
    const targets = index.targetsOf(id);
    const known = this.#entries.get(id);
    const same =
      known?.upstream === upstream &&
      known.targets.length === targets.length &&
      known.targets.every((target, i) => target === targets[i]);
    if (same) return known.balancer;
    const balancer = new Balancer(upstream, targets);
    this.#entries.set(id, { upstream, targets, balancer });
    return balancer;
  }

  /** The next target for a request; undefined when none may be used, the upstream's `threshold` considered. */
  choose(
    balancer: Balancer,
    upstream: JsonObject,
    hashKey: string | undefined,
    tried: ReadonlySet<string>,
  ): Peer | undefined {
    const unhealthy = this.#source.current().unhealthyTargets;
    const isHealthy = (peer: Peer): boolean => !unhealthy.has(peer.targetId);
    const threshold = numberOf(recordOf(upstream["healthchecks"])["threshold"], 0);
    if (threshold > 0) {
      const available = balancer.peers.filter(isHealthy).reduce((sum, peer) => sum + peer.weight, 0);
      if ((available / balancer.totalWeight) * 100 < threshold) return undefined;
    }
    return balancer.next(isHealthy, hashKey, tried);
  }

  /** Passive health checks: counts a result and takes the target out or back when its limit is reached. */
  report(upstream: JsonObject, peer: Peer, result: PeerResult, kind: "passive" | "active" = "passive"): void {
    const checks = recordOf(recordOf(upstream["healthchecks"])[kind]);
    const healthy = recordOf(checks["healthy"]);
    const unhealthy = recordOf(checks["unhealthy"]);
    const counters = this.#countersOf(`${kind} ${peer.targetId}`);
    if (typeof result === "object" && statusesOf(healthy).includes(result.status)) {
      Object.assign(counters, { httpFailures: 0, tcpFailures: 0, timeouts: 0 });
      counters.successes += 1;
      if (reached(counters.successes, healthy["successes"])) this.#source.setTargetHealth(peer.targetId, true);
      return;
    }
    const failure = failureOf(result, unhealthy);
    if (failure === undefined) return;
    const [counter, limit] = failure;
    counters.successes = 0;
    counters[counter] += 1;
    if (reached(counters[counter], unhealthy[limit])) this.#source.setTargetHealth(peer.targetId, false);
  }

  #countersOf(key: string): Counters {
    let counters = this.#counters.get(key);
    if (counters === undefined) {
      this.#counters.set(key, (counters = { successes: 0, httpFailures: 0, tcpFailures: 0, timeouts: 0 }));
    }
    return counters;
  }
}

type FailureCounter = "httpFailures" | "tcpFailures" | "timeouts";

function failureOf(result: PeerResult, unhealthy: JsonObject): [FailureCounter, string] | undefined {
  if (result === "timeout") return ["timeouts", "timeouts"];
  if (result === "tcp_failure") return ["tcpFailures", "tcp_failures"];
  return statusesOf(unhealthy).includes(result.status) ? ["httpFailures", "http_failures"] : undefined;
}

function statusesOf(checks: JsonObject): number[] {
  const statuses = checks["http_statuses"];
  return Array.isArray(statuses) ? statuses.filter((status) => typeof status === "number") : [];
}

/** A limit of 0 switches that check off. */
function reached(count: number, limit: JsonObject[string] | undefined): boolean {
  return typeof limit === "number" && limit > 0 && count >= limit;
}

/** What an upstream of algorithm `consistent-hashing` hashes of a request; undefined where there is nothing to hash. */
export function hashKeyOf(upstream: JsonObject, exchange: Exchange): string | undefined {
  if (upstream["algorithm"] !== "consistent-hashing") return undefined;
  return hashInput(upstream, "hash_on", exchange) ?? hashInput(upstream, "hash_fallback", exchange);
}

function hashInput(upstream: JsonObject, field: "hash_on" | "hash_fallback", exchange: Exchange): string | undefined {
  const { request, identity } = exchange;
  switch (upstream[field]) {
    case "consumer":
      return textOf((identity?.consumer ?? identity?.credential)?.["id"]);
    case "ip":
      return request.clientIp;
    case "path":
      return request.path;
    case "header":
      return request.headers.get(textOf(upstream[`${field}_header`]) ?? "");
    case "query_arg":
      return queryValuesOf(request, textOf(upstream[`${field}_query_arg`]) ?? "").join(",") || undefined;
    case "uri_capture":
      return exchange.captures[textOf(upstream[`${field}_uri_capture`]) ?? ""];
    case "cookie":
      return cookieHash(upstream, exchange);
    default:
      return undefined;
  }
}

/** A client without the cookie gets one, so that it comes back to the same target. */
function cookieHash(upstream: JsonObject, exchange: Exchange): string | undefined {
  const name = textOf(upstream["hash_on_cookie"]);
  if (name === undefined) return undefined;
  const sent = cookieOf(exchange.request, name);
  if (sent !== undefined) return sent;
  const value = randomUUID();
  exchange.responseHeaders.add(
    "Set-Cookie",
    `${name}=${value}; Path=${textOf(upstream["hash_on_cookie_path"]) ?? "/"}`,
  );
  return value;
}
