import { Counter, Gauge, type Registry } from "prom-client";
import type { ConsulWatches } from "../discovery/consul-watches.ts";

/** What is counted of Consul; docs/metrics.md says what each means. */
export class ConsulMetrics {
  readonly #requests: Counter;
  #watches: ConsulWatches | undefined;

  constructor(registry: Registry) {
    this.#requests = new Counter({
      name: "kjo_consul_requests_total",
      help: "Questions to Consul by what came of them",
      labelNames: ["result"],
      registers: [registry],
    });
    const watches: Gauge = new Gauge({
      name: "kjo_consul_watches",
      help: "Services followed in Consul by what is known of them",
      labelNames: ["state"],
      registers: [registry],
      collect: () => {
        watches.reset();
        for (const [state, count] of Object.entries(this.#watches?.counts() ?? {})) watches.set({ state }, count);
      },
    });
  }

  /** The watches that are counted from now on: each term of leadership has its own. */
  observe(watches: ConsulWatches): void {
    this.#watches = watches;
  }

  countRequest(result: string): void {
    this.#requests.inc({ result });
  }
}
