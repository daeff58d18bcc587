import { Counter, Histogram, type Registry } from "prom-client";
import type { JenkinsRequestRecord } from "../jenkins/session.ts";

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What is counted of Jenkins; docs/metrics.md says what each means. */
export class DeliveryMetrics {
  readonly #requests: Counter;
  readonly #seconds: Histogram;

  constructor(registry: Registry) {
    this.#requests = new Counter({
      name: "kjo_jenkins_requests_total",
      help: "Requests to Jenkins by status, 0 for none",
      labelNames: ["server", "method", "status"],
      registers: [registry],
    });
    this.#seconds = new Histogram({
      name: "kjo_jenkins_request_duration_seconds",
      help: "Time to Jenkins' answer",
      labelNames: ["server", "method"],
      buckets: SECONDS,
      registers: [registry],
    });
  }

  observe(server: string, { method, status, durationMs }: JenkinsRequestRecord): void {
    this.#requests.inc({ server, method, status });
    this.#seconds.observe({ server, method }, durationMs / 1000);
  }
}
