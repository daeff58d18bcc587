import { isIPv4, isIPv6 } from "node:net";

const DEFAULT_PORT = 8000;

/**
 * A target's address as Kong stores it: `host` -> `host:8000`, `::1` -> `[0000:…:0001]:8000`, `10.0.0.01:80` ->
 * `10.0.0.1:80`. What is no address comes back as it is, so that Kong itself refuses it.
 * Source: Kong's targets schema; POST /upstreams/{upstream}/targets answers with the stored form.
 */
export function storedTargetAddress(target: string): string {
  const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(target);
  if (bracketed) {
    const [, address = "", port] = bracketed;
    return isIPv6(address) ? `[${expandIPv6(address)}]:${port ?? DEFAULT_PORT}` : target;
  }
  if (isIPv6(target)) return `[${expandIPv6(target)}]:${DEFAULT_PORT}`;
  const [host = "", port, ...rest] = target.split(":");
  if (rest.length > 0 || host === "") return target;
  const name = /^\d+(\.\d+){3}$/.test(host) ? decimalIPv4(host) : host;
  return `${name}:${port === undefined ? DEFAULT_PORT : Number(port)}`;
}

function decimalIPv4(host: string): string {
  const decimal = host.split(".").map(Number).join(".");
  return isIPv4(decimal) ? decimal : host;
}

/** All eight groups of four digits, in lower case; an embedded IPv4 address becomes two groups. */
function expandIPv6(address: string): string {
  const plain = address
    .toLowerCase()
    .replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
      [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((group) => group.toString(16)).join(":"),
    );
  const [head = "", tail] = plain.split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => "0");
  return [...first, ...zeros, ...last].map((group) => group.padStart(4, "0")).join(":");
}
