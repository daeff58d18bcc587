import http from "node:http";
import net from "node:net";
import type { JsonObject } from "../../../../src/model/json.ts";
import type { Peer } from "./balancer.ts";
import type { Balancers, PeerResult } from "./balancers.ts";
import { numberOf, recordOf, textOf, textsOf } from "./json-fields.ts";
import type { Visibility } from "./visibility.ts";

const LOOK_INTERVAL_MS = 100;

/**
 * Active health checks, `http` and `tcp`: each target is probed at the interval for its present state.
 *
 * Not simulated: `https`, `grpc` and `grpcs` probes, `concurrency`, and targets whose host is a name: they are not probed.
 */
export class ActiveChecks {
  readonly #visibility: Visibility;
  readonly #balancers: Balancers;
  readonly #isHealthy: (targetId: string) => boolean;
  readonly #nextAt = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(visibility: Visibility, balancers: Balancers, isHealthy: (targetId: string) => boolean) {
    this.#visibility = visibility;
    this.#balancers = balancers;
    this.#isHealthy = isHealthy;
    this.#timer = setInterval(() => this.#look(), LOOK_INTERVAL_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const index = this.#visibility.current();
    const now = performance.now();
    for (const upstream of index.upstreams()) {
      const active = recordOf(recordOf(upstream["healthchecks"])["active"]);
      const intervals = [intervalMs(active, "healthy"), intervalMs(active, "unhealthy")] as const;
      if (intervals[0] + intervals[1] === 0) continue;
      for (const peer of this.#balancers.get(upstream, index).peers) {
        const interval = this.#isHealthy(peer.targetId) ? intervals[0] : intervals[1];
        if (interval === 0 || now < (this.#nextAt.get(peer.targetId) ?? 0) || net.isIP(peer.host) === 0) continue;
        this.#nextAt.set(peer.targetId, now + interval);
        probe(peer, active, (result) => this.#balancers.report(upstream, peer, result, "active"));
      }
    }
  }
}

function intervalMs(active: JsonObject, state: "healthy" | "unhealthy"): number {
  return numberOf(recordOf(active[state])["interval"], 0) * 1000;
}

/** Calls back once: with the status of the answer, or with how it failed. A TCP connection counts as status 200. */
function probe(peer: Peer, active: JsonObject, done: (result: PeerResult) => void): void {
  const timeoutMs = numberOf(active["timeout"], 1) * 1000;
  const type = textOf(active["type"]) ?? "http";
  if (type === "tcp") {
    const socket = net.connect({ host: peer.host, port: peer.port, timeout: timeoutMs });
    const finish = (result: PeerResult): void => {
      socket.removeAllListeners().on("error", () => undefined);
      socket.destroy();
      done(result);
    };
    socket.once("connect", () => finish({ status: 200 }));
    socket.once("timeout", () => finish("timeout"));
    socket.once("error", () => finish("tcp_failure"));
    return;
  }
  if (type !== "http") return;
  const headers = Object.fromEntries(
    Object.entries(recordOf(active["headers"])).map(([name, values]) => [name, textsOf(values)]),
  );
  const request = http.get(
    { host: peer.host, port: peer.port, path: textOf(active["http_path"]) ?? "/", headers, agent: false },
    (response) => {
      clearTimeout(timer);
      response.resume();
      done({ status: response.statusCode ?? 0 });
    },
  );
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    request.destroy();
  }, timeoutMs);
  request.once("error", () => {
    clearTimeout(timer);
    done(timedOut ? "timeout" : "tcp_failure");
  });
}
