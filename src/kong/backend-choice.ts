import type { Backend, GatewayMode } from "./backend.ts";
import type { ConnectionSession } from "./connection-session.ts";
import { DatabaseBackend } from "./database-backend.ts";
import { DblessBackend, type DblessBackendOptions } from "./dbless/dbless-backend.ts";
import { DEFAULT_RETRY_TIMES, type RetryTimes } from "./lifecycle.ts";

/** Between two looks at a gateway without a database that is away. */
const DBLESS_RETRY_MS = 2_000;

/** The back end of the kind that the gateway says it is; of one with a database until it has said anything. */
export class BackendChoice {
  readonly #session: ConnectionSession;
  readonly #dbless: Omit<DblessBackendOptions, "session">;
  #current: Backend;

  constructor(session: ConnectionSession, dbless: Omit<DblessBackendOptions, "session">) {
    this.#session = session;
    this.#dbless = dbless;
    this.#current = this.#make("database");
  }

  get current(): Backend {
    return this.#current;
  }

  /** One without a database serves nothing after a restart until it is filled: it is not left waiting. */
  retryTimes(given: RetryTimes = DEFAULT_RETRY_TIMES): RetryTimes {
    // Before it has said which kind it is, the status tells what it was.
    const isDbless = this.#session.isMirrored
      ? this.#current.mode === "dbless"
      : this.#current.mode === "dbless" || this.#dbless.loadedHash !== undefined;
    return isDbless ? { ...given, maxMs: Math.min(given.maxMs, DBLESS_RETRY_MS) } : given;
  }

  /** What is known of a gateway of the other kind is worth nothing. @returns what stops the former back end. */
  choose(mode: GatewayMode): () => Promise<void> {
    const former = this.#current;
    if (former.mode === mode) return () => Promise.resolve();
    this.#session.reset();
    this.#current = this.#make(mode);
    return () => former.stop();
  }

  #make(mode: GatewayMode): Backend {
    const session = this.#session;
    return mode === "database"
      ? new DatabaseBackend(session, this.#dbless.report)
      : new DblessBackend({ session, ...this.#dbless });
  }
}
