import type { Json, JsonObject } from "../../../../src/model/json.ts";

/** What `url` stands for in a service: protocol, host, port and path, as Kong's URL parser cuts them. */
export function parseServiceUrl(url: string): JsonObject {
  const parts = splitUrl(url);
  const port = parts.port === undefined ? undefined : portOf(parts.port);
  const guessed = port === 80 ? "http" : port === 443 ? "https" : undefined;
  const protocol = parts.scheme ?? guessed ?? "http";
  return {
    protocol,
    host: parts.host ?? null,
    port: port ?? (protocol === "https" ? 443 : 80),
    path: parts.path ?? null,
  };
}

export interface UrlParts {
  readonly scheme: string | undefined;
  readonly host: string | undefined;
  readonly port: string | undefined;
  readonly path: string | undefined;
}

/** RFC 2396 without its checks: whatever is no scheme, authority, query or fragment is the path. */
export function splitUrl(url: string): UrlParts {
  let rest = url.replace(/#.*$/s, "");
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(rest)?.[1];
  if (scheme !== undefined) rest = rest.slice(scheme.length + 1);
  const authority = /^\/\/([^/]*)/.exec(rest)?.[1];
  if (authority !== undefined) rest = rest.slice(authority.length + 2);
  const path = rest.replace(/\?.*$/s, "").replace(/;.*$/s, "");
  const address = authority?.replace(/^[^@]*@/, "");
  const port = address === undefined ? undefined : /:([^:\]]*)$/.exec(address)?.[1];
  const host = port === undefined ? address : address?.slice(0, address.length - port.length - 1);
  return {
    scheme: scheme?.toLowerCase(),
    host: host === undefined || host === "" ? undefined : host.replace(/^\[(.+)\]$/, "$1"),
    port: port === "" ? undefined : port,
    path: path === "" ? undefined : path,
  };
}

function portOf(text: string): Json {
  const port = Number(text);
  return Number.isNaN(port) ? text : port;
}
