import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Verdict } from "../model/verification.ts";
import { parseKey } from "../model/object-key.ts";

const SECONDS = [0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 6, 8, 10, 15, 30, 60];

type Verdicts = () => Iterable<readonly [key: string, verdict: Verdict]>;

/** What is counted of verified routes; docs/metrics.md says what each means. Only routes with `verify` have series. */
export class VerifyMetrics {
  readonly requests: Counter<"gateway" | "result">;
  readonly changes: Counter<"gateway" | "change">;
  readonly seconds: Histogram<"gateway">;
  #getVerdicts: Verdicts = () => [];

  constructor(registry: Registry) {
    const registers = [registry];
    const serving: Gauge<"namespace" | "name"> = new Gauge({
      name: "kjo_route_serving",
      help: "1 where the proxy answers for a route with verify, 0 where not; absent while nobody knows",
      labelNames: ["namespace", "name"],
      registers,
      collect: () => {
        serving.reset();
        for (const [key, { status }] of this.#getVerdicts()) {
          const { namespace, name } = parseKey(key);
          if (status !== "Unknown") serving.set({ namespace, name }, status === "True" ? 1 : 0);
        }
      },
    });
    this.requests = new Counter({
      name: "kjo_route_verifications_total",
      help: "Requests that verify routes by what came of them",
      labelNames: ["gateway", "result"],
      registers,
    });
    this.changes = new Counter({
      name: "kjo_route_serving_changes_total",
      help: "Verified routes lost and regained",
      labelNames: ["gateway", "change"],
      registers,
    });
    this.seconds = new Histogram({
      name: "kjo_route_serving_delay_seconds",
      help: "Time from a route's programming until the proxy served it for certain",
      labelNames: ["gateway"],
      buckets: SECONDS,
      registers,
    });
  }

  /** The routes that are shown from now on: each term of leadership has its own. */
  observe(getVerdicts: Verdicts): void {
    this.#getVerdicts = getVerdicts;
  }
}
