import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import type { JsonObject } from "../../../../src/model/json.ts";
import { errorAnswer, exit } from "./answers.ts";
import type { Answer, Exchange, Outcome, ProxyPlugin, ResponseHead } from "./exchange.ts";
import type { Forwarded, Forwarder } from "./forward.ts";
import { HeaderList } from "./header-list.ts";
import { recordOf, referenceOf, textOf, textsOf } from "./json-fields.ts";
import { endToEnd, newExchange, readClientRequest, VIA } from "./new-exchange.ts";
import type { RouterFlavor } from "./route-matcher.ts";
import type { RouteMatch } from "./router.ts";
import type { Visibility } from "./visibility.ts";

const SERVER = "kong/3.9.1";

export interface HandlerContext {
  readonly visibility: Visibility;
  readonly forwarder: Forwarder;
  /** In the order of their priority. */
  readonly plugins: readonly ProxyPlugin[];
  readonly flavor: () => RouterFlavor;
  readonly now: () => number;
  readonly newRequestId: () => string;
  /** A failure of the double itself; the client gets a 500. */
  readonly onError: (error: unknown) => void;
}

/** A plugin with the configuration that applies to the request. */
interface AppliedPlugin {
  readonly plugin: ProxyPlugin;
  readonly entity: JsonObject;
  readonly config: JsonObject;
}

/** Takes requests from the client through router, plugins and backend, and the response back. */
export class RequestHandler {
  readonly #context: HandlerContext;

  constructor(context: HandlerContext) {
    this.#context = context;
  }

  /** Never rejects. */
  async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { now, newRequestId, visibility, flavor } = this.#context;
      const startedAtMs = now();
      const request = await readClientRequest(incoming, incoming.socket.localPort ?? 0);
      const index = visibility.current();
      const match = index.router.match(
        { ...request, header: (name) => request.headers.all(name) },
        (route) => index.get("services", referenceOf(route["service"]))?.["enabled"] !== false,
      );
      const requestId = newRequestId();
      const exchange = newExchange({ requestId, startedAtMs, now, index, request, match, flavor: flavor() });
      await this.#serve(exchange, match, response);
    } catch (error) {
      if (response.destroyed || incoming.destroyed) return;
      this.#context.onError(error);
      if (!response.headersSent) response.writeHead(500, { "Content-Type": "application/json; charset=utf-8" });
      response.end('{"message":"An unexpected error occurred"}');
    }
  }

  async #serve(exchange: Exchange, match: RouteMatch | undefined, response: ServerResponse): Promise<void> {
    const refusal = refusalBeforePlugins(exchange, match);
    const applied: AppliedPlugin[] = [];
    const answer = refusal ?? this.#access(exchange, applied) ?? withoutService(exchange);
    // Only global plugins see a request without a route.
    if (refusal !== undefined) this.#applyGlobal(exchange, applied);
    const phases = refusal === undefined ? applied : [];
    if (answer !== undefined) {
      const head = ownHead(exchange, answer, [["X-Kong-Response-Latency", String(elapsedMs(exchange))]]);
      finishLog(applied, exchange, answerClient(response, exchange, phases, head), {});
      return;
    }
    const forwarded = await this.#forward(exchange);
    const receivedAtMs = exchange.now();
    const latencies = forwarded.tried
      ? { upstream: receivedAtMs - forwarded.sentAtMs, proxy: forwarded.sentAtMs - exchange.startedAtMs }
      : undefined;
    if (forwarded.response !== undefined) {
      const sent = await relay(response, exchange, phases, forwarded.response, latencyHeaders(latencies));
      finishLog(applied, exchange, sent, { ...latencies, upstreamStatus: forwarded.response.statusCode ?? 0 });
    } else if (forwarded.answer !== undefined) {
      const headers: HeaderPair[] =
        latencies === undefined
          ? [["X-Kong-Response-Latency", String(receivedAtMs - exchange.startedAtMs)]]
          : [...latencyHeaders(latencies), ["Via", VIA]];
      const head = ownHead(exchange, forwarded.answer, headers);
      finishLog(applied, exchange, answerClient(response, exchange, phases, head), { ...latencies });
    }
  }

  /** Runs the access phase; plugins after one that answers are only noted, for the later phases. */
  #access(exchange: Exchange, applied: AppliedPlugin[]): Answer | undefined {
    const routeId = textOf(exchange.route?.["id"]) ?? "";
    const serviceId = textOf(exchange.service?.["id"]) ?? "";
    let answer: Answer | undefined;
    for (const plugin of this.#context.plugins) {
      const consumerId = textOf(exchange.identity?.consumer["id"]) ?? "";
      const entity = exchange.index.pluginFor(plugin.name, routeId, serviceId, consumerId);
      if (entity === undefined) continue;
      const config = recordOf(entity["config"]);
      applied.push({ plugin, entity, config });
      answer ??= plugin.access?.(exchange, config, entity);
    }
    return answer;
  }

  #applyGlobal(exchange: Exchange, applied: AppliedPlugin[]): void {
    for (const plugin of this.#context.plugins) {
      const entity = exchange.index.pluginFor(plugin.name, "", "", "");
      if (entity !== undefined) applied.push({ plugin, entity, config: recordOf(entity["config"]) });
    }
  }

  #forward(exchange: Exchange): Promise<Forwarded> {
    const { upstream, request, service } = exchange;
    if (upstream.body.length > 0 || request.headers.has("content-length")) {
      upstream.headers.set("Content-Length", String(upstream.body.length));
    }
    return this.#context.forwarder.forward(exchange, service ?? {});
  }
}

