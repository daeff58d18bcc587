import { once } from "node:events";
import { createServer, request as send, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One request as it comes by. */
export interface Passing {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
}

/** `before`: the server never sees the request. `after`: it answers, and the answer gets lost. */
export type Cut = "before" | "after";

/** Stands before a server: counts what comes by, cuts connections, and can be away. */
export class HttpFront {
  readonly requests: Passing[] = [];
  readonly #target: URL;
  readonly #server: Server;
  #port = 0;
  #cut: (passing: Passing) => Cut | undefined = () => undefined;

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((request, response) => this.#pass(request, response));
  }

  static async start(target: string): Promise<HttpFront> {
    const front = new HttpFront(target);
    await front.up();
    return front;
  }

  /** The address of the target as seen through the front, with its path. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}${this.#target.pathname.replace(/\/$/, "")}`;
  }

  /** @param cut is asked about each request; `kill` and the like can be done in it. */
  cutWhere(cut: (passing: Passing) => Cut | undefined): void {
    this.#cut = cut;
  }

  mend(): void {
    this.#cut = () => undefined;
  }

  async down(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async up(): Promise<void> {
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    if (this.#server.listening) await this.down();
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const { method = "GET", url = "/" } = request;
    const passing = { method, path: url.split("?")[0] ?? "/" };
    this.requests.push(passing);
    const cut = this.#cut(passing);
    if (cut === "before") {
      request.socket.destroy();
      return;
    }
    const { hostname, port } = this.#target;
    const forwarded = send({ hostname, port, method, path: url, headers: request.headers }, (answer) => {
      if (cut === "after") {
        answer.resume().on("end", () => request.socket.destroy());
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forwarded.on("error", () => request.socket.destroy());
    response.on("close", () => forwarded.destroy());
    request.pipe(forwarded);
  }
}
