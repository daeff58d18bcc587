import { GatewayAuthError, KongUnavailableError } from "../errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { GatewaySettings } from "./settings.ts";
import { tlsFailure, tlsRefusal } from "./tls-failure.ts";
import { TransportError, type AdminTransport, type TransportRequest, type TransportResponse } from "./transport.ts";

export type AdminMethod = TransportRequest["method"];

/** One request as the metrics see it. `entity` is a type of entity, `node` or `schemas`: never a path. */
export interface RequestRecord {
  readonly method: AdminMethod;
  readonly entity: string;
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  readonly durationMs: number;
}

/**
 * Kong's refusal as it came. What Kong says may quote secrets: `kong` is for `rejectedError`, which redacts it; this
 * error's own message says nothing of it.
 */
export class AdminRejection extends Error {
  readonly status: number;
  /** Private, so that printing the error does not print it. */
  readonly #kong: KongAnswer;

  constructor(method: string, entity: string, status: number, body: Json | undefined) {
    super(`the Admin API answered ${status} to ${method} of ${entity}`);
    this.name = "AdminRejection";
    this.status = status;
    const answer = isJsonObject(body) ? body : {};
    this.#kong = {
      code: typeof answer["code"] === "number" ? answer["code"] : undefined,
      message: typeof answer["message"] === "string" ? answer["message"] : "",
      fields: isJsonObject(answer["fields"]) ? answer["fields"] : {},
      flattened: Array.isArray(answer["flattened_errors"]) ? answer["flattened_errors"] : [],
    };
  }

  get kong(): KongAnswer {
    return this.#kong;
  }
}

interface KongAnswer {
  readonly code: number | undefined;
  readonly message: string;
  readonly fields: JsonObject;
  /** Errors of a declarative configuration, entity by entity. */
  readonly flattened: readonly Json[];
}

export interface AdminClientOptions {
  readonly settings: GatewaySettings;
  readonly transport: AdminTransport;
  readonly onRequest?: ((record: RequestRecord) => void) | undefined;
  /** Milliseconds of a clock that never goes back. */
  readonly clock?: () => number;
}

/**
 * Speaks to one Admin API and turns what goes wrong into errors that carry their policy. Stateless but for its
 * connections.
 *
 * Guarantee: a request that must not be carried out twice (POST) is sent once. The others are sent a second time, at
 * once, where the connection broke before an answer: a keep-alive connection may be closed under any request.
 */
export class AdminClient {
  readonly #transport: AdminTransport;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #base: string;
  readonly #workspace: string;
  /** Name of the workspace; empty for none. */
  readonly workspace: string;
  readonly #onRequest: ((record: RequestRecord) => void) | undefined;
  readonly #clock: () => number;

  constructor({ settings, transport, onRequest, clock = () => performance.now() }: AdminClientOptions) {
    this.#transport = transport;
    this.#headers = { ...settings.headers, accept: "application/json" };
    this.#base = new URL(settings.url).pathname.replace(/\/+$/, "");
    this.workspace = settings.workspace;
    this.#workspace = settings.workspace === "" ? "" : `/${encodeURIComponent(settings.workspace)}`;
    this.#onRequest = onRequest;
    this.#clock = clock;
  }

  /**
   * The body of a 2xx answer; undefined where it has none.
   * @param path as in Kong's documentation; the workspace is put before it.
   * @throws KongUnavailableError, GatewayAuthError, AdminRejection
   */
  async request(method: AdminMethod, path: string, entity: string, body?: JsonObject): Promise<Json | undefined> {
    const request: TransportRequest = {
      method,
      path: this.#base + (entity === "node" ? "" : this.#workspace) + path,
      headers: body ? { ...this.#headers, "content-type": "application/json" } : this.#headers,
      ...(body ? { body: JSON.stringify(body) } : {}),
    };
    const startedAt = this.#clock();
    let status = 0;
    try {
      const response = await this.#send(request);
      status = response.status;
      return readResponse(method, entity, response);
    } finally {
      this.#onRequest?.({ method, entity, status, durationMs: this.#clock() - startedAt });
    }
  }

  /** Like GET by {@link request}; undefined where Kong has nothing there. */
  async find(path: string, entity: string): Promise<JsonObject | undefined> {
    try {
      const body = await this.request("GET", path, entity);
      return isJsonObject(body) ? body : undefined;
    } catch (error) {
      if (error instanceof AdminRejection && error.status === 404) return undefined;
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  async #send(request: TransportRequest): Promise<TransportResponse> {
    try {
      return await this.#transport.send(request);
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      if (error.failure !== "lost" || request.method === "POST") throw policyOf(error);
      // What came of the first try stays open, whatever becomes of the second.
      return this.#transport.send(request).catch((second: unknown) => {
        throw second instanceof TransportError && second.failure !== "refused" ? policyOf(second) : policyOf(error);
      });
    }
  }
}

