import type { AdminRequest } from "./admin/request.ts";

/** What every Admin request of a real Kong waits at least: it yields twice, for 2 ms each. */
const MINIMUM_MS = 4;
/** A write of a service or of anything else keeps the gateway's two cores busy for so long. */
const SERVICE_WRITE_MS = 1000 / 690;
const OTHER_WRITE_MS = 1000 / 490;
/** A declarative configuration takes so long an entity. */
const DECLARED_ENTITY_MS = 0.16;

/** Slows the double down to the speed that was measured at a real Kong 3.9 with two workers and Postgres. */
export class Pace {
  /** Until when the gateway is busy with the writes that have come in. */
  #busyUntilMs = 0;

  async before(request: AdminRequest): Promise<void> {
    const nowMs = performance.now();
    const doneMs = Math.max(nowMs + MINIMUM_MS, this.#queue(nowMs, writeCostMs(request)));
    await new Promise((resolve) => setTimeout(resolve, doneMs - nowMs));
  }

  /** How long the load of a declarative configuration takes. */
  loadMs(entities: number): number {
    return entities * DECLARED_ENTITY_MS;
  }

  #queue(nowMs: number, costMs: number): number {
    if (costMs === 0) return nowMs;
    this.#busyUntilMs = Math.max(this.#busyUntilMs, nowMs) + costMs;
    return this.#busyUntilMs;
  }
}

function writeCostMs({ method, segments }: AdminRequest): number {
  if (method === "GET" || method === "HEAD" || method === "OPTIONS") return 0;
  const isService = segments[0] === "services" && segments.length <= 2;
  return isService ? SERVICE_WRITE_MS : OTHER_WRITE_MS;
}
