import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "./logger.ts";

/** Undefined where all is well, else why not, as a sentence. */
export type HealthCheck = () => string | undefined;

export interface HealthServerOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** What makes a restart useful when it fails. */
  readonly live: Readonly<Record<string, HealthCheck>>;
  /** What must be so before traffic or a rollout counts on this replica. */
  readonly ready: Readonly<Record<string, HealthCheck>>;
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> };
  readonly logger: Logger;
}

export interface HealthServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves `/healthz`, `/readyz` and `/metrics`. The first two answer 200 or 503 with
 * `{"status":"unavailable","checks":{"informers":"kongroutes: listing"}}`.
 * @throws Error when the address cannot be listened on.
 */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const server = createServer((request, response) => {
    answer(request, response, options).catch((error: unknown) => {
      options.logger.error("health request failed by a bug", { path: request.url, error });
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  await listen(server, options.host, options.port).catch((error: NodeJS.ErrnoException) => {
    // A kernel without IPv6 has no `::`, by which every address is meant.
    if (options.host !== "::" || !["EAFNOSUPPORT", "EADDRNOTAVAIL"].includes(error.code ?? "")) throw error;
    return listen(server, "0.0.0.0", options.port);
  });
  const { address, port } = server.address() as AddressInfo;
  return { host: address, port, close: () => close(server) };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, options: HealthServerOptions): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { allow: "GET, HEAD" }).end();
    return;
  }
  switch ((request.url ?? "").split("?")[0]) {
    case "/healthz":
      return answerChecks(response, options.live);
    case "/readyz":
      return answerChecks(response, options.ready);
    case "/metrics": {
      const text = await options.metrics.metrics();
      response.writeHead(200, { "content-type": options.metrics.contentType }).end(text);
      return;
    }
    default:
      response.writeHead(404).end();
  }
}

function answerChecks(response: ServerResponse, checks: Readonly<Record<string, HealthCheck>>): void {
  const results = Object.entries(checks).map(([name, check]) => [name, check()] as const);
  const isWell = results.every(([, reason]) => reason === undefined);
  const body = {
    status: isWell ? "ok" : "unavailable",
    checks: Object.fromEntries(results.map(([name, reason]) => [name, reason ?? "ok"])),
  };
  response.writeHead(isWell ? 200 : 503, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