/** True where the request may have been carried out although no answer says so. */
export function mayHaveHappened(error: unknown): boolean {
  return error instanceof KongUnavailableError && OPEN_ENDED.has(error.reason);
}

const OPEN_ENDED: ReadonlySet<string> = new Set([
  "Timeout",
  "ConnectionLost",
  "ServerError",
  "ResponseTooLarge",
  "NotAnAdminAPI",
]);

function policyOf(error: TransportError): Error {
  switch (error.failure) {
    case "tls":
      return new GatewayAuthError("TLSFailed", tlsFailure(codeOf(error), error.message), { cause: error });
    case "timeout":
      return new KongUnavailableError("Timeout", "the Admin API did not answer in time", { cause: error });
    case "tooLarge":
      return new KongUnavailableError("ResponseTooLarge", "the Admin API's answer is too large", { cause: error });
    case "refused":
      return new KongUnavailableError("ConnectionRefused", `cannot connect to the Admin API: ${error.message}`, {
        cause: error,
      });
    case "lost":
      return new KongUnavailableError("ConnectionLost", `the connection to the Admin API broke: ${error.message}`, {
        cause: error,
      });
  }
}

function codeOf({ cause }: TransportError): string {
  return String((cause as { code?: unknown } | undefined)?.code ?? "");
}

function readResponse(method: string, entity: string, response: TransportResponse): Json | undefined {
  const { status } = response;
  const body = parseBody(response);
  const isForeign = body === undefined && (method === "GET" || response.body !== "");
  // A login page or a proxy's "404": believed, a deletion would leave an orphan. Kong's own 404 is JSON.
  if (isForeign && ((status >= 200 && status < 300) || (status === 404 && response.body !== ""))) {
    throw new KongUnavailableError(
      "NotAnAdminAPI",
      `what answers is no Kong Admin API: ${status} with ${response.contentType || "an empty body"}`,
    );
  }
  if (status >= 200 && status < 300) return body;
  if (status === 401 || status === 403) {
    throw new GatewayAuthError(
      "AuthFailed",
      `the Admin API answered ${status}: check the token and headers of spec.adminApi`,
    );
  }
  if (status === 429) {
    const retryAfterMs = parseRetryAfter(response.retryAfter);
    throw new KongUnavailableError(
      "TooManyRequests",
      "the Admin API asks for a pause (429)",
      retryAfterMs === undefined ? {} : { retryAfterMs },
    );
  }
  const refusal = body === undefined ? tlsRefusal(status, response.body) : undefined;
  if (refusal) throw new GatewayAuthError(refusal.reason, refusal.message);
  if (status >= 300 && status < 400) {
    throw new KongUnavailableError(
      "Redirected",
      `the Admin API answered ${status}, and redirects are not followed: correct spec.adminApi.url`,
    );
  }
  if (status >= 500) throw new KongUnavailableError("ServerError", `the Admin API answered ${status}`);
  throw new AdminRejection(method, entity, status, body);
}

/** Undefined where the body is not JSON: nginx answers some errors (404, 414, 415) in HTML. */
function parseBody({ body }: TransportResponse): Json | undefined {
  if (body === "") return undefined;
  try {
    return JSON.parse(body) as Json;
  } catch {
    return undefined;
  }
}

/** A gateway that asks for more is looked at sooner nevertheless: whatever stands before it may be wrong. */
const LONGEST_RETRY_AFTER_MS = 300_000;

/** Seconds, or a date. */
function parseRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), LONGEST_RETRY_AFTER_MS) : undefined;
}
