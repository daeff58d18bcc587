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

/** Why a backend gave no usable response; decides the status of the answer, 504 for timeouts and 502 for the rest. */
export class UpstreamFailure extends Error {
  readonly kind: "refused" | "broken" | "timeout";

  constructor(kind: "refused" | "broken" | "timeout", cause?: unknown) {
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
      if (call.reusedSocket && !timedOut) {
        // The backend closed an idle connection just as it was used again: nothing was lost, another one will do.
        resolve(this.send(address, request, timeouts));
        return;
      }
      reject(new UpstreamFailure(timedOut ? "timeout" : connected ? "broken" : "refused", error));
    });
    call.end(request.body);
    return promise;
  }

  stop(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}
