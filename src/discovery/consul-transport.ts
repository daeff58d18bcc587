import { Client } from "undici";
import { isTlsFailure } from "../http/transport.ts";
import type { ConsulResponse } from "./consul-answer.ts";
import { ConsulError } from "./consul-error.ts";
import type { ConsulQuery } from "./consul-query.ts";

/** Answers larger than this are not read on: an instance takes about 2 kB. */
const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 5_000;
const BODY_TIMEOUT_MS = 10_000;

/** How questions reach a Consul: over HTTP in the operator, by a script in unit tests. */
export interface ConsulTransport {
  /**
   * @param timeoutMs until the answer begins
   * @throws ConsulError where none comes
   */
  get(path: string, timeoutMs: number, signal: AbortSignal): Promise<ConsulResponse>;
  close(): Promise<void>;
}

/** One keep-alive connection, which a blocking query holds. Redirects are not followed: they would carry the token along. */
export function consulTransport({ url, token, tls }: ConsulQuery): ConsulTransport {
  const hint = url.startsWith("https:") && tls?.cert === undefined ? "; it may want a client certificate" : "";
  const client = new Client(new URL(url).origin, {
    pipelining: 1,
    allowH2: false,
    maxResponseSize: MAX_RESPONSE_BYTES,
    bodyTimeout: BODY_TIMEOUT_MS,
    connect: {
      timeout: CONNECT_TIMEOUT_MS,
      ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls?.cert === undefined ? {} : { cert: tls.cert }),
      ...(tls?.key === undefined ? {} : { key: tls.key }),
      ...(tls?.serverName === undefined ? {} : { servername: tls.serverName }),
    },
  });
  const headers = { accept: "application/json", ...(token === undefined ? {} : { "x-consul-token": token }) };
  return {
    async get(path, timeoutMs, signal) {
      try {
        const answer = await client.request({ method: "GET", path, headers, headersTimeout: timeoutMs, signal });
        const body = await answer.body.text();
        return { status: answer.statusCode, headers: single(answer.headers), body };
      } catch (error) {
        throw problemOf(error, hint);
      }
    },
    close: () => client.destroy(),
  };
}

function single(headers: Readonly<Record<string, string | string[] | undefined>>): ConsulResponse["headers"] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value[0] : value]),
  );
}

const TIMEOUT = /TIMEOUT|^ETIMEDOUT$/;

/** @param hint what may be the matter where a connection is closed without a word */
function problemOf(error: unknown, hint: string): ConsulError {
  const { code = "", message = String(error) } = error as { code?: string; message?: string };
  if (isTlsFailure(code)) return new ConsulError("ConsulTLSFailed", `TLS with it fails: ${message} (${code})`, error);
  if (code === "UND_ERR_RES_EXCEEDED_MAX_SIZE") {
    return new ConsulError("NotConsul", "its answer is too large for a service's instances", error);
  }
  const what = TIMEOUT.test(code)
    ? "it does not answer in time"
    : `it cannot be reached: ${message}${code === "UND_ERR_SOCKET" ? hint : ""}`;
  return new ConsulError("ConsulUnavailable", what, error);
}
