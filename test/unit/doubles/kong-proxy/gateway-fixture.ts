import { createHash } from "node:crypto";
import http from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer, text } from "node:stream/consumers";
import type { JsonObject } from "../../../../src/model/json.ts";
import { startProxy } from "../../../doubles/kong/proxy/proxy.ts";
import type { Proxy, ProxyOptions } from "../../../doubles/kong/proxy/proxy.ts";
import { MemoryGateway } from "./memory-gateway.ts";

/** What a backend saw. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly rawHeaders: string[];
  readonly body: string;
}

/** A backend that answers 200 with its name, or as the test says; `seen` holds its requests. */
export class Backend implements AsyncDisposable {
  readonly seen: Seen[] = [];
  readonly #server: http.Server;
  connections = 0;

  private constructor(server: http.Server) {
    this.#server = server;
    server.on("connection", () => (this.connections += 1));
  }

  static async start(
    name = "b1",
    respond: (response: ServerResponse, request: IncomingMessage) => void = (response) => response.end(name),
  ): Promise<Backend> {
    const server = http.createServer();
    const backend = new Backend(server);
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      void buffer(request).then((body) => {
        const { method = "", url = "", headers, rawHeaders } = request;
        backend.seen.push({ method, url, headers, rawHeaders, body: body.toString() });
        respond(response, request);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return backend;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get last(): Seen {
    const seen = this.seen.at(-1);
    if (seen === undefined) throw new Error("the backend has seen no request");
    return seen;
  }

  closeIdle(): void {
    this.#server.closeIdleConnections();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface Call {
  readonly method?: string;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string;
}

/** A proxy over a {@link MemoryGateway} that says what it does not simulate into `unsupported`. */
export class Gateway implements AsyncDisposable {
  readonly store: MemoryGateway;
  readonly proxy: Proxy;
  readonly unsupported: string[];

  private constructor(store: MemoryGateway, proxy: Proxy, unsupported: string[]) {
    this.store = store;
    this.proxy = proxy;
    this.unsupported = unsupported;
  }

  static async start(options: ProxyOptions = {}, store = new MemoryGateway()): Promise<Gateway> {
    const unsupported: string[] = [];
    const proxy = await startProxy(store, { onUnsupported: (what) => unsupported.push(what), ...options });
    return new Gateway(store, proxy, unsupported);
  }

  /** A service with one route, `/` unless the route says otherwise. */
  serve(service: JsonObject, route: JsonObject = {}): { serviceId: string; routeId: string } {
    const serviceId = this.store.put("services", { host: "127.0.0.1", protocol: "http", enabled: true, ...service });
    const criteria = ["paths", "hosts", "methods", "headers"].some((name) => name in route) ? {} : { paths: ["/"] };
    const fields = { protocols: ["http", "https"], strip_path: true, preserve_host: false, ...criteria };
    const routeId = this.store.put("routes", { ...fields, ...route, service: { id: serviceId } });
    return { serviceId, routeId };
  }

  /** A plugin; without a scope it is global. */
  plugin(name: string, config: JsonObject, scope: JsonObject = {}): string {
    return this.store.put("plugins", { name, enabled: true, config, ...scope });
  }

  async call(path = "/", { method = "GET", headers = {}, body }: Call = {}): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const request = http.request(this.proxy.url + path, { method, headers, agent: false }, resolve);
    request.on("error", reject);
    request.end(body);
    const response = await promise;
    return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy.stop();
  }
}

/** A backend behind a gateway. */
export interface Served extends AsyncDisposable {
  readonly backend: Backend;
  readonly gateway: Gateway;
  readonly routeId: string;
}

/** A backend behind a gateway with one global plugin; the backend gets the path whole. */
export async function serveWith(plugin: string, config: JsonObject, now: () => number = Date.now): Promise<Served> {
  const backend = await Backend.start();
  const gateway = await Gateway.start({ now });
  const { routeId } = gateway.serve({ port: backend.port }, { strip_path: false });
  gateway.plugin(plugin, config);
  return {
    backend,
    gateway,
    routeId,
    async [Symbol.asyncDispose](): Promise<void> {
      await gateway[Symbol.asyncDispose]();
      await backend[Symbol.asyncDispose]();
    },
  };
}

/** The consumer `ann`: id `c1`, key `k1`, password `secret`, HMAC secret `hmac`, groups `staff` and `dev`. */
export function addAnn(store: MemoryGateway): void {
  const consumer = { id: "c1" };
  const password = createHash("sha1").update("secretc1").digest("hex");
  store.put("consumers", { id: "c1", username: "ann", custom_id: "ann-7" });
  store.put("keyauth_credentials", { id: "key-1", key: "k1", consumer });
  store.put("basicauth_credentials", { username: "ann", password, consumer });
  store.put("hmacauth_credentials", { username: "ann", secret: "hmac", consumer });
  for (const group of ["staff", "dev"]) store.put("acls", { group, consumer });
}

/** The message of a gateway's own answer. */
export function messageOf(reply: Reply): unknown {
  return (JSON.parse(reply.body) as { message?: unknown }).message;
}
