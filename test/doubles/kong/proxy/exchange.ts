import type { JsonObject } from "../../../../src/model/json.ts";
import type { GatewayIndex } from "./gateway-index.ts";
import type { HeaderList } from "./header-list.ts";

/** The client's request as it came in. */
export interface ClientRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  /** Normalized path without the query. */
  readonly path: string;
  /** What follows `?`, undecoded; "" without one. */
  readonly query: string;
  readonly headers: HeaderList;
  readonly httpVersion: string;
  readonly clientIp: string;
  /** The Host header without its port. */
  readonly host: string;
  /** The port that the gateway listens on. */
  readonly port: number;
  /** Over TLS. */
  readonly isSecure?: boolean;
  /** Complete body; empty where there is none. */
  readonly body: Buffer;
}

/** What goes to the backend; plugins change it until it is sent. */
export interface UpstreamRequest {
  method: string;
  path: string;
  query: string;
  readonly headers: HeaderList;
  body: Buffer;
}

/** Who made the request, as an authentication plugin found it. */
export interface Identity {
  readonly consumer: JsonObject;
  /** Absent for an anonymous consumer. */
  readonly credential?: JsonObject;
}

/** A complete answer of the gateway itself. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** One try to reach a backend, as the log shows it. */
export interface Attempt {
  readonly ip: string;
  readonly port: number;
  readonly startedAtMs: number;
  state?: "failed";
}

/** One request on its way through the gateway. */
export interface Exchange {
  readonly requestId: string;
  readonly startedAtMs: number;
  readonly index: GatewayIndex;
  readonly request: ClientRequest;
  readonly upstream: UpstreamRequest;
  /** Added to whatever response goes to the client. */
  readonly responseHeaders: HeaderList;
  readonly attempts: Attempt[];
  readonly route?: JsonObject;
  readonly service?: JsonObject;
  /** Groups of the regular expression that matched the path, by name or number. */
  readonly captures: Readonly<Record<string, string>>;
  identity?: Identity;
  /** Wall-clock time in ms; the proxy's clock. */
  readonly now: () => number;
}

/** The head of the response before it goes to the client, with the whole body where a plugin asked for it. */
export interface ResponseHead {
  status: number;
  readonly headers: HeaderList;
  body?: Buffer;
}

/** What a finished request leaves for the log plugins. */
export interface Outcome {
  readonly status: number;
  /** Status of the backend; absent when the gateway answered itself. */
  readonly upstreamStatus?: number;
  readonly headers: HeaderList;
  readonly bodyBytes: number;
  readonly upstreamLatencyMs: number;
  readonly proxyLatencyMs: number;
  readonly finishedAtMs: number;
}

/** A plugin of the double. Phases run in the order of Kong's own priorities, the highest first. */
export interface ProxyPlugin {
  readonly name: string;
  readonly priority: number;
  /** Before the backend is called; an answer ends the request there. */
  access?(exchange: Exchange, config: JsonObject, plugin: JsonObject): Answer | undefined;
  /** True when {@link ProxyPlugin.response} needs the whole body of the backend's response. */
  needsBody?(config: JsonObject): boolean;
  /** Before the response goes to the client, the gateway's own answers included. */
  response?(exchange: Exchange, config: JsonObject, head: ResponseHead): void;
  /** After the response has gone. */
  log?(exchange: Exchange, config: JsonObject, outcome: Outcome, plugin: JsonObject): void;
  /** What of this configuration is not simulated; undefined when all is. */
  unsupported?(config: JsonObject): string | undefined;
  /** Ends timers and connections. */
  stop?(): void;
}

/** The value of a cookie of the request. */
export function cookieOf(request: ClientRequest, name: string): string | undefined {
  for (const header of request.headers.all("cookie")) {
    for (const pair of header.split(";")) {
      const at = pair.indexOf("=");
      if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
    }
  }
  return undefined;
}

/** All values of an argument of the query string, decoded. */
export function queryValuesOf(request: ClientRequest, name: string): string[] {
  return request.query === "" ? [] : new URLSearchParams(request.query).getAll(name);
}
