import type { Json, JsonObject } from "../../../../../src/model/json.ts";
import { isJsonObject } from "../../../../../src/model/json.ts";
import { isNonEmpty } from "../lua-value.ts";

const STREAM = new Set(["tcp", "udp", "tls", "tls_passthrough"]);

/** The expression that Kong's router makes of the classic fields of a route; an expression of its own wins. */
export function routeExpression(route: JsonObject): string {
  if (typeof route["expression"] === "string") return route["expression"];
  const protocols = texts(route["protocols"]);
  const isStream = STREAM.has(protocols[0] ?? "");
  const parts = [
    sniPart(texts(route["snis"]), isStream ? "tls" : "https"),
    netPart("src", route["sources"]),
    netPart("dst", route["destinations"]),
  ];
  if (!isStream) {
    parts.push(anyOf(texts(route["methods"]).map((method) => `http.method == ${quote(method)}`)));
    parts.push(anyOf(texts(route["hosts"]).map(hostTerm)));
    parts.push(anyOf(texts(route["paths"]).map(pathTerm)));
    parts.push(...headerParts(route["headers"]));
  }
  return parts.filter((part) => part !== undefined).join(" && ");
}

function sniPart(snis: string[], protocol: string): string | undefined {
  const terms = snis.map((sni) => {
    if (sni.startsWith("*")) return `tls.sni =^ ${quote(withoutLastDot(sni).slice(1))}`;
    if (sni.endsWith("*")) return `tls.sni ^= ${quote(sni.slice(0, -1))}`;
    return `tls.sni == ${quote(withoutLastDot(sni))}`;
  });
  // A connection that is not encrypted has no name to compare.
  return terms.length === 0 ? undefined : `(net.protocol != ${quote(protocol)} || (${terms.join(" || ")}))`;
}

function netPart(side: "src" | "dst", value: Json | undefined): string | undefined {
  const terms = (Array.isArray(value) ? value : []).filter(isJsonObject).map(({ ip, port }) => {
    const portTerm = typeof port === "number" ? `net.${side}.port == ${String(port)}` : undefined;
    if (typeof ip !== "string") return portTerm ?? "";
    const ipTerm = `net.${side}.ip ${ip.includes("/") ? "in" : "=="} ${ip}`;
    return portTerm === undefined ? ipTerm : `(${ipTerm} && ${portTerm})`;
  });
  return anyOf(terms);
}

function hostTerm(text: string): string {
  const [, host = text, port] = /^([^:]*):(\d+)$/.exec(text) ?? [];
  const term = host.startsWith("*")
    ? `http.host =^ r#"${host.slice(1)}"#`
    : host.endsWith("*")
      ? `http.host ^= r#"${host.slice(0, -1)}"#`
      : `http.host == r#"${host}"#`;
  return port === undefined ? term : `(${term} && net.dst.port == ${port})`;
}

function pathTerm(path: string): string {
  if (!path.startsWith("~")) return `http.path ^= ${quote(path)}`;
  return `http.path ~ ${quote(`^${path.slice(1).replaceAll("?<", "?P<")}`)}`;
}

function headerParts(headers: Json | undefined): string[] {
  if (!isJsonObject(headers) || !isNonEmpty(headers)) return [];
  return Object.entries(headers).map(([name, values]) => {
    const field = `any(lower(http.headers.${name.toLowerCase().replaceAll("-", "_")}))`;
    const terms = texts(values).map((value) =>
      value.startsWith("~*")
        ? `${field} ~ ${quote(value.slice(2).toLowerCase())}`
        : `${field} == ${quote(value.toLowerCase())}`,
    );
    // Kong does not look whether the list is empty, and refuses its own expression then.
    return `(${terms.join(" || ")})`;
  });
}

function anyOf(terms: readonly string[]): string | undefined {
  return terms.length === 0 ? undefined : `(${terms.join(" || ")})`;
}

function withoutLastDot(name: string): string {
  return name.length > 1 && name.endsWith(".") ? name.slice(0, -1) : name;
}

function texts(value: Json | undefined): string[] {
  return Array.isArray(value) ? (value as string[]) : [];
}

function quote(text: string): string {
  if (!text.includes('"#')) return `r#"${text}"#`;
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
