import { STATUS_CODES } from "node:http";
import type { JsonObject } from "../../../../src/model/json.ts";
import type { Exchange, Outcome } from "./exchange.ts";
import { queryValuesOf } from "./exchange.ts";
import { textOf } from "./json-fields.ts";

/**
 * What the log plugins send about a request.
 * Source: docs.konghq.com "Log format"; an entry recorded from Kong 3.9.1.
 */
export function logEntry(exchange: Exchange, outcome: Outcome, workspace: string): JsonObject {
  const { request, requestId, upstream, route, service, identity } = exchange;
  const first = exchange.attempts[0];
  const query = Object.fromEntries(
    [...new URLSearchParams(request.query).keys()].map((name) => [name, queryValue(exchange, name)]),
  );
  const requestLine = `${request.method} ${request.target} HTTP/${request.httpVersion}\r\n`;
  const statusLine = `HTTP/1.1 ${outcome.status} ${STATUS_CODES[outcome.status] ?? ""}\r\n`;
  return {
    request: {
      id: requestId,
      method: request.method,
      uri: request.target,
      url: `http://${request.host}:${request.port}${request.target}`,
      querystring: query,
      headers: request.headers.toRecord(),
      size: Buffer.byteLength(requestLine) + request.headers.sizeBytes + 2 + request.body.length,
    },
    response: {
      status: outcome.status,
      headers: outcome.headers.toRecord(),
      size: Buffer.byteLength(statusLine) + outcome.headers.sizeBytes + 2 + outcome.bodyBytes,
    },
    latencies: {
      kong: outcome.proxyLatencyMs,
      proxy: first === undefined ? -1 : outcome.upstreamLatencyMs,
      request: outcome.finishedAtMs - exchange.startedAtMs,
      receive: 0,
    },
    tries: exchange.attempts.map(({ ip, port, startedAtMs, state }) => ({
      ip,
      port,
      balancer_start: startedAtMs,
      balancer_start_ns: startedAtMs * 1e6,
      balancer_latency: 0,
      balancer_latency_ns: 0,
      ...(state === undefined ? {} : { state }),
    })),
    client_ip: request.clientIp,
    started_at: exchange.startedAtMs,
    source: outcome.upstreamStatus === undefined ? "kong" : "upstream",
    workspace,
    workspace_name: "default",
    upstream_uri:
      first === undefined ? "" : upstream.query === "" ? upstream.path : `${upstream.path}?${upstream.query}`,
    ...(outcome.upstreamStatus === undefined ? {} : { upstream_status: String(outcome.upstreamStatus) }),
    ...(service === undefined ? {} : { service: { ...withoutNulls(service), ws_id: workspace } }),
    ...(route === undefined ? {} : { route: { ...withoutNulls(route), ws_id: workspace } }),
    ...(identity === undefined ? {} : { consumer: withoutNulls(identity.consumer) }),
    ...(identity?.credential === undefined
      ? {}
      : { authenticated_entity: { id: textOf(identity.credential["id"]) ?? "" } }),
  };
}

function queryValue(exchange: Exchange, name: string): string | string[] {
  const values = queryValuesOf(exchange.request, name);
  return values.length === 1 ? (values[0] as string) : values;
}

function withoutNulls(entity: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(entity).filter(([, value]) => value !== null));
}
