import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { KongError } from "../errors.ts";
import type { JsonObject } from "../../../../src/model/json.ts";
import { UnexpectedInputError } from "../schema/validate.ts";
import { parseBody, refuseContentType } from "./body.ts";
import type { AdminRequest } from "./request.ts";
import type { AdminResponse } from "./response.ts";
import { METHOD_NOT_ALLOWED, NOT_FOUND, UNEXPECTED } from "./response.ts";
import type { Router } from "./router.ts";

const WRITES: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/** What stands between the socket and the handlers: the double's faults, pace and counters. */
export interface AdminHooks {
  /** Called with the request read; what it returns is answered instead, `drop` closes the connection. */
  before(request: AdminRequest): Promise<AdminResponse | "drop" | undefined>;
  /** Called once the request has been applied; `drop` loses the answer. */
  after(request: AdminRequest, response: AdminResponse): Promise<"drop" | undefined>;
}

/** The Admin API on a socket of its own. */
export class AdminServer {
  readonly #router: Router;
  readonly #hooks: AdminHooks;
  #server: Server | undefined;
  #port = 0;

  constructor(router: Router, hooks: AdminHooks) {
    this.#router = router;
    this.#hooks = hooks;
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.#port)}`;
  }

  /** Listens; after {@link stop} on the same port again. */
  async start(port: number): Promise<void> {
    const server = createServer((request, response) => {
      this.#serve(request, response).catch(() => {
        response.destroy();
      });
    });
    server.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port === 0 ? port : this.#port, "127.0.0.1", resolve);
    });
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Stops listening and closes every connection. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    await new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const bodyText = await readBody(incoming);
    const request = parseRequest(incoming, bodyText);
    const refusal = await this.#hooks.before(request);
    if (refusal === "drop") {
      outgoing.destroy();
      return;
    }
    const response = refusal ?? (await this.#answer(request));
    if ((await this.#hooks.after(request, response)) === "drop") {
      outgoing.destroy();
      return;
    }
    write(outgoing, response, request.method === "HEAD");
  }

  async #answer(request: AdminRequest): Promise<AdminResponse> {
    const found = this.#router.find(request.segments);
    if (found === undefined) return NOT_FOUND;
    if (request.method === "OPTIONS") return optionsResponse(Object.keys(found.handlers));
    const isWrite = WRITES.has(request.method);
    const refusal = isWrite ? refuseContentType(request.path, request.contentType, request.bodyText !== "") : undefined;
    if (refusal !== undefined) return refusal;
    const handler = found.handlers[request.method === "HEAD" ? "GET" : request.method];
    if (handler === undefined) return METHOD_NOT_ALLOWED;
    const parsed = isWrite ? parseBody(request.contentType, request.bodyText) : { body: {} as JsonObject };
    if ("refusal" in parsed) return parsed.refusal;
    try {
      return await handler({ ...request, body: parsed.body }, found.params);
    } catch (error) {
      if (error instanceof KongError) return { status: error.status, json: error.body };
      if (error instanceof UnexpectedInputError) return UNEXPECTED;
      throw error;
    }
  }
}

function optionsResponse(methods: readonly string[]): AdminResponse {
  const allowed = [...new Set([...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"])].sort().join(", ");
  return {
    status: 204,
    headers: {
      Allow: allowed,
      "Access-Control-Allow-Methods": allowed,
      "Access-Control-Allow-Headers": "Content-Type",
    },
  };
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function parseRequest(incoming: IncomingMessage, bodyText: string): AdminRequest {
  const target = incoming.url ?? "/";
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  const trimmed = path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
  return {
    method: incoming.method ?? "GET",
    path,
    segments: trimmed === "/" ? [] : trimmed.slice(1).split("/").map(decode),
    query: new URLSearchParams(mark < 0 ? "" : target.slice(mark + 1)),
    contentType: (incoming.headers["content-type"] ?? "").toLowerCase(),
    bodyText,
    body: {},
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function write(outgoing: ServerResponse, response: AdminResponse, isHead: boolean): void {
  const text = response.html ?? (response.json === undefined ? "" : JSON.stringify(response.json));
  const type = response.html === undefined ? "application/json; charset=utf-8" : "text/html; charset=UTF-8";
  outgoing.writeHead(response.status, {
    ...(text === "" ? {} : { "Content-Type": type }),
    ...(response.status === 204 ? {} : { "Content-Length": Buffer.byteLength(text) }),
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Credentials": "true",
    Server: "kong/3.9.1",
    ...response.headers,
  });
  outgoing.end(isHead ? undefined : text);
}
