import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { RequestRecord } from "../kong/admin-client.ts";
import type { CertificateEnd } from "./certificate-expiry.ts";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** How one gateway is at the moment of a scrape. */
export interface GatewayStats {
  readonly gateway: string;
  readonly isReady: boolean;
  /** Our entities by type. */
  readonly entities: Readonly<Record<string, number>>;
  /** Our targets by their health. */
  readonly targets: Readonly<Record<string, number>>;
}

/** What is counted of the gateways; docs/metrics.md says what each means. */
export class GatewayMetrics {
  readonly #requests: Counter;
  readonly #seconds: Histogram;
  readonly #lastWrite: Gauge;
  #getGateways: () => readonly GatewayStats[] = () => [];
  #getExpiries: () => Iterable<CertificateEnd> = () => [];

  constructor(registry: Registry) {
    this.#requests = new Counter({
      name: "kjo_kong_requests_total",
      help: "Requests to Admin APIs by status, 0 for none",
      labelNames: ["gateway", "method", "entity", "status"],
      registers: [registry],
    });
    this.#seconds = new Histogram({
      name: "kjo_kong_request_duration_seconds",
      help: "Time to an Admin API's answer",
      labelNames: ["gateway", "method"],
      buckets: SECONDS,
      registers: [registry],
    });
    this.#lastWrite = new Gauge({
      name: "kjo_kong_last_write_timestamp_seconds",
      help: "Unix time of the answer to the last write",
      labelNames: ["gateway"],
      registers: [registry],
    });
    this.#defineCollected(registry);
  }

  /** The gateways that are told of from now on: each term of leadership has its own. */
  observeGateways(getGateways: () => readonly GatewayStats[]): void {
    this.#getGateways = getGateways;
  }

  /** The certificates that are told of from now on. */
  observeCertificates(getExpiries: () => Iterable<CertificateEnd>): void {
    this.#getExpiries = getExpiries;
  }

  #defineCollected(registry: Registry): void {
    const expiry: Gauge = new Gauge({
      name: "kjo_certificate_expiry_timestamp_seconds",
      help: "Unix time when the certificate that stands in Kong expires",
      labelNames: ["kind", "namespace", "name"],
      registers: [registry],
      collect: () => {
        expiry.reset();
        for (const { seconds, ...labels } of this.#getExpiries()) expiry.set(labels, seconds);
      },
    });
    const up: Gauge = new Gauge({
      name: "kjo_kong_up",
      help: "1 while the gateway can be written to",
      labelNames: ["gateway"],
      registers: [registry],
      collect: () => {
        up.reset();
        for (const { gateway, isReady } of this.#getGateways()) up.set({ gateway }, isReady ? 1 : 0);
      },
    });
    const entities: Gauge = new Gauge({
      name: "kjo_kong_entities",
      help: "Our entities that the gateway holds",
      labelNames: ["gateway", "type"],
      registers: [registry],
      collect: () => {
        entities.reset();
        for (const { gateway, entities: counts } of this.#getGateways())
          for (const [type, count] of Object.entries(counts)) entities.set({ gateway, type }, count);
      },
    });
    const targets: Gauge = new Gauge({
      name: "kjo_kong_targets",
      help: "Our targets of upstreams with health checks, by health as the gateway sees it",
      labelNames: ["gateway", "health"],
      registers: [registry],
      collect: () => {
        targets.reset();
        for (const { gateway, targets: counts } of this.#getGateways())
          for (const [health, count] of Object.entries(counts)) targets.set({ gateway, health }, count);
      },
    });
  }

  observe(gateway: string, { method, entity, status, durationMs }: RequestRecord, nowMs = Date.now()): void {
    this.#requests.inc({ gateway, method, entity, status });
    this.#seconds.observe({ gateway, method }, durationMs / 1000);
    if (method !== "GET" && status > 0 && status < 300) this.#lastWrite.set({ gateway }, nowMs / 1000);
  }
}
