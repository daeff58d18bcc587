import { isIPv4, isIPv6 } from "node:net";

/** An IP address as a number; an IPv4 address is its IPv4-mapped IPv6 one. */
export type IpNumber = bigint;

const MAPPED = 0xffffn << 32n;

/**
 * The address that a host is, in every spelling that resolvers take: `127.1`, `0x7f000001`, `2130706433`, `[::1]`,
 * `::ffff:127.0.0.1`; undefined for a name.
 */
export function ipOf(host: string): IpNumber | undefined {
  const bare = host.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  if (isIPv6(bare)) return unmapped(parseIPv6(bare));
  if (!/^[0-9a-fx.]+$/i.test(bare)) return undefined;
  // The URL standard's parser knows the spellings that inet_aton takes.
  const parsed = URL.parse(`http://${bare}/`)?.hostname;
  return parsed !== undefined && isIPv4(parsed) ? parseIPv4(parsed) : undefined;
}

/** True where the address lies in `10.0.0.0/8`, `fd00::/8` or is `10.1.2.3`. */
export function isInBlock(ip: IpNumber, block: string): boolean {
  const [address = "", length] = block.split("/");
  const isV4 = isIPv4(address);
  if (!isV4 && !isIPv6(address)) return false;
  const base = isV4 ? parseIPv4(address) : unmapped(parseIPv6(address));
  const bits = length === undefined ? 128 : Number(length) + (isV4 ? 96 : 0);
  if (!(bits >= 0 && bits <= 128)) return false;
  const shift = BigInt(128 - bits);
  return ip >> shift === base >> shift;
}

function parseIPv4(address: string): IpNumber {
  return address.split(".").reduce((value, part) => (value << 8n) | BigInt(part), 0n) | MAPPED;
}

function parseIPv6(address: string): IpNumber {
  const [plain = ""] = address.split("%");
  const hex = plain.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((group) => group.toString(16)).join(":"),
  );
  const [head = "", tail] = hex.split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - first.length - last.length }, () => "0");
  return [...first, ...zeros, ...last].reduce((value, group) => (value << 16n) | BigInt(`0x${group || "0"}`), 0n);
}

/** NAT64 (64:ff9b::/96) and IPv4-compatible addresses lead to the IPv4 address in them. */
function unmapped(ip: IpNumber): IpNumber {
  const isNat64 = ip >> 32n === 0x0064ff9bn << 64n;
  const isCompatible = ip >> 32n === 0n && ip > 0xffffn;
  return isNat64 || isCompatible ? (ip & 0xffffffffn) | MAPPED : ip;
}
