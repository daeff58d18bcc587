import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Received {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export type Handler = (request: Received, response: ServerResponse) => void;

/** An HTTP server in the API server's place; the test answers each request by hand. */
export class HttpApi {
  readonly received: Received[] = [];
  /** Connections opened so far. */
  connections = 0;
  handler: Handler = (_request, response) => answer(response, 200, {});
  readonly folder: string;
  readonly #server: Server;

  private constructor(server: Server, folder: string) {
    this.#server = server;
    this.folder = folder;
    server.on("connection", () => this.connections++);
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { method = "", url = "", headers } = request;
        const received = { method, url: new URL(url, this.url), headers, body: Buffer.concat(chunks).toString() };
        this.received.push(received);
        this.handler(received, response);
      });
    });
  }

  static async start(): Promise<HttpApi> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new HttpApi(server, await mkdtemp(join(tmpdir(), "kjo-http-api-")));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Writes a kubeconfig for this server. `path` is put behind the server's address. */
  async kubeconfig(user: object = { token: "t0ken" }, path = ""): Promise<string> {
    const file = join(this.folder, "kubeconfig");
    const config = {
      clusters: [{ name: "c", cluster: { server: this.url + path, "insecure-skip-tls-verify": true } }],
      users: [{ name: "u", user }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    };
    await writeFile(file, JSON.stringify(config));
    return file;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.folder, { recursive: true });
  }
}

export function answer(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

/** A Status, as the API server answers an error. */
export function answerStatus(
  response: ServerResponse,
  code: number,
  reason: string,
  message = "…",
  headers: Record<string, string> = {},
): void {
  answer(response, code, { kind: "Status", status: "Failure", code, reason, message }, headers);
}
