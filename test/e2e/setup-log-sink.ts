import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";

export interface LogEntry {
  readonly request?: { readonly uri?: string };
  readonly response?: { readonly status?: number };
  readonly consumer?: { readonly username?: string };
}

/** A server that http-log can send to. */
export class LogSink {
  readonly entries: LogEntry[] = [];
  readonly #server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
      this.entries.push(...([body].flat() as LogEntry[]));
      response.writeHead(200).end();
    });
  });
  #host = "";

  /** @param kongsHost the address under which a Kong elsewhere reaches this machine. */
  async start(kongsHost: string | undefined): Promise<void> {
    this.#host = kongsHost ?? "127.0.0.1";
    this.#server.listen(0, kongsHost ? "0.0.0.0" : "127.0.0.1");
    await once(this.#server, "listening");
  }

  get url(): string {
    return `http://${this.#host}:${(this.#server.address() as AddressInfo).port}/logs`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
