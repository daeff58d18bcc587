import type { Json } from "../../../../../src/model/json.ts";
import type { CustomCheck } from "../field.ts";
import { splitUrl } from "../service-url.ts";
import { formatAddress, isBadPort, isIpOrCidr, parseAddress } from "./address.ts";
import { pcreError } from "./pcre.ts";

/** Port of a target that names none. */
export const DEFAULT_TARGET_PORT = 8000;

function ofText(check: (text: string) => string | undefined): CustomCheck {
  return (value: Json) => (typeof value === "string" ? check(value) : undefined);
}

export const host = ofText((text) => {
  const address = parseAddress(text);
  if (isBadPort(address)) return "must not have a port";
  if (typeof address === "string") return `invalid value: ${text}`;
  return address.port === undefined ? undefined : "must not have a port";
});

export const hostWithOptionalPort = ofText((text) => {
  const address = parseAddress(text);
  return typeof address === "string" ? address : undefined;
});

export const hostWithWildcards = ofText(
  (text) => hostWithOptionalPort(text.replaceAll("*", "abc")) as string | undefined,
);

export const sni = ofText((text) => {
  const address = parseAddress(text);
  if (isBadPort(address)) return "must not have a port";
  if (typeof address === "string") return `invalid value: ${text}`;
  if (address.kind !== "name") return "must not be an IP";
  return address.port === undefined ? undefined : "must not have a port";
});

export const wildcardHost = ofText((text) => {
  const star = text.indexOf("*");
  if (star < 0) return sni(text) as string | undefined;
  if (star > 0 && star < text.length - 1) return "wildcard must be leftmost or rightmost character";
  if (text.indexOf("*", star + 1) >= 0) return "only one wildcard must be specified";
  return sni(text.replace("*", "wildcard")) as string | undefined;
});

export const ipOrCidr = ofText((text) => (isIpOrCidr(text) ? undefined : `invalid ip or cidr range: '${text}'`));

export const utf8Name = ofText((text) =>
  /^[\w.\-~\u0080-\u{10ffff}]+$/u.test(text)
    ? undefined
    : `invalid value '${text}': the only accepted ascii characters are alphanumerics or ., -, _, and ~`,
);

export const tag = ofText((text) =>
  // eslint-disable-next-line no-control-regex -- the forbidden characters are control characters too
  /[\x00-\x1f,/\x7f]/.test(text)
    ? `invalid tag '${text}': expected printable ascii (except \`,\` and \`/\`) or valid utf-8 sequences`
    : undefined,
);

export const path = ofText((text) => {
  if (!/^\/[\w.\-~/%:@!$&'()*+,;=]*$/.test(text)) {
    return `invalid path: '${text}' (characters outside of the reserved list of RFC 3986 found)`;
  }
  return badPercent(text);
});

/** Prefixes may hold what no URL would; expressions begin with `~`. */
export const routerPath = ofText((text) => {
  if (/^\/[\w.\-~/%:@!$&'()*+,;=]*$/.test(text)) {
    const bad = badPercent(text);
    if (bad !== undefined) return bad;
  }
  if (!text.startsWith("~")) {
    const normalized = normalizePath(text);
    return normalized === text ? undefined : `non-normalized path, consider use '${normalized}' instead`;
  }
  const error = pcreError(text.slice(1));
  return error === undefined ? undefined : `invalid regex: '${text.slice(1)}' (PCRE returned: ${error})`;
});

function badPercent(text: string): string | undefined {
  const bad = /%(?![0-9A-Fa-f]{2}).{0,2}/.exec(text)?.[0];
  return bad === undefined ? undefined : `invalid url-encoded value: '${bad}'`;
}

// Needless escapes are undone, dots resolved and slashes merged.
function normalizePath(text: string): string {
  const unescaped = text.replace(/%[0-9A-Fa-f]{2}/g, (escape) => {
    const char = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return /[A-Za-z0-9._~-]/.test(char) ? char : escape.toUpperCase();
  });
  if (!/\/\.{1,2}(\/|$)|\/\//.test(unescaped)) return unescaped;
  const parts: string[] = [];
  for (const part of unescaped.split("/").slice(1)) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  const isOpen = /\/\.{1,2}$/.test(unescaped);
  return `/${parts.join("/")}${isOpen && parts.length > 0 ? "/" : ""}`.replace(/\/{2,}/g, "/");
}

export const headerName = ofText((text) =>
  /^[A-Za-z0-9_-]+$/.test(text)
    ? undefined
    : `bad header name '${text}', allowed characters are A-Z, a-z, 0-9, '_', and '-'`,
);

export const cookieName = ofText((text) =>
  /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/.test(text)
    ? undefined
    : `bad cookie name '${text}', allowed characters are A-Z, a-z, 0-9, '_', and '-'`,
);

export const url = ofText((text) => {
  const parts = splitUrl(text);
  if (parts.host === undefined) return "missing host in url";
  return parts.scheme === undefined ? "missing scheme in url" : undefined;
});

export const redirectUri = ofText((text) => {
  if (splitUrl(text).host === undefined) return `cannot parse '${text}'`;
  return text.includes("#") ? `fragment not allowed in '${text}'` : undefined;
});

export const upstreamName = ofText((text) => {
  const address = parseAddress(text);
  if (typeof address === "string") return `Invalid name ('${text}'); must be a valid hostname`;
  if (address.kind !== "name") return `Invalid name ('${text}'); no ip addresses allowed`;
  return address.port === undefined ? undefined : `Invalid name ('${text}'); no port allowed`;
});

export const target = ofText((text) =>
  typeof parseAddress(text) === "string" ? `Invalid target ('${text}'); not a valid hostname or ip address` : undefined,
);

/** The target as Kong keeps it, `127.0.0.1:8000`; undefined where it is none. */
export function normalizeTarget(text: string): string | undefined {
  const address = parseAddress(text);
  return typeof address === "string" ? undefined : formatAddress(address, DEFAULT_TARGET_PORT);
}

export const asteriskOrRegex = ofText((text) =>
  text === "*" || pcreError(text) === undefined ? undefined : `'${text}' is not a valid regex`,
);
