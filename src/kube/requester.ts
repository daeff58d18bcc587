import type { Dispatcher } from "undici";
import { OperatorError } from "../errors.ts";
import { sleep } from "../runtime/backoff.ts";
import { Semaphore } from "../runtime/semaphore.ts";
import { errorOfAnswer, errorOfFailure, isAbort } from "./api-error.ts";
import type { Connection } from "./connection.ts";
import { resourcePath, type ObjectRef, type ResourceType } from "./resource.ts";

/** Requests under way at a time, watches apart; the API server gives one client about that many. */
const CONCURRENT_REQUESTS = 32;
/** Tries after an answer that says when to come back. */
const RETRIES = 5;
const LONGEST_RETRY_AFTER_MS = 30_000;
const USER_AGENT = "kong-jenkins-operator";

/** One request in the API server's own words. */
export interface KubeRequest {
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`: as RBAC and the metrics call it. */
  readonly verb: string;
  readonly method: Dispatcher.HttpMethod;
  readonly type: ResourceType;
  readonly ref?: Partial<ObjectRef>;
  /** In place of the resource's: `/version`. */
  readonly path?: string;
  readonly subresource?: string | undefined;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly contentType?: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** Not held back by the limit on concurrent requests. */
  readonly urgent?: boolean | undefined;
}

/** Told of each answer, for metrics. `status` 0: none came. */
export type RequestObserver = (request: {
  readonly verb: string;
  readonly resource: string;
  readonly status: number;
  readonly durationMs: number;
}) => void;

/**
 * Sends requests: limits how many are under way, waits where the answer says so, and gives errors their class.
 *
 * Throws KubeApiError, ConflictError for a 409 that a fresh read can mend, and an AbortError where the request's signal
 * ended it.
 */
export class Requester {
  readonly #connection: Connection;
  readonly #observe: RequestObserver | undefined;
  readonly #places = new Semaphore(CONCURRENT_REQUESTS);

  constructor(connection: Connection, observe?: RequestObserver) {
    this.#connection = connection;
    this.#observe = observe;
  }

  /** The answer's body as JSON. */
  json<T>(request: KubeRequest): Promise<T> {
    return this.#withRetries(request, async () => {
      const read = async (): Promise<T> => (await (await this.#attempt(request)).json()) as T;
      return request.urgent ? read() : this.#places.run(read);
    });
  }

  /** The answer's body as it comes; takes no place among the concurrent requests. */
  stream(request: KubeRequest): Promise<Dispatcher.ResponseData["body"]> {
    return this.#withRetries(request, () => this.#attempt(request));
  }

  /** The place is free again while we wait to try once more. */
  async #withRetries<T>(request: KubeRequest, attempt: () => Promise<T>): Promise<T> {
    for (let retries = 0; ; retries++) {
      try {
        return await attempt();
      } catch (thrown) {
        if (isAbort(thrown)) throw thrown;
        const error = thrown instanceof OperatorError ? thrown : errorOfFailure(describeRequest(request), thrown);
        const delayMs = this.#retryDelayMs(error, retries);
        if (delayMs === undefined) throw error;
        await sleep(delayMs, request.signal);
        request.signal?.throwIfAborted();
      }
    }
  }

  #retryDelayMs(error: OperatorError, retries: number): number | undefined {
    const isRefusedLogin = "status" in error && error.status === 401;
    if (isRefusedLogin) {
      this.#connection.forgetCredentials();
      return retries === 0 ? 0 : undefined;
    }
    if (error.retryAfterMs === undefined || retries >= RETRIES) return undefined;
    return Math.min(error.retryAfterMs, LONGEST_RETRY_AFTER_MS) * (1 + Math.random() / 4);
  }

  async #attempt(request: KubeRequest): Promise<Dispatcher.ResponseData["body"]> {
    const { statusCode, headers, body } = await this.#send(request);
    if (statusCode < 300) return body;
    const mayRetry = statusCode === 429 || statusCode >= 500;
    const retryAfterMs = mayRetry ? parseRetryAfterMs(headers["retry-after"]) : undefined;
    throw errorOfAnswer(describeRequest(request), statusCode, await body.text(), retryAfterMs);
  }

  async #send(request: KubeRequest): Promise<Dispatcher.ResponseData> {
    const startedMs = performance.now();
    let status = 0;
    try {
      const { headers, dispatcher } = await this.#connection.credentials();
      const hasBody = request.body !== undefined;
      const answer = await dispatcher.request({
        origin: this.#connection.server.origin,
        path: this.#path(request),
        method: request.method,
        headers: {
          ...headers,
          accept: "application/json",
          "user-agent": USER_AGENT,
          ...(hasBody ? { "content-type": request.contentType ?? "application/json" } : {}),
        },
        ...(hasBody ? { body: JSON.stringify(request.body) } : {}),
        ...(request.signal ? { signal: request.signal } : {}),
        // Silence on a watch is the reflector's to judge: it knows of bookmarks.
        bodyTimeout: request.verb === "watch" ? 0 : 30_000,
      });
      status = answer.statusCode;
      return answer;
    } finally {
      const { verb } = request;
      this.#observe?.({ verb, resource: resourceOf(request), status, durationMs: performance.now() - startedMs });
    }
  }

  #path({ type, ref = {}, subresource, query = {}, path: given }: KubeRequest): string {
    const base = this.#connection.server.pathname.replace(/\/$/, "");
    if (given !== undefined) return base + given;
    const path = base + resourcePath(type, type.namespaced ? ref.namespace : undefined, ref.name, subresource);
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
    return search.size === 0 ? path : `${path}?${search.toString()}`;
  }
}

/** `patch kongroutes/status team-a/users`, for messages. */
export function describeRequest(request: KubeRequest): string {
  const name = [request.ref?.namespace, request.ref?.name].filter(Boolean).join("/");
  return [request.verb, resourceOf(request), name].filter(Boolean).join(" ");
}

function resourceOf({ type, subresource }: KubeRequest): string {
  return subresource ? `${type.plural}/${subresource}` : type.plural;
}

function parseRetryAfterMs(header: string | string[] | undefined): number | undefined {
  const seconds = Number(Array.isArray(header) ? header[0] : header);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}
