import { Counter, Histogram, type Registry } from "prom-client";
import type { JenkinsRequestRecord } from "../jenkins/session.ts";

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What is counted of Jenkins; docs/metrics.md says what each means. */
export class DeliveryMetrics {
  readonly #requests: Counter;
  readonly #seconds: Histogram;
  readonly #builds: Counter;
  readonly #ambiguities: Counter;

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
    this.#builds = new Counter({
      name: "kjo_jenkins_builds_total",
      help: "Builds that have ended, by their phase",
      labelNames: ["server", "phase"],
      registers: [registry],
    });
    this.#ambiguities = new Counter({
      name: "kjo_jenkins_ambiguities_total",
      help: "Builds that were looked for because Jenkins had not answered or did not show them",
      labelNames: ["server", "outcome"],
      registers: [registry],
    });
  }

  /** A build has ended. */
  ended(server: string, phase: string): void {
    this.#builds.inc({ server, phase });
  }

  /** Whether Jenkins had taken a build was not known, and now is: `found`, `asked again` or `given up`. */
  ambiguous(server: string, outcome: string): void {
    this.#ambiguities.inc({ server, outcome });
  }

  observe(server: string, { method, status, durationMs }: JenkinsRequestRecord): void {
    this.#requests.inc({ server, method, status });
    this.#seconds.observe({ server, method }, durationMs / 1000);
  }
}
