import type { JsonObject } from "../../../../src/model/json.ts";
import { numberOf, recordOf, textOf, textsOf } from "./json-fields.ts";

export type RouterFlavor = "traditional" | "traditional_compatible" | "expressions";

/** One way to match a route: paths of different priority become matchers of their own. */
export interface RouteMatcher {
  readonly route: JsonObject;
  readonly id: string;
  readonly createdAt: number;
  /** Undefined for a regular expression and for a route without paths. */
  readonly prefix: string | undefined;
  readonly regex: RegExp | undefined;
  readonly hosts: readonly HostPattern[];
  /** Empty: every method. */
  readonly methods: ReadonlySet<string>;
  readonly headers: readonly { readonly name: string; readonly values: readonly (string | RegExp)[] }[];
  /** Compared from the left: what stands first decides. */
  readonly priority: readonly number[];
}

export interface HostPattern {
  readonly kind: "equal" | "suffix" | "prefix";
  /** Lower-case, without wildcard and port. */
  readonly name: string;
  readonly port: number | undefined;
}

/**
 * All matchers of a route.
 *
 * @throws SyntaxError when a regular expression cannot be compiled.
 */
export function matchersOf(route: JsonObject): RouteMatcher[] {
  const paths = textsOf(route["paths"]);
  const hosts = textsOf(route["hosts"]).map(hostPatternOf);
  const methods = new Set(textsOf(route["methods"]));
  const headers = Object.entries(recordOf(route["headers"])).map(([name, values]) => ({
    name: name.toLowerCase(),
    values: textsOf(values).map(headerPatternOf),
  }));
  const attributes = [methods.size, hosts.length, headers.length, textsOf(route["snis"]).length, paths.length];
  const kinds = attributes.filter((count) => count > 0).length;
  const plainHosts = hosts.length > 0 && hosts.every((host) => host.kind === "equal") ? 1 : 0;
  return (paths.length === 0 ? [undefined] : paths).map((path) => {
    const regex = path?.startsWith("~") ? compile(path.slice(1)) : undefined;
    const prefix = regex === undefined ? path : undefined;
    const regexPriority = regex === undefined ? 0 : numberOf(route["regex_priority"], 0);
    return {
      route,
      id: textOf(route["id"]) ?? "",
      createdAt: numberOf(route["created_at"], 0),
      prefix,
      regex,
      hosts,
      methods,
      headers,
      priority: [kinds, plainHosts, headers.length, regex === undefined ? 0 : 1, regexPriority, prefix?.length ?? 0],
    };
  });
}

/**
 * Which of two matchers wins: positive when the first does.
 *
 * Order: number of attributes that the route sets, plain hosts before wildcards, number of headers, regular expressions
 * before prefixes, `regex_priority`, length of the prefix. What is equal then is decided by age in the traditional
 * router (the older wins) and by id in the others (the greater wins).
 */
export function comparePriority(one: RouteMatcher, other: RouteMatcher, flavor: RouterFlavor): number {
  for (const [i, value] of one.priority.entries()) {
    const difference = value - (other.priority[i] ?? 0);
    if (difference !== 0) return difference;
  }
  if (flavor === "traditional" && one.createdAt !== other.createdAt) return other.createdAt - one.createdAt;
  if (one.id === other.id) return 0;
  return one.id > other.id ? 1 : -1;
}

function hostPatternOf(text: string): HostPattern {
  const [, hostText = text, portText] = /^([^:]*):(\d+)$/.exec(text) ?? [];
  const host = hostText.toLowerCase();
  const port = portText === undefined ? undefined : Number(portText);
  if (host.startsWith("*")) return { kind: "suffix", name: host.slice(1), port };
  if (host.endsWith("*")) return { kind: "prefix", name: host.slice(0, -1), port };
  return { kind: "equal", name: host, port };
}

function headerPatternOf(value: string): string | RegExp {
  const lower = value.toLowerCase();
  return lower.startsWith("~*") ? new RegExp(lower.slice(2)) : lower;
}

/** Kong's expressions are anchored at the start, and may name groups in PCRE's or Rust's way or begin with `(?i)`. */
function compile(source: string): RegExp {
  const flags = /^\(\?([ims]+)\)/.exec(source);
  const body = source.slice(flags?.[0].length ?? 0).replaceAll("(?P<", "(?<");
  return new RegExp(`^${body}`, flags?.[1] ?? "");
}
