import { targetOf, type Endpoint } from "../model/endpoint.ts";
import { storedTargetAddress } from "../plan/target-address.ts";

/** Endpoints that take a share of the requests together. */
export interface WeightedBackend {
  /** Against the weights of the other backends; {@link DEFAULT_WEIGHT} unless set. */
  readonly weight?: number | undefined;
  readonly endpoints: readonly Endpoint[];
}

export interface WeightedTarget {
  /** As Kong stores it: `10.0.0.1:8080`. */
  readonly target: string;
  readonly weight: number;
}

/** Of a backend that says none, and of each target of an only backend. */
const DEFAULT_WEIGHT = 100;
/**
 * What the targets of all backends weigh together where there are several. Fixed, so that a backend's targets do not
 * change when another's do; enough for 1 % over a hundred endpoints; Kong's round-robin goes round a ring of that size.
 */
export const TOTAL_WEIGHT = 10_000;
/** Source: Kong's targets schema. */
const LARGEST_WEIGHT = 65_535;

/**
 * The targets of an upstream whose requests are shared by backends, each address once, sorted.
 *
 * - One backend: every ready endpoint weighs 100, times its own weight where it has one.
 * - Several: a backend's share is its weight among all weights, spread over its ready endpoints by their
 *   own weights; at least 1 for each, so that none is forgotten, unless the backend's weight is 0.
 * - A terminating endpoint weighs 0: it finishes what it has.
 * - An address in several backends carries the sum of what each gives it.
 */
export function targetsOfBackends(backends: readonly WeightedBackend[]): WeightedTarget[] {
  const sum = backends.reduce((total, { weight = DEFAULT_WEIGHT }) => total + weight, 0);
  const weights = new Map<string, number>();
  for (const { weight = DEFAULT_WEIGHT, endpoints } of backends) {
    const ready = endpoints
      .filter(({ state }) => state === "ready")
      .reduce((total, { weight: own = 1 }) => total + own, 0);
    const unit = backends.length === 1 ? onlyWeight(weight) : sharedWeight(weight / sum, ready);
    for (const endpoint of endpoints) {
      const target = storedTargetAddress(targetOf(endpoint));
      const given = endpoint.state === "ready" ? weightOf(unit, endpoint) : 0;
      weights.set(target, Math.min((weights.get(target) ?? 0) + given, LARGEST_WEIGHT));
    }
  }
  return [...weights].sort(([a], [b]) => (a < b ? -1 : 1)).map(([target, weight]) => ({ target, weight }));
}

function onlyWeight(weight: number): number {
  return weight === 0 ? 0 : DEFAULT_WEIGHT;
}

/** @param share of the requests, from 0 to 1; not a number where all weights are 0. */
function sharedWeight(share: number, ready: number): number {
  return share > 0 ? (share * TOTAL_WEIGHT) / ready : 0;
}

function weightOf(unit: number, { weight = 1 }: Endpoint): number {
  return unit > 0 ? Math.max(1, Math.round(unit * weight)) : 0;
}
