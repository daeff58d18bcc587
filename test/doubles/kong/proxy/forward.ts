import type { IncomingMessage } from "node:http";
import type { JsonObject } from "../../../../src/model/json.ts";
import { backendFailure, errorAnswer } from "./answers.ts";
import { hashKeyOf } from "./balancers.ts";
import type { PeerResult, Balancers } from "./balancers.ts";
import type { Answer, Attempt, Exchange } from "./exchange.ts";
import { numberOf, textOf } from "./json-fields.ts";
import { NameResolver, unresolvedMessage } from "./name-resolver.ts";
import { UpstreamClient, UpstreamFailure } from "./upstream-call.ts";
import type { UpstreamAddress, UpstreamTimeouts } from "./upstream-call.ts";
import type { Visibility } from "./visibility.ts";

/** What came of a request to a service. */
export interface Forwarded {
  readonly response?: IncomingMessage;
  /** The gateway's own answer where no backend gave one. */
  readonly answer?: Answer;
  /** True when a backend was tried, so that latency headers show one. */
  readonly tried: boolean;
  /** When the last try was sent; `exchange.now()`. */
  readonly sentAtMs: number;
}

/** Methods that are not sent a second time once a backend may have seen them. */
const NOT_REPEATED = new Set(["POST", "PATCH", "LOCK"]);

/** Sends requests to services: by address, by name, or over an upstream's balancer, with the service's retries. */
export class Forwarder {
  readonly balancers: Balancers;
  readonly #visibility: Visibility;
  readonly #client = new UpstreamClient();
  readonly #resolver = new NameResolver();

  constructor(visibility: Visibility, balancers: Balancers) {
    this.#visibility = visibility;
    this.balancers = balancers;
  }

  stop(): void {
    this.#client.stop();
  }

  async forward(exchange: Exchange, service: JsonObject): Promise<Forwarded> {
    const upstream = exchange.index.find("upstreams", textOf(service["host"]) ?? "");
    return upstream === undefined ? this.#toHost(exchange, service) : this.#toUpstream(exchange, service, upstream);
  }

  async #toHost(exchange: Exchange, service: JsonObject): Promise<Forwarded> {
    const host = textOf(service["host"]) ?? "";
    const port = numberOf(service["port"], 80);
    const ip = await this.#resolver.resolve(host);
    if (ip === undefined) return refused(exchange, 500, unresolvedMessage(host));
    return this.#attempts(exchange, service, () => Promise.resolve({ ip, host, port }));
  }

  async #toUpstream(exchange: Exchange, service: JsonObject, upstream: JsonObject): Promise<Forwarded> {
    if (!this.#visibility.hasBalancer(textOf(upstream["id"]) ?? "")) return noPeer(exchange);
    const balancer = this.balancers.get(upstream, exchange.index);
    const hashKey = hashKeyOf(upstream, exchange);
    const tried = new Set<string>();
    const hostHeader = textOf(upstream["host_header"]);
    return this.#attempts(exchange, service, async () => {
      const peer = this.balancers.choose(balancer, upstream, hashKey, tried);
      if (peer === undefined) return noPeer(exchange);
      tried.add(peer.targetId);
      const ip = await this.#resolver.resolve(peer.host);
      if (ip === undefined) return refused(exchange, 500, unresolvedMessage(peer.host));
      const release = balancer.connect(peer);
      return {
        ip,
        host: peer.host,
        port: peer.port,
        ...(hostHeader === undefined ? {} : { hostHeader }),
        done: (result: PeerResult) => {
          release();
          this.balancers.report(upstream, peer, result);
        },
      };
    });
  }

  async #attempts(
    exchange: Exchange,
    service: JsonObject,
    choose: () => Promise<Choice | Forwarded>,
  ): Promise<Forwarded> {
    const protocol = service["protocol"] === "https" ? "https" : "http";
    const timeouts = timeoutsOf(service);
    const retries = numberOf(service["retries"], 5);
    for (let failures = 0; ;) {
      const choice = await choose();
      if ("tried" in choice) return choice;
      setHost(exchange, protocol, choice);
      const sentAtMs = exchange.now();
      const record: Attempt = { ip: choice.ip, port: choice.port, startedAtMs: sentAtMs };
      exchange.attempts.push(record);
      const address: UpstreamAddress = { protocol, ip: choice.ip, port: choice.port, hostname: choice.host };
      try {
        const response = await this.#client.send(address, exchange.upstream, timeouts);
        choice.done?.({ status: response.statusCode ?? 0 });
        return { response, tried: true, sentAtMs };
      } catch (error) {
        if (!(error instanceof UpstreamFailure)) throw error;
        record.state = "failed";
        choice.done?.(error.kind === "timeout" ? "timeout" : "tcp_failure");
        const mayRepeat = error.kind === "refused" || !NOT_REPEATED.has(exchange.upstream.method);
        // An idle connection that was closed says nothing about the backend.
        if (error.kind !== "stale") failures += 1;
        if (mayRepeat && failures <= retries) continue;
        const status = error.kind === "timeout" ? 504 : 502;
        return { answer: backendFailure(exchange.request, exchange.requestId, status), tried: true, sentAtMs };
      }
    }
  }
}

interface Choice {
  readonly ip: string;
  readonly host: string;
  readonly port: number;
  /** The upstream's `host_header`. */
  readonly hostHeader?: string;
  done?(result: PeerResult): void;
}

function timeoutsOf(service: JsonObject): UpstreamTimeouts {
  return {
    connectMs: numberOf(service["connect_timeout"], 60_000),
    writeMs: numberOf(service["write_timeout"], 60_000),
    readMs: numberOf(service["read_timeout"], 60_000),
  };
}

/** The Host header: the client's with `preserve_host`, else the backend's name, with its port where that is unusual. */
function setHost(exchange: Exchange, protocol: "http" | "https", { host, port, hostHeader }: Choice): void {
  if (exchange.route?.["preserve_host"] === true) return;
  const usual = port === (protocol === "https" ? 443 : 80);
  const name = host.includes(":") ? `[${host}]` : host;
  exchange.upstream.headers.set("Host", hostHeader ?? (usual ? name : `${name}:${port}`));
}

function noPeer(exchange: Exchange): Forwarded {
  return refused(exchange, 503, "failure to get a peer from the ring-balancer");
}

function refused(exchange: Exchange, status: number, message: string): Forwarded {
  const answer = errorAnswer(exchange.request, exchange.requestId, status, message);
  return { answer, tried: false, sentAtMs: exchange.now() };
}