type HeaderPair = [name: string, value: string];

interface Sent {
  readonly head: ResponseHead;
  readonly bodyBytes: number;
}

/** No route, or a route that a plain HTTP request may not use. */
function refusalBeforePlugins({ request, requestId }: Exchange, match: RouteMatch | undefined): Answer | undefined {
  if (match === undefined) return errorAnswer(request, requestId, 404, "no Route matched with those values");
  const protocols = textsOf(match.route["protocols"]);
  if (protocols.length === 0 || protocols.includes(request.isSecure ? "https" : "http")) return undefined;
  if (!protocols.includes("https")) return errorAnswer(request, requestId, 415, "Non-gRPC request matched gRPC route");
  const status = match.route["https_redirect_status_code"];
  if (typeof status === "number" && status !== 426) {
    return exit(status, undefined, [["Location", `https://${request.host}${request.target}`]]);
  }
  return errorAnswer(request, requestId, 426, "Please use HTTPS protocol", [
    ["Connection", "Upgrade"],
    ["Upgrade", "TLS/1.2, HTTP/1.1"],
  ]);
}

function withoutService({ request, requestId, service }: Exchange): Answer | undefined {
  if (service !== undefined) return undefined;
  return errorAnswer(request, requestId, 503, "no Service found with those values");
}

function elapsedMs(exchange: Exchange): number {
  return exchange.now() - exchange.startedAtMs;
}

function latencyHeaders(latencies: { upstream: number; proxy: number } | undefined): HeaderPair[] {
  if (latencies === undefined) return [];
  return [
    ["X-Kong-Upstream-Latency", String(latencies.upstream)],
    ["X-Kong-Proxy-Latency", String(latencies.proxy)],
  ];
}

/** The head of an answer that the gateway gives itself. */
function ownHead(exchange: Exchange, answer: Answer, extra: readonly HeaderPair[]): ResponseHead {
  const headers = new HeaderList();
  for (const [name, value] of answer.headers) headers.add(name, value);
  for (const [name, value] of exchange.responseHeaders.entries()) headers.add(name, value);
  for (const [name, value] of extra) headers.add(name, value);
  headers.add("Server", SERVER);
  headers.add("X-Kong-Request-Id", exchange.requestId);
  return { status: answer.status, headers, body: answer.body };
}

function answerClient(
  response: ServerResponse,
  exchange: Exchange,
  applied: readonly AppliedPlugin[],
  head: ResponseHead,
): Sent {
  for (const { plugin, config } of applied) plugin.response?.(exchange, config, head);
  const body = head.body ?? Buffer.alloc(0);
  head.headers.set("Content-Length", String(body.length));
  addConnection(head.headers, response);
  response.writeHead(head.status, head.headers.toRaw());
  response.end(body);
  return { head, bodyBytes: body.length };
}

/** Hands the backend's response to the client as it comes, or as a whole where a plugin changes its body. */
async function relay(
  response: ServerResponse,
  exchange: Exchange,
  applied: readonly AppliedPlugin[],
  upstream: IncomingMessage,
  latencies: readonly HeaderPair[],
): Promise<Sent> {
  const headers = endToEnd(HeaderList.fromRaw(upstream.rawHeaders));
  for (const [name, value] of exchange.responseHeaders.entries()) headers.add(name, value);
  for (const [name, value] of latencies) headers.add(name, value);
  headers.set("Via", [...headers.all("via"), VIA].join(", "));
  headers.set("X-Kong-Request-Id", exchange.requestId);
  const head: ResponseHead = { status: upstream.statusCode ?? 502, headers };
  if (applied.some(({ plugin, config }) => plugin.needsBody?.(config) === true)) {
    head.body = await buffer(upstream);
    return answerClient(response, exchange, applied, head);
  }
  for (const { plugin, config } of applied) plugin.response?.(exchange, config, head);
  addConnection(headers, response);
  response.writeHead(head.status, headers.toRaw());
  let bodyBytes = 0;
  upstream.on("data", (chunk: Buffer) => {
    bodyBytes += chunk.length;
  });
  await pipeline(upstream, response);
  return { head, bodyBytes };
}

/** Node would write it too, but only after the log has been made. */
function addConnection(headers: HeaderList, response: ServerResponse): void {
  if (!headers.has("connection")) headers.add("Connection", response.shouldKeepAlive ? "keep-alive" : "close");
}

function finishLog(
  applied: readonly AppliedPlugin[],
  exchange: Exchange,
  { head, bodyBytes }: Sent,
  backend: { upstream?: number; proxy?: number; upstreamStatus?: number },
): void {
  const outcome: Outcome = {
    status: head.status,
    headers: head.headers,
    bodyBytes,
    upstreamLatencyMs: backend.upstream ?? 0,
    proxyLatencyMs: backend.proxy ?? elapsedMs(exchange),
    finishedAtMs: exchange.now(),
    ...(backend.upstreamStatus === undefined ? {} : { upstreamStatus: backend.upstreamStatus }),
  };
  for (const { plugin, config, entity } of applied) plugin.log?.(exchange, config, outcome, entity);
}
