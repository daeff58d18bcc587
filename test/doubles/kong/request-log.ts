import type { AdminRequest } from "./admin/request.ts";

export interface LoggedRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly path: string;
  /** 0 where no answer went out. */
  readonly status: number;
  /** Milliseconds since the epoch, when the answer was ready. */
  readonly atMs: number;
}

/** `writes` are POST, PUT, PATCH and DELETE; the rest are `reads`. */
export type RequestFilter = "writes" | "reads" | ((request: LoggedRequest) => boolean);

const RECENT = 20_000;

/** Remembers the last requests, and counts all of them by kind. */
export class RequestLog {
  readonly recent: LoggedRequest[] = [];
  #writes = 0;
  #reads = 0;

  add(request: AdminRequest, status: number): void {
    this.recent.push({ method: request.method, path: request.target, status, atMs: Date.now() });
    // Trimmed in bulk, so that a burst does not shift the whole list for every request.
    if (this.recent.length > RECENT * 2) this.recent.splice(0, RECENT);
    if (isWrite(request.method)) this.#writes++;
    else this.#reads++;
  }

  /** All of them without a filter; a predicate sees the recent ones only. */
  count(filter?: RequestFilter): number {
    if (filter === undefined) return this.#writes + this.#reads;
    if (filter === "writes") return this.#writes;
    return filter === "reads" ? this.#reads : this.recent.filter(filter).length;
  }

  reset(): void {
    this.recent.length = 0;
    this.#writes = 0;
    this.#reads = 0;
  }
}

function isWrite(method: string): boolean {
  return method === "POST" || method === "PUT" || method === "PATCH" || method === "DELETE";
}
