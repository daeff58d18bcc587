import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { startOperator, type OperatorProcess } from "../test/dev/operator-process.ts";
import type { Build } from "./build.ts";
import type { Counts } from "./gateway.ts";

/** Times are the operator's own, so that reading seldom costs no precision; a scrape costs it some milliseconds. */
const SCRAPE_MS = 250;

/** What the operator says of itself at one moment. */
export interface Reading extends Counts {
  /** Milliseconds since 1970 of the answer to its last write; 0 before any. */
  readonly lastWriteMs: number;
  /** Keys that are queued or worked on. */
  readonly busyKeys: number;
  readonly pendingStatuses: number;
  readonly reconciles: number;
  /** What the gateway holds of ours. */
  readonly entities: number;
}

/** The operator under test, read through its metrics. */
export class MeasuredOperator {
  readonly #process: OperatorProcess;
  /** Milliseconds since 1970 when its caches had synced, by its own log. */
  readonly syncedMs: number;

  private constructor(process: OperatorProcess, syncedMs: number) {
    this.#process = process;
    this.syncedMs = syncedMs;
  }

  static async start(kubeconfig: string, build: Build, args: readonly string[]): Promise<MeasuredOperator> {
    let syncedMs = 0;
    const process = await startOperator({
      ...build,
      kubeconfig,
      args: ["--log-level", "info", ...args],
      readyTimeoutMs: 120_000,
      onLine: (line) => {
        if (syncedMs === 0 && line.includes('"caches synced"'))
          syncedMs = Date.parse((JSON.parse(line) as { time: string }).time);
      },
    });
    while (syncedMs === 0) await sleep(5);
    return new MeasuredOperator(process, syncedMs);
  }

  async read(): Promise<Reading> {
    const text = await (await fetch(`${this.#process.url}/metrics`)).text();
    const reading = {
      writes: 0,
      reads: 0,
      lastWriteMs: 0,
      busyKeys: 0,
      pendingStatuses: 0,
      reconciles: 0,
      entities: 0,
    };
    for (const line of text.split("\n")) {
      const value = Number(line.slice(line.lastIndexOf(" ") + 1));
      if (line.startsWith("kjo_kong_requests_total"))
        reading[line.includes('method="GET"') ? "reads" : "writes"] += value;
      else if (line.startsWith("kjo_kong_last_write_timestamp_seconds"))
        reading.lastWriteMs = Math.max(reading.lastWriteMs, value * 1000);
      else if (line.startsWith("kjo_kong_entities{")) reading.entities += value;
      else if (line.startsWith("kjo_queue_keys") && !line.includes('state="delayed"')) reading.busyKeys += value;
      else if (line.startsWith("kjo_status_pending")) reading.pendingStatuses += value;
      else if (line.startsWith("kjo_reconcile_total")) reading.reconciles += value;
    }
    return reading;
  }

  /** Polls until the reading satisfies. @throws Error when it does not in time. */
  async until(
    what: string,
    holds: (reading: Reading) => boolean,
    options: { everyMs?: number; timeoutMs?: number } = {},
  ): Promise<Reading> {
    const deadline = Date.now() + (options.timeoutMs ?? 600_000);
    for (;;) {
      const reading = await this.read();
      if (holds(reading)) return reading;
      if (Date.now() > deadline) throw new Error(`not in time: ${what}; last reading ${JSON.stringify(reading)}`);
      await sleep(options.everyMs ?? SCRAPE_MS);
    }
  }

  /** Resident memory in MB: now, and the most there has been. */
  rss(): { nowMb: number; peakMb: number } {
    const status = readFileSync(`/proc/${this.#process.child.pid}/status`, "utf8");
    const mb = (name: string): number =>
      Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024);
    return { nowMb: mb("VmRSS"), peakMb: mb("VmHWM") };
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
