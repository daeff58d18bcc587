import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { KongError } from "../errors.ts";
import type { JsonObject } from "../../../../src/model/json.ts";
import { UnexpectedInputError } from "../schema/validate.ts";
import { parseBody, refuseContentType } from "./body.ts";
import type { ServerLoad } from "./node-info.ts";
import type { AdminRequest } from "./request.ts";
import type { AdminResponse } from "./response.ts";
import { METHOD_NOT_ALLOWED, NOT_FOUND, UNEXPECTED, htmlError } from "./response.ts";
import type { Router } from "./router.ts";

/** nginx reads a request's first line into 8 KB. */
const MAX_TARGET_LENGTH = 8175;

const WRITES: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/** What stands between the socket and the handlers: the double's faults, pace and counters. */
export interface AdminHooks {
  /**
   * Called with the request read. A response is answered instead of handling the request; `drop` closes the
   * connection before, `drop-after` after the request has been applied.
   */
  before(request: AdminRequest): Promise<AdminResponse | "drop" | "drop-after" | undefined>;
  /** Called with the status of the answer, 0 where none goes out. */
  after(request: AdminRequest, status: number): void;
}

/** The Admin API on a socket of its own. */
export class AdminServer {
  readonly #router: Router;
  readonly #hooks: AdminHooks;
  #server: Server | undefined;
  #port = 0;
  #accepted = 0;
  #open = 0;
  #requests = 0;
  #serving = 0;

  constructor(router: Router, hooks: AdminHooks) {
    this.#router = router;
    this.#hooks = hooks;
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.#port)}`;
  }

  get load(): ServerLoad {
    return { accepted: this.#accepted, open: this.#open, requests: this.#requests, serving: this.#serving };
  }

  /** Listens; after {@link stop} on the same port again. Nothing happens where it listens already. */
  async start(port: number): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer((request, response) => {
      this.#requests++;
      this.#serving++;
      this.#serve(request, response)
        .catch((error: unknown) => {
          // A fault of the double itself: tests should see it, not a lost connection.
          write(response, { status: 500, json: { message: `the Kong double failed: ${String(error)}` } }, false);
        })
        .finally(() => {
          this.#serving--;
        });
    });
    server.on("connection", (socket) => {
      this.#accepted++;
      this.#open++;
      socket.once("close", () => {
        this.#open--;
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
    const fault = await this.#hooks.before(request);
    const response = fault === undefined || fault === "drop-after" ? await this.#answer(request) : fault;
    const isLost = response === "drop" || fault === "drop-after";
    this.#hooks.after(request, isLost ? 0 : response.status);
    if (isLost) outgoing.destroy();
    else write(outgoing, response, request.method === "HEAD");
  }

  async #answer(request: AdminRequest): Promise<AdminResponse> {
    if (request.target.length > MAX_TARGET_LENGTH) return htmlError(414, "Request-URI Too Large");
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
    target,
    path,
    segments: trimmed === "/" ? [] : trimmed.slice(1).split("/").map(decode),
    query: new URLSearchParams(mark < 0 ? "" : target.slice(mark + 1)),
    contentType: incoming.headers["content-type"] ?? "",
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
