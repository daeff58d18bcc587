/** The request that shows whether a route serves, and what is expected of it. */
export interface Verification {
  readonly method: string;
  /** With its query, as it goes on the wire. */
  readonly path: string;
  /** Host header; the proxy's own host where absent. */
  readonly host?: string;
  /** Server name of the TLS handshake, where it is not the host. */
  readonly serverName?: string;
  /** By name; some of the values come from Secrets. Never shown. */
  readonly headers: Readonly<Record<string, string>>;
  /** Schemes that the route takes. */
  readonly schemes: readonly ("http" | "https")[];
  /** Any from 200 to 399 where absent. */
  readonly expectStatus?: readonly number[];
  readonly required: boolean;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly deadlineMs: number;
}

/** What is told of a route that is verified: its condition Serving. */
export interface Verdict {
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}
