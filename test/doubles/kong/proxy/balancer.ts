import { createHash } from "node:crypto";
import type { JsonObject } from "../../../../src/model/json.ts";
import { numberOf, textOf } from "./json-fields.ts";

/** A target as an address. */
export interface Peer {
  readonly targetId: string;
  readonly host: string;
  readonly port: number;
  readonly weight: number;
}

interface Slot {
  readonly peer: Peer;
  current: number;
  connections: number;
}

/** Points that a target of weight 1 has on the ring of consistent hashing. */
const RING_POINTS = 16;
const RING_MAX_POINTS = 1600;

/**
 * Chooses the targets of one upstream.
 *
 * Guarantees: over any number of choices that is a multiple of the sum of the weights (divided by their greatest common
 * divisor) each healthy target gets exactly its share, spread evenly. 90/10 is exact after every 10 requests.
 * Not simulated: `latency` and the `slots` of the ring; `latency` is served as round-robin.
 */
export class Balancer {
  readonly #slots: readonly Slot[];
  readonly #algorithm: string;
  #ring: readonly { readonly point: number; readonly slot: Slot }[] | undefined;

  constructor(upstream: JsonObject, targets: readonly JsonObject[]) {
    this.#algorithm = textOf(upstream["algorithm"]) ?? "round-robin";
    this.#slots = targets
      .map(peerOf)
      .filter((peer) => peer.weight > 0)
      .sort((a, b) => (a.targetId < b.targetId ? -1 : 1))
      .map((peer) => ({ peer, current: 0, connections: 0 }));
  }

  get totalWeight(): number {
    return this.#slots.reduce((sum, { peer }) => sum + peer.weight, 0);
  }

  get peers(): readonly Peer[] {
    return this.#slots.map(({ peer }) => peer);
  }

  /**
   * The next target, or undefined when none is healthy.
   *
   * @param hashKey What consistent hashing hashes; undefined chooses in turn.
   * @param tried Targets that failed for this request: they are passed over while another one is left.
   */
  next(isHealthy: (peer: Peer) => boolean, hashKey?: string, tried: ReadonlySet<string> = new Set()): Peer | undefined {
    const healthy = this.#slots.filter(({ peer }) => isHealthy(peer));
    const fresh = healthy.filter(({ peer }) => !tried.has(peer.targetId));
    const slots = fresh.length > 0 ? fresh : healthy;
    if (slots.length === 0) return undefined;
    if (this.#algorithm === "consistent-hashing" && hashKey !== undefined) return this.#onRing(hashKey, new Set(slots));
    if (this.#algorithm === "least-connections") return leastLoaded(slots).peer;
    return inTurn(slots).peer;
  }

  /** Counts a request on its way to a target; the function that is returned ends it. */
  connect(peer: Peer): () => void {
    const slot = this.#slots.find((candidate) => candidate.peer.targetId === peer.targetId);
    if (slot === undefined) return () => undefined;
    slot.connections += 1;
    return () => {
      slot.connections -= 1;
    };
  }

  #onRing(key: string, allowed: ReadonlySet<Slot>): Peer | undefined {
    this.#ring ??= ringOf(this.#slots);
    const start = this.#ring.findIndex(({ point }) => point >= hashOf(key));
    const from = start < 0 ? 0 : start;
    const ordered = [...this.#ring.slice(from), ...this.#ring.slice(0, from)];
    return ordered.find(({ slot }) => allowed.has(slot))?.slot.peer;
  }
}

/** Smooth weighted round-robin: the one with the highest credit is chosen and pays the sum of all weights. */
function inTurn(slots: readonly Slot[]): Slot {
  let best = slots[0] as Slot;
  let sum = 0;
  for (const slot of slots) {
    slot.current += slot.peer.weight;
    sum += slot.peer.weight;
    if (slot.current > best.current) best = slot;
  }
  best.current -= sum;
  return best;
}

function leastLoaded(slots: readonly Slot[]): Slot {
  const load = ({ connections, peer }: Slot): number => (connections + 1) / peer.weight;
  return slots.reduce((best, slot) => (load(slot) < load(best) ? slot : best));
}

function ringOf(slots: readonly Slot[]): { point: number; slot: Slot }[] {
  return slots
    .flatMap((slot) => {
      const count = Math.min(RING_MAX_POINTS, RING_POINTS * slot.peer.weight);
      return Array.from({ length: count }, (_, i) => ({
        point: hashOf(`${slot.peer.host}:${slot.peer.port}#${i}`),
        slot,
      }));
    })
    .sort((a, b) => a.point - b.point);
}

function hashOf(text: string): number {
  return createHash("sha1").update(text).digest().readUInt32BE(0);
}

/** `10.0.0.1:8000`, `host.test:80`, `[0000:…:0001]:80`. */
function peerOf(target: JsonObject): Peer {
  const text = textOf(target["target"]) ?? "";
  const at = text.lastIndexOf(":");
  const host = text.slice(0, at).replace(/^\[|\]$/g, "");
  return {
    targetId: textOf(target["id"]) ?? "",
    host,
    port: Number(text.slice(at + 1)),
    weight: numberOf(target["weight"], 100),
  };
}
