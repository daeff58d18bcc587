import type { IncomingHttpHeaders } from "node:http";
import { Pool } from "undici";

const MAX_CONNECT_TIMEOUT_MS = 10_000;

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Absolute path with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How requests reach one server: over HTTP in the operator, by a script in unit tests. */
export interface HttpTransport {
  /** @throws TransportError where no answer came. */
  send(request: HttpRequest): Promise<HttpResponse>;
  /** Lets requests under way finish. */
  close(): Promise<void>;
}

/** `refused`: never sent. `lost`: sent, perhaps carried out, no answer. `tls`: who is who could not be settled. */
export type TransportFailure = "refused" | "lost" | "timeout" | "tls" | "tooLarge";

export class TransportError extends Error {
  readonly failure: TransportFailure;

  constructor(failure: TransportFailure, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "TransportError";
    this.failure = failure;
  }
}

/** PEM. */
export interface TlsSettings {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly serverName?: string | undefined;
}

export interface HttpTransportOptions {
  /** `https://ci.example:8443`. */
  readonly origin: string;
  readonly connections: number;
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  readonly tls?: TlsSettings | undefined;
}

/** Keep-alive connections, one request at a time on each; redirects are never followed, because they would carry our headers along. */
export function openTransport({ origin, tls, timeoutMs, ...options }: HttpTransportOptions): HttpTransport {
  const pool = new Pool(origin, {
    connections: options.connections,
    pipelining: 1,
    allowH2: false,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    keepAliveTimeout: 30_000,
    maxResponseSize: options.maxResponseBytes,
    connect: {
      timeout: Math.min(timeoutMs, MAX_CONNECT_TIMEOUT_MS),
      ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls?.cert === undefined ? {} : { cert: tls.cert }),
      ...(tls?.key === undefined ? {} : { key: tls.key }),
      ...(tls?.serverName === undefined ? {} : { servername: tls.serverName }),
    },
  });
  return { send: (request) => dispatch(pool, request), close: () => pool.close() };
}

/**
 * Below `pool.request`, which makes a stream of each body: at some hundred small answers a second that is most of what a
 * request costs us.
 */
function dispatch(pool: Pool, { method, path, headers, body }: HttpRequest): Promise<HttpResponse> {
  return new Promise<HttpResponse>((resolve, reject) => {
    const chunks: Buffer[] = [];
    let status = 0;
    let answered: IncomingHttpHeaders = {};
    pool.dispatch(
      { method, path, headers, body: body ?? null },
      {
        onRequestStart() {},
        onResponseStart(_controller, statusCode, responseHeaders) {
          status = statusCode;
          answered = responseHeaders;
        },
        onResponseData(_controller, chunk) {
          chunks.push(chunk);
        },
        onResponseEnd() {
          resolve({ status, headers: answered, body: Buffer.concat(chunks).toString("utf8") });
        },
        onResponseError(_controller, error) {
          reject(error);
        },
      },
    );
  }).catch((error: unknown) => {
    throw transportError(error);
  });
}

const REFUSED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EACCES",
  "UND_ERR_CONNECT_TIMEOUT",
]);
const TIMEOUT = new Set(["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT", "ETIMEDOUT"]);
/** Node's and OpenSSL's names for a certificate or a handshake that is not accepted. */
const TLS = /^(ERR_SSL|ERR_TLS|ERR_OSSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|INVALID_CA|HOSTNAME_MISMATCH|EPROTO)/;

/** True for the code of an error by which a certificate or a handshake was not accepted. */
export function isTlsFailure(code: string): boolean {
  return TLS.test(code);
}

function transportError(error: unknown): TransportError {
  const { code = "", message = String(error) } = error as { code?: string; message?: string };
  const text = code === "" || message.includes(code) ? message : `${message} (${code})`;
  return new TransportError(failureOf(code), text, error);
}

function failureOf(code: string): TransportFailure {
  if (REFUSED.has(code)) return "refused";
  if (TIMEOUT.has(code)) return "timeout";
  if (code === "UND_ERR_RES_EXCEEDED_MAX_SIZE") return "tooLarge";
  return isTlsFailure(code) ? "tls" : "lost";
}
