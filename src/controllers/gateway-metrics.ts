import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { RequestRecord } from "../kong/admin-client.ts";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What is counted of the gateways; docs/metrics.md says what each means. */
export class GatewayMetrics {
  readonly #requests: Counter;
  readonly #seconds: Histogram;
  readonly #lastWrite: Gauge;

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
  }

  observe(gateway: string, { method, entity, status, durationMs }: RequestRecord, nowMs = Date.now()): void {
    this.#requests.inc({ gateway, method, entity, status });
    this.#seconds.observe({ gateway, method }, durationMs / 1000);
    if (method !== "GET" && status > 0 && status < 300) this.#lastWrite.set({ gateway }, nowMs / 1000);
  }
}
