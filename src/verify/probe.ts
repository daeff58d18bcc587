import { isIP } from "node:net";
import { Client } from "undici";
import { isTlsFailure } from "../http/transport.ts";
import type { Verification } from "../model/verification.ts";
import { ProbeError, type ProxyAnswer } from "./answer.ts";

/** Where the request goes. */
export interface ProxyTarget {
  /** `https://kong-proxy:8443`. */
  readonly url: string;
  /** PEM; the system's unless set. */
  readonly ca?: string;
  readonly insecureSkipVerify?: boolean;
}

export type Probe = (verification: Verification, target: ProxyTarget, signal: AbortSignal) => Promise<ProxyAnswer>;

/** Of a body no more is read: it is looked at for Kong's own message only. */
const BODY_LIMIT_BYTES = 4 * 1024;
const USER_AGENT = "kjo-verify";

/**
 * Sends one request through the proxy, on a connection of its own: a kept one would always ask the same worker of the
 * gateway. Redirects are not followed.
 * @throws ProbeError where no answer came.
 */
export const probe: Probe = async (verification, target, signal) => {
  const { method, path, host, headers, timeoutMs } = verification;
  const url = new URL(target.url);
  const client = new Client(url.origin, {
    allowH2: false,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connect: {
      timeout: timeoutMs,
      ...(url.protocol === "https:" ? tlsOptions(verification, target, url) : {}),
    },
  });
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const answer = await client.request({
      method: method as "GET",
      path,
      headers: { "user-agent": USER_AGENT, ...(host === undefined ? {} : { host }), ...headers },
      signal: AbortSignal.any([signal, deadline]),
    });
    const body = await readSome(answer.body);
    return { status: answer.statusCode, headers: flatHeaders(answer.headers), body };
  } catch (error) {
    throw deadline.aborted ? new ProbeError("timeout", `no answer within ${timeoutMs / 1000} s`) : probeError(error);
  } finally {
    await client.destroy();
  }
};

function tlsOptions(
  { host, serverName }: Verification,
  { ca, insecureSkipVerify }: ProxyTarget,
  url: URL,
): { ca?: string; rejectUnauthorized?: boolean; servername?: string } {
  const name = serverName ?? host?.replace(/:\d+$/, "") ?? url.hostname;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(insecureSkipVerify ? { rejectUnauthorized: false } : {}),
    // An address cannot be a server name.
    ...(isIP(name.replace(/^\[|\]$/g, "")) === 0 ? { servername: name } : {}),
  };
}

async function readSome(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= BODY_LIMIT_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, BODY_LIMIT_BYTES).toString("utf8");
}

function flatHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) flat[name] = [value].flat().join(", ");
  return flat;
}

const TIMEOUT = new Set(["UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT", "ETIMEDOUT"]);

function probeError(error: unknown): ProbeError {
  const { code = "", message = String(error) } = error as { code?: string; message?: string };
  // The local port of a connection changes with each: the same trouble has the same words.
  const text = code === "" || message.includes(code) ? message : `${message} (${code})`;
  if (isTlsFailure(code)) return new ProbeError("tls", text);
  return new ProbeError(TIMEOUT.has(code) ? "timeout" : "unreachable", text);
}
