import type { JsonObject } from "../../../../src/model/json.ts";

/** A request as the handlers see it. */
export interface AdminRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  /** Path as sent, without the query. */
  readonly path: string;
  /** Decoded parts of the path. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly bodyText: string;
  /** Parsed body; empty where there is none. */
  readonly body: JsonObject;
}
