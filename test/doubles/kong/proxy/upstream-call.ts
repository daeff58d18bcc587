import http from "node:http";
import https from "node:https";
import type { IncomingMessage } from "node:http";
import type { UpstreamRequest } from "./exchange.ts";

/** Where one try goes. */
export interface UpstreamAddress {
  readonly protocol: "http" | "https";
  readonly ip: string;
  readonly port: number;
  /** Name for TLS. */
  readonly hostname: string;
}

export interface UpstreamTimeouts {
  readonly connectMs: number;
  readonly writeMs: number;
  readonly readMs: number;
}

/**
 * Why a backend gave no usable response: no connection, one that ended early, one that ended although it had served a
 * request before (the backend may just have closed it as idle), or silence.
 */
export type FailureKind = "refused" | "broken" | "stale" | "timeout";

/** Decides the status of the answer: 504 for a timeout, 502 for the rest. */
export class UpstreamFailure extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, cause?: unknown) {
    super(`backend ${kind}`, { cause });
    this.kind = kind;
  }
}

/** Keep-alive connections to the backends. */
export class UpstreamClient {
  readonly #http = new http.Agent({ keepAlive: true, maxFreeSockets: 64 });
  readonly #https = new https.Agent({ keepAlive: true, maxFreeSockets: 64, rejectUnauthorized: false });

  /**
   * Sends the request and answers as soon as the response's head is there.
   *
   * @throws UpstreamFailure when there is no response.
   */
  send(address: UpstreamAddress, request: UpstreamRequest, timeouts: UpstreamTimeouts): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const secure = address.protocol === "https";
    const call = (secure ? https : http).request({
      agent: secure ? this.#https : this.#http,
      host: address.ip,
      servername: address.hostname,
      port: address.port,
      method: request.method,
      path: request.query === "" ? request.path : `${request.path}?${request.query}`,
      headers: request.headers.toRaw(),
      setDefaultHeaders: false,
    });
    let connected = false;
    let timedOut = false;
    let timer = after(timeouts.connectMs);

    function after(ms: number): NodeJS.Timeout {
      return setTimeout(() => {
        timedOut = true;
        call.destroy();
      }, ms);
    }
    function connectedNow(): void {
      connected = true;
      clearTimeout(timer);
      timer = after(timeouts.writeMs + timeouts.readMs);
    }
    call.once("socket", (socket) => {
      if (socket.connecting) socket.once(secure ? "secureConnect" : "connect", connectedNow);
      else connectedNow();
    });
    call.once("finish", () => {
      clearTimeout(timer);
      timer = after(connected ? timeouts.readMs : timeouts.connectMs + timeouts.readMs);
    });
    call.once("response", (response) => {
      clearTimeout(timer);
      response.setTimeout(timeouts.readMs, () => response.destroy());
      resolve(response);
    });
    call.once("error", (error) => {
      clearTimeout(timer);
      const lost = call.reusedSocket ? "stale" : connected ? "broken" : "refused";
      reject(new UpstreamFailure(timedOut ? "timeout" : lost, error));
    });
    call.end(request.body);
    return promise;
  }

  stop(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}
