import { openTransport, type HttpRequest, type HttpResponse } from "../http/transport.ts";
import type { GatewaySettings } from "./settings.ts";

export { TransportError, type TransportFailure } from "../http/transport.ts";

/** Answers larger than this are not read on: a page of 1,000 entities with certificates stays well below. */
const MAX_RESPONSE_BYTES = 64 * 1024 * 1024;

export type TransportRequest = HttpRequest;

export interface TransportResponse {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  /** The header Date. */
  readonly date?: string | undefined;
  readonly body: string;
}

/** How requests reach an Admin API: over HTTP in the operator, by a script in unit tests. */
export interface AdminTransport {
  /** @throws TransportError where no answer came. */
  send(request: TransportRequest): Promise<TransportResponse>;
  /** Lets requests under way finish. */
  close(): Promise<void>;
}

/** Connections to the address in `settings`. */
export function httpTransport(settings: GatewaySettings): AdminTransport {
  const transport = openTransport({
    origin: new URL(settings.url).origin,
    connections: settings.concurrency,
    timeoutMs: settings.timeoutMs,
    maxResponseBytes: MAX_RESPONSE_BYTES,
    tls: settings.tls,
  });
  return {
    send: async (request) => readResponse(await transport.send(request)),
    close: () => transport.close(),
  };
}

function readResponse({ status, headers, body }: HttpResponse): TransportResponse {
  const retryAfter = headers["retry-after"];
  return {
    status,
    contentType: headers["content-type"] ?? "",
    retryAfter: retryAfter === undefined ? undefined : String(retryAfter),
    date: headers.date,
    body,
  };
}
