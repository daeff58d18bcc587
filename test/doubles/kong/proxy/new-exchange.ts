import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { HeaderList } from "./header-list.ts";
import type { ClientRequest, Exchange } from "./exchange.ts";
import type { GatewayIndex } from "./gateway-index.ts";
import { textOf } from "./json-fields.ts";
import { normalizePath, upstreamPath } from "./request-path.ts";
import type { RouterFlavor } from "./route-matcher.ts";
import type { RouteMatch } from "./router.ts";

export const VIA = "1.1 kong/3.9.1";

/** Headers that belong to one connection and are never handed on. */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Headers of the client that the gateway writes itself. */
const OWN_REQUEST_HEADERS = new Set([
  "content-length",
  "expect",
  "host",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-path",
  "x-forwarded-port",
  "x-forwarded-prefix",
  "x-forwarded-proto",
  "x-kong-request-id",
  "x-real-ip",
]);

/** The request with its whole body. */
export async function readClientRequest(incoming: IncomingMessage, port: number): Promise<ClientRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const headers = HeaderList.fromRaw(incoming.rawHeaders);
  const target = originForm(incoming.url ?? "/");
  const at = target.indexOf("?");
  const rawPath = at < 0 ? target : target.slice(0, at);
  return {
    method: incoming.method ?? "GET",
    target,
    path: normalizePath(rawPath),
    query: at < 0 ? "" : target.slice(at + 1),
    headers,
    httpVersion: incoming.httpVersion,
    clientIp: (incoming.socket.remoteAddress ?? "").replace(/^::ffff:/, ""),
    host: (headers.get("host") ?? "").toLowerCase().replace(/:\d+$/, ""),
    port,
    isSecure: incoming.socket instanceof TLSSocket,
    body: Buffer.concat(chunks),
  };
}

/** `GET http://host/path` is the same request as `GET /path`. */
function originForm(url: string): string {
  return url.replace(/^https?:\/\/[^/?]*/i, "").replace(/^(?!\/)/, "/");
}

export interface ExchangeParts {
  readonly requestId: string;
  readonly startedAtMs: number;
  readonly now: () => number;
  readonly index: GatewayIndex;
  readonly request: ClientRequest;
  readonly match: RouteMatch | undefined;
  readonly flavor: RouterFlavor;
}

/** The exchange as the first plugin finds it: the request for the backend is what it would be without any plugin. */
export function newExchange({ match, flavor, ...parts }: ExchangeParts): Exchange {
  const { request, index } = parts;
  const route = match?.route;
  const service = index.get("services", route === undefined ? undefined : serviceIdOf(route));
  const strips = route?.["strip_path"] !== false && match?.matchedPath !== undefined;
  const path = upstreamPath({
    requestPath: request.path,
    matched: match?.matchedPath,
    stripPath: strips,
    servicePath: textOf(service?.["path"]) ?? "/",
    // Only the traditional router knows the older way.
    pathHandling: flavor === "traditional" && route?.["path_handling"] === "v1" ? "v1" : "v0",
  });
  return {
    ...parts,
    upstream: {
      method: request.method,
      path,
      query: request.query,
      headers: upstreamHeaders(request, parts.requestId, strips ? match?.matchedPath : undefined),
      body: request.body,
    },
    responseHeaders: new HeaderList(),
    attempts: [],
    captures: match?.captures ?? {},
    ...(route === undefined ? {} : { route }),
    ...(service === undefined ? {} : { service }),
  };
}

function serviceIdOf(route: NonNullable<RouteMatch["route"]>): string | undefined {
  const service = route["service"];
  return typeof service === "object" && service !== null && !Array.isArray(service) ? textOf(service["id"]) : undefined;
}

function upstreamHeaders(request: ClientRequest, requestId: string, prefix: string | undefined): HeaderList {
  const { headers } = request;
  const list = new HeaderList();
  const forwardedFor = [...headers.all("x-forwarded-for"), request.clientIp].join(", ");
  list.add("Via", [...headers.all("via"), VIA].join(", "));
  list.add("Host", headers.get("host") ?? request.host);
  list.add("Connection", "keep-alive");
  list.add("X-Forwarded-For", forwardedFor);
  list.add("X-Forwarded-Proto", request.isSecure ? "https" : "http");
  list.add("X-Forwarded-Host", request.host);
  list.add("X-Forwarded-Port", String(request.port));
  list.add("X-Forwarded-Path", request.target.split("?")[0] ?? "/");
  if (prefix !== undefined) list.add("X-Forwarded-Prefix", prefix);
  list.add("X-Real-IP", request.clientIp);
  list.add("X-Kong-Request-Id", requestId);
  const named = new Set(headers.all("connection").flatMap((value) => value.toLowerCase().split(/\s*,\s*/)));
  for (const [name, value] of endToEnd(headers).entries()) {
    const lower = name.toLowerCase();
    if (!OWN_REQUEST_HEADERS.has(lower) && !named.has(lower)) list.add(name, value);
  }
  return list;
}

/** The headers that are meant for the other end and not for the connection. */
export function endToEnd(headers: HeaderList): HeaderList {
  const list = new HeaderList();
  for (const [name, value] of headers.entries()) if (!HOP_BY_HOP.has(name.toLowerCase())) list.add(name, value);
  return list;
}
