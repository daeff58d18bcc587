import { htmlError } from "./admin/response.ts";
import type { AdminResponse } from "./admin/response.ts";
import type { AdminRequest } from "./admin/request.ts";
import { schemaViolation } from "./errors.ts";
import type { ErrorTable } from "./schema/field.ts";

export type RequestPredicate = (request: AdminRequest) => boolean;

/** What happens to a request instead of, before or after its handling. */
export type FaultAction =
  /** The connection is closed and nothing is applied. */
  | { readonly kind: "reset" }
  /** The request is applied, but its answer is lost with the connection. */
  | { readonly kind: "lose-answer" }
  /** The request waits so long, then goes on; it goes on at once when the fault is taken away. */
  | { readonly kind: "stall"; readonly ms: number }
  /** This is answered and nothing is applied. */
  | { readonly kind: "answer"; readonly response: AdminResponse };

export interface Fault {
  readonly action: FaultAction;
  /** Which requests it meets; all of them by default. */
  readonly when?: RequestPredicate;
  /** How many requests it meets; all of them by default. */
  readonly times?: number;
}

interface ActiveFault {
  readonly fault: Fault;
  left: number;
  readonly ended: Promise<void>;
  readonly end: () => void;
}

/** The faults that a test has switched on; the first that fits a request wins. */
export class Faults {
  #active: ActiveFault[] = [];
  readonly #listening: { stop(): Promise<void>; start(): Promise<void> };

  constructor(listening: { stop(): Promise<void>; start(): Promise<void> }) {
    this.#listening = listening;
  }

  /** Switches a fault on; what is returned takes it away again. */
  add(fault: Fault): () => void {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const active: ActiveFault = {
      fault,
      left: fault.times ?? Number.POSITIVE_INFINITY,
      ended: promise.then(() => undefined),
      end: () => {
        resolve(undefined);
      },
    };
    this.#active.push(active);
    return () => {
      this.#remove(active);
    };
  }

  /** Takes all faults away. Refused connections stay refused: see {@link acceptConnections}. */
  clear(): void {
    for (const active of [...this.#active]) this.#remove(active);
  }

  /** Stops listening and drops every connection, as a gateway that is down. */
  refuseConnections(): Promise<void> {
    return this.#listening.stop();
  }

  /** Listens again, on the same port. */
  acceptConnections(): Promise<void> {
    return this.#listening.start();
  }

  /** Called by the double for every request, before it is handled. */
  async before(request: AdminRequest): Promise<AdminResponse | "drop" | "drop-after" | undefined> {
    const active = this.#active.find(({ fault, left }) => left > 0 && (fault.when?.(request) ?? true));
    if (active === undefined) return undefined;
    active.left--;
    const { action } = active.fault;
    switch (action.kind) {
      case "reset":
        return "drop";
      case "lose-answer":
        return "drop-after";
      case "answer":
        return action.response;
      case "stall":
        await waitFor(action.ms, active.ended);
        return undefined;
    }
  }

  #remove(active: ActiveFault): void {
    this.#active = this.#active.filter((other) => other !== active);
    active.end();
  }
}

async function waitFor(ms: number, ended: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  // Timers do not go further than this; a longer stall lasts until it is taken away.
  const timer = ms > 2 ** 31 - 1 ? undefined : setTimeout(resolve, ms, undefined);
  await Promise.race([promise, ended]);
  clearTimeout(timer);
}

/** 429 as Kong gives it while it is busy. */
export function tooManyRequests(retryAfterSeconds?: number): AdminResponse {
  const headers = retryAfterSeconds === undefined ? {} : { "Retry-After": String(retryAfterSeconds) };
  return { status: 429, json: { message: "API rate limit exceeded" }, headers };
}

/** 5xx with a JSON body, as Kong's own code answers. */
export function serverError(status = 500): AdminResponse {
  return { status, json: { message: "An unexpected error occurred" } };
}

/** A page of HTML, as nginx or a load balancer before Kong answers. */
export function htmlPage(status: number, title: string): AdminResponse {
  return htmlError(status, title);
}

/** 400 with a schema violation: Kong does not like this one entity. */
export function rejection(fields: ErrorTable): AdminResponse {
  const error = schemaViolation(fields);
  return { status: error.status, json: error.body };
}
