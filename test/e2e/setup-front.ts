import http from "node:http";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";

export interface FrontRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Of the answer; 0 where there was none. */
  readonly status: number;
  readonly atMs: number;
}

/** Longer than the operator keeps a connection that it does not use. */
const KEEP_ALIVE_MS = 120_000;

/** PEM. With `clientCa` a client must show a certificate that one of those has signed. */
export interface FrontTls {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string;
}

/**
 * Stands between the operator and an Admin API, the double's or a real one's: counts what passes, can speak TLS, can want a
 * client certificate, a token and other headers, and can be down.
 */
export class AdminFront {
  readonly requests: FrontRequest[] = [];
  /** Connections that the operator opened, or tried to open while it was cut off. */
  connections = 0;
  readonly #target: URL;
  readonly #host: string;
  readonly #agent: http.Agent;
  readonly #sockets = new Set<Socket>();
  #server: http.Server | https.Server | undefined;
  #port = 0;
  #headers: Readonly<Record<string, string>> = {};
  #tls: FrontTls | undefined;
  #isCut = false;
  #pause: { left: number; readonly seconds: number } | undefined;

  private constructor(adminUrl: string, host: string) {
    this.#target = new URL(adminUrl);
    this.#host = host;
    const Agent = this.#target.protocol === "https:" ? https.Agent : http.Agent;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 64, timeout: 30_000 });
  }

  /** @param host the address of this machine on which it listens. */
  static async start(adminUrl: string, host = "127.0.0.1"): Promise<AdminFront> {
    const front = new AdminFront(adminUrl, host);
    await front.#listen();
    return front;
  }

  get url(): string {
    return `${this.#tls ? "https" : "http"}://${this.address}`;
  }

  /** Host and port. */
  get address(): string {
    return `${this.#host}:${this.#port}`;
  }

  /** What wrote: POST, PUT, PATCH and DELETE. */
  get writes(): readonly FrontRequest[] {
    return this.requests.filter(({ method }) => method !== "GET" && method !== "HEAD");
  }

  get reads(): readonly FrontRequest[] {
    return this.requests.filter(({ method }) => method === "GET" || method === "HEAD");
  }

  /** How often the operator has compared everything with Kong: by the services' list, or by the configuration's hash. */
  get checks(): number {
    return this.requests.filter(({ path }) => /^\/services\?(?!.*offset=)/.test(path) || path === "/status").length;
  }

  reset(): void {
    this.requests.length = 0;
    this.connections = 0;
  }

  /** From now on everything without this value of Kong-Admin-Token is answered with 401. */
  requireToken(token: string): void {
    this.requireHeaders({ "kong-admin-token": token });
  }

  /** From now on everything without these headers, named in lower case, is answered with 401. */
  requireHeaders(headers: Readonly<Record<string, string>>): void {
    this.#headers = headers;
  }

  /** The next writes are answered with 429, as by a gateway that is busy loading another configuration. */
  askForPause(writes: number, seconds: number): void {
    this.#pause = { left: writes, seconds };
  }

  /** From now on TLS is spoken with this certificate; connections that stand are closed. */
  async useTls(tls: FrontTls): Promise<void> {
    this.#tls = tls;
    await this.refuse();
    await this.restore();
  }

  /** Connections are taken and reset at once, so that they can be counted. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Nothing listens any more. */
  async refuse(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Ends {@link cut} and {@link refuse}. */
  async restore(): Promise<void> {
    this.#isCut = false;
    if (!this.#server) await this.#listen();
  }

  async stop(): Promise<void> {
    await this.refuse();
    this.#agent.destroy();
  }

  async #listen(): Promise<void> {
    const serve: http.RequestListener = (request, response) => this.#serve(request, response);
    const server = this.#tls ? https.createServer(tlsOptions(this.#tls), serve) : http.createServer(serve);
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.on("connection", (socket) => {
      this.connections += 1;
      if (this.#isCut) return void socket.resetAndDestroy();
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port, this.#host, resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  #serve(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { method = "GET", url: path = "/" } = request;
    const record = (status: number): void => void this.requests.push({ method, path, status, atMs: Date.now() });
    if (this.#tls?.clientCa !== undefined && !(request.socket as TLSSocket).authorized) {
      record(400);
      request.resume();
      // As nginx says it, and so Kong.
      response.writeHead(400, { "content-type": "text/html" }).end("<html>No required SSL certificate was sent</html>");
      return;
    }
    if (Object.entries(this.#headers).some(([name, value]) => request.headers[name] !== value)) {
      record(401);
      request.resume();
      response.writeHead(401, { "content-type": "application/json" }).end('{"message":"Unauthorized"}');
      return;
    }
    if (this.#pause && this.#pause.left > 0 && method !== "GET") {
      this.#pause.left -= 1;
      record(429);
      request.resume();
      const headers = { "content-type": "application/json", "retry-after": String(this.#pause.seconds) };
      response.writeHead(429, headers).end('{"message":"Currently processing another configuration request"}');
      return;
    }
    const { request: send } = this.#target.protocol === "https:" ? https : http;
    const base = this.#target.pathname.replace(/\/$/, "");
    const onward = send(
      new URL(base + path, this.#target),
      { method, headers: { ...request.headers, host: this.#target.host }, agent: this.#agent },
      (answer) => {
        record(answer.statusCode ?? 0);
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
        answer.on("error", () => response.destroy());
      },
    );
    onward.on("error", () => {
      record(0);
      response.destroy();
    });
    response.on("close", () => {
      if (!response.writableFinished) onward.destroy();
    });
    request.pipe(onward);
  }
}

function tlsOptions({ cert, key, clientCa }: FrontTls): https.ServerOptions {
  const client = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: false };
  return { cert, key, ...client };
}
