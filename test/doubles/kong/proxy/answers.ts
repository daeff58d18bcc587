import type { Answer, ClientRequest } from "./exchange.ts";

/**
 * The gateway's own answers: bodies, types and default messages as Kong 3.9 gives them.
 * Source: answers recorded from Kong 3.9.1; docs.konghq.com "Proxy error handling".
 */

const DEFAULT_MESSAGES: Readonly<Record<number, string>> = {
  400: "Bad request",
  401: "Unauthorized",
  402: "Payment required",
  403: "Forbidden",
  404: "Not found",
  405: "Method not allowed",
  408: "Request timeout",
  413: "Payload too large",
  415: "Unsupported media type",
  426: "Upgrade required",
  429: "Too many requests",
  500: "An unexpected error occurred",
  502: "An invalid response was received from the upstream server",
  503: "The upstream server is currently unavailable",
  504: "The upstream server is timing out",
};

type ErrorFormat = "json" | "html" | "xml" | "plain";

const CONTENT_TYPES: Readonly<Record<ErrorFormat, string>> = {
  json: "application/json; charset=utf-8",
  html: "text/html; charset=utf-8",
  xml: "application/xml; charset=utf-8",
  plain: "text/plain; charset=utf-8",
};

const FORMAT_OF_TYPE: Readonly<Record<string, ErrorFormat>> = {
  "application/json": "json",
  "application/*": "json",
  "*/*": "json",
  "text/html": "html",
  "application/xml": "xml",
  "text/plain": "plain",
  "text/*": "plain",
};

/** Header pairs for {@link exit} and {@link errorAnswer}. */
export type HeaderPairs = readonly (readonly [name: string, value: string])[];

/** An answer with a compact JSON body, or with none. Plugins that write their body themselves use it. */
export function exit(status: number, body?: object, headers: HeaderPairs = []): Answer {
  if (body === undefined) return { status, headers, body: Buffer.alloc(0) };
  return {
    status,
    headers: [["Content-Type", CONTENT_TYPES.json], ...headers],
    body: Buffer.from(JSON.stringify(body)),
  };
}

/** An error answer in the format that the client accepts, with the request's id in it. */
export function errorAnswer(
  request: ClientRequest,
  requestId: string,
  status: number,
  message: string = DEFAULT_MESSAGES[status] ?? `The upstream server responded with ${status}`,
  headers: HeaderPairs = [],
): Answer {
  const format = preferredFormat(request.headers.get("accept"));
  return formatted(format, requestId, status, message, headers);
}

/**
 * The answer of the web server beneath the gateway, 502 and 504 for a backend that refused or was silent: plain text
 * unless the client names a type.
 */
export function backendFailure(request: ClientRequest, requestId: string, status: 502 | 504): Answer {
  const named = request.headers.get("accept") ?? request.headers.get("content-type");
  const format = named === undefined ? "plain" : preferredFormat(named);
  return formatted(format, requestId, status, DEFAULT_MESSAGES[status] as string, []);
}

function formatted(
  format: ErrorFormat,
  requestId: string,
  status: number,
  message: string,
  headers: HeaderPairs,
): Answer {
  return {
    status,
    headers: [["Content-Type", CONTENT_TYPES[format]], ...headers],
    body: Buffer.from(errorBody(format, message, requestId)),
  };
}

function errorBody(format: ErrorFormat, message: string, requestId: string): string {
  switch (format) {
    case "plain":
      return `${message}\nrequest_id: ${requestId}\n`;
    case "xml":
      return [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<error>",
        `  <message>${message}</message>`,
        `  <requestid>${requestId}</requestid>`,
        "</error>",
        "",
      ].join("\n");
    case "html":
      return [
        "<!doctype html>",
        "<html>",
        '  <head><meta charset="utf-8"><title>Error</title></head>',
        `  <body><h1>Error</h1><p>${message}.</p><p>request_id: ${requestId}</p></body>`,
        "</html>",
        "",
      ].join("\n");
    case "json":
      return `{\n  "message":${JSON.stringify(message)},\n  "request_id":"${requestId}"\n}`;
  }
}

/** The known type with the highest quality; the first one among equals; JSON where none is known. */
function preferredFormat(accept: string | undefined): ErrorFormat {
  let best: ErrorFormat = "json";
  let bestQuality = 0;
  for (const part of accept?.split(",") ?? []) {
    const [type = "", ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase());
    const quality = parameters.find((piece) => piece.startsWith("q="));
    const weight = quality === undefined ? 1 : Number(quality.slice(2)) || 0;
    const format = FORMAT_OF_TYPE[type];
    if (format === undefined || weight <= bestQuality) continue;
    best = format;
    bestQuality = weight;
  }
  return best;
}
