import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";

export interface Backend {
  readonly port: number;
  /** Requests served so far. */
  count(): number;
  stop(): Promise<void>;
}

/** What the backend answers: who it is and what it was asked. */
export interface Echo {
  readonly backend: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A service to route to: answers every request with its own name and what it was asked, as JSON ({@link Echo}). */
export async function startBackend(name: string, options: { port?: number; host?: string } = {}): Promise<Backend> {
  let requests = 0;
  const server = http.createServer((request, response) => {
    requests += 1;
    const body = JSON.stringify({ backend: name, method: request.method, path: request.url, headers: request.headers });
    response.writeHead(200, { "content-type": "application/json" }).end(`${body}\n`);
  });
  server.listen(options.port ?? 0, options.host ?? "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    count: () => requests,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
