import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";

/** A question as it came. */
export interface Asked {
  readonly path: string;
  readonly parameters: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
}

/** An answer; `silence` holds the question until the server ends, `reset` breaks the connection. */
export type Answer = "silence" | "reset" | HttpAnswer;

interface HttpAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Plays Consul's part by a list of answers, the last of which is given to all further questions. */
export class ConsulServer {
  readonly asked: Asked[] = [];
  readonly url: string;
  readonly #server: http.Server;
  #answers: Answer[];

  private constructor(server: http.Server, answers: readonly Answer[]) {
    this.#server = server;
    this.#answers = [...answers];
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request, response) => this.#serve(request, response));
  }

  static async start(...answers: readonly Answer[]): Promise<ConsulServer> {
    const server = http.createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new ConsulServer(server, answers);
  }

  /** The index of each question, 0 where it had none. */
  get indexes(): number[] {
    return this.asked.map(({ parameters }) => Number(parameters.get("index") ?? 0));
  }

  /** What comes from now on. */
  answer(...answers: readonly Answer[]): void {
    this.#answers = [...answers];
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #serve(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? "/", this.url);
    this.asked.push({ path: pathname, parameters: searchParams, headers: request.headers });
    const answer = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0];
    if (answer === undefined || answer === "silence") return;
    if (answer === "reset") return void request.socket.resetAndDestroy();
    const { status = 200, headers = {}, body = [] } = answer;
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  }
}

/** An answer of 200 at an index, with instances as {@link instance} makes them. */
export function at(index: number | string, ...body: readonly unknown[]): Answer {
  return { headers: { "x-consul-index": String(index) }, body };
}

export function instance(address: string, port: number, fields: Readonly<Record<string, unknown>> = {}) {
  return { Node: { Address: "10.9.9.9" }, Service: { Service: "order", Address: address, Port: port, ...fields } };
}
