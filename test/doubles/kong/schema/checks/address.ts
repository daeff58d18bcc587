/** A host with an optional port, as Kong reads it. */
export interface Address {
  readonly kind: "name" | "ipv4" | "ipv6";
  /** IPv6 in full: eight groups of four digits. */
  readonly host: string;
  readonly port: number | undefined;
}

const PORT_ERROR = "invalid port number";

/** The address, or the text of what is wrong with it. */
export function parseAddress(text: string): Address | string {
  const colons = text.split(":").length - 1;
  if (colons > 1) return parseIpv6(text);
  return /^[\d.]+$/.test(text.replaceAll(":", "")) ? parseIpv4(text) : parseHostname(text);
}

export function isBadPort(result: Address | string): boolean {
  return result === PORT_ERROR;
}

/** `host:port`, IPv6 in brackets. */
export function formatAddress(address: Address, defaultPort: number): string {
  const host = address.kind === "ipv6" ? `[${address.host}]` : address.host;
  return `${host}:${String(address.port ?? defaultPort)}`;
}

function parseIpv4(text: string): Address | string {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?::(\d+))?$/.exec(text);
  const parts = match?.slice(1, 5).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return `invalid ipv4 address: ${text}`;
  const port = portOf(match?.[5]);
  return port === "bad" ? PORT_ERROR : { kind: "ipv4", host: parts.join("."), port };
}

function parseIpv6(text: string): Address | string {
  const bracketed = /^\[(.*)\](.*)$/.exec(text);
  const portText = bracketed?.[2] ?? "";
  if (portText !== "" && !/^:\d+$/.test(portText)) return "invalid ipv6 address";
  const port = portOf(portText === "" ? undefined : portText.slice(1));
  if (port === "bad") return PORT_ERROR;
  const host = expandIpv6(bracketed?.[1] ?? text);
  return host === undefined ? `invalid ipv6 address: ${text}` : { kind: "ipv6", host, port };
}

function expandIpv6(text: string): string | undefined {
  const [head = "", tail, more] = text.split("::");
  if (more !== undefined) return undefined;
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...left, ...Array.from({ length: missing }, () => "0"), ...right];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.map((group) => group.toLowerCase().padStart(4, "0")).join(":");
}

function parseHostname(text: string): Address | string {
  const portText = /:(\d+)$/.exec(text)?.[1];
  const port = portOf(portText);
  if (port === "bad") return PORT_ERROR;
  const name = portText === undefined ? text : text.slice(0, -portText.length - 1);
  const labels = name.split(".");
  if (!/^[A-Za-z0-9._-]+$/.test(name) || labels.some((label) => label === "" || label.endsWith("-"))) {
    return `invalid hostname: ${text}`;
  }
  return { kind: "name", host: name, port };
}

function portOf(text: string | undefined): number | undefined | "bad" {
  if (text === undefined) return undefined;
  const port = Number(text);
  return port > 65535 ? "bad" : port;
}

/** True for an address, or a block such as `10.0.0.0/8`. */
export function isIpOrCidr(text: string): boolean {
  const [address = "", bits, more] = text.split("/");
  if (more !== undefined || /[[\]]/.test(address)) return false;
  const parsed = parseAddress(address);
  if (typeof parsed === "string" || parsed.kind === "name" || parsed.port !== undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (parsed.kind === "ipv4" ? 32 : 128));
}
