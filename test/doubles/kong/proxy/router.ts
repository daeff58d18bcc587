import type { JsonObject } from "../../../../src/model/json.ts";
import { recordOf, textOf, textsOf } from "./json-fields.ts";
import { comparePriority, matchersOf } from "./route-matcher.ts";
import type { RouteMatcher, RouterFlavor } from "./route-matcher.ts";

/** What the router looks at. */
export interface RoutedRequest {
  readonly method: string;
  /** The Host header without its port, lower-case. */
  readonly host: string;
  /** The port that the gateway listens on. */
  readonly port: number;
  /** Normalized path. */
  readonly path: string;
  /** All values of a header. */
  header(name: string): string[];
}

export interface RouteMatch {
  readonly route: JsonObject;
  /** The part of the path that matched; undefined for a route without paths. */
  readonly matchedPath: string | undefined;
  /** Groups of a path's regular expression, by name or number. */
  readonly captures: Readonly<Record<string, string>>;
}

const ANY = "*";
const REGEX = "~";
const PATHLESS = "-";

/**
 * Kong's router over HTTP routes. Routes can be put and removed one by one at no cost that grows with their number, and
 * a request is compared only with the routes that share its host and a prefix of its path.
 *
 * Guarantees: the outcome does not depend on the order of the calls.
 * Assumptions: plain HTTP, so `snis` never hinder a match.
 * Source: docs.konghq.com "Proxying with Kong Gateway", router flavor `traditional_compatible`.
 */
export class Router {
  readonly #buckets = new Map<string, RouteMatcher[]>();
  readonly #matchers = new Map<string, readonly RouteMatcher[]>();
  readonly #prefixLengths = new Map<number, number>();
  #flavor: RouterFlavor;

  constructor(flavor: RouterFlavor = "traditional_compatible") {
    this.#flavor = flavor;
  }

  get size(): number {
    return this.#matchers.size;
  }

  set flavor(flavor: RouterFlavor) {
    this.#flavor = flavor;
  }

  /**
   * Adds the route or replaces what it was.
   *
   * @throws SyntaxError when a regular expression of it cannot be compiled; the route is then not in the router.
   */
  put(route: JsonObject): void {
    const id = textOf(route["id"]) ?? "";
    this.remove(id);
    const matchers = matchersOf(route);
    this.#matchers.set(id, matchers);
    for (const matcher of matchers) {
      for (const key of bucketKeys(matcher)) {
        const bucket = this.#buckets.get(key);
        if (bucket === undefined) this.#buckets.set(key, [matcher]);
        else bucket.push(matcher);
      }
      if (matcher.prefix !== undefined) this.#count(matcher.prefix.length, 1);
    }
  }

  remove(id: string): void {
    for (const matcher of this.#matchers.get(id) ?? []) {
      for (const key of bucketKeys(matcher)) {
        const rest = (this.#buckets.get(key) ?? []).filter((other) => other !== matcher);
        if (rest.length === 0) this.#buckets.delete(key);
        else this.#buckets.set(key, rest);
      }
      if (matcher.prefix !== undefined) this.#count(matcher.prefix.length, -1);
    }
    this.#matchers.delete(id);
  }

  /**
   * The route for a request, or undefined.
   *
   * @param serves False for a route that takes no part, such as one whose service is disabled.
   */
  match(request: RoutedRequest, serves: (route: JsonObject) => boolean = () => true): RouteMatch | undefined {
    let best: RouteMatcher | undefined;
    for (const matcher of this.#candidates(request)) {
      if (best !== undefined && comparePriority(matcher, best, this.#flavor) <= 0) continue;
      if (matches(matcher, request) && serves(matcher.route)) best = matcher;
    }
    if (best === undefined) return undefined;
    const found = best.regex?.exec(request.path);
    return {
      route: best.route,
      matchedPath: best.prefix ?? found?.[0],
      captures: found
        ? { ...Object.fromEntries(found.slice(1).map((text, i) => [String(i + 1), text ?? ""])), ...found.groups }
        : {},
    };
  }

  *#candidates({ host, path }: RoutedRequest): Iterable<RouteMatcher> {
    for (const side of [host, ANY]) {
      for (const length of this.#prefixLengths.keys()) {
        if (length <= path.length) yield* this.#buckets.get(bucketKey(side, path.slice(0, length))) ?? [];
      }
      yield* this.#buckets.get(bucketKey(side, REGEX)) ?? [];
      yield* this.#buckets.get(bucketKey(side, PATHLESS)) ?? [];
    }
  }

  #count(length: number, change: 1 | -1): void {
    const count = (this.#prefixLengths.get(length) ?? 0) + change;
    if (count === 0) this.#prefixLengths.delete(length);
    else this.#prefixLengths.set(length, count);
  }
}

function bucketKeys(matcher: RouteMatcher): string[] {
  const path = matcher.prefix ?? (matcher.regex === undefined ? PATHLESS : REGEX);
  const plain = matcher.hosts.length > 0 && matcher.hosts.every((host) => host.kind === "equal");
  if (!plain) return [bucketKey(ANY, path)];
  return [...new Set(matcher.hosts.map((host) => host.name))].map((name) => bucketKey(name, path));
}

function bucketKey(host: string, path: string): string {
  return `${host} ${path}`;
}

function matches(matcher: RouteMatcher, request: RoutedRequest): boolean {
  if (matcher.methods.size > 0 && !matcher.methods.has(request.method)) return false;
  if (matcher.regex !== undefined && !matcher.regex.test(request.path)) return false;
  if (matcher.hosts.length > 0 && !matcher.hosts.some((host) => hostMatches(host, request))) return false;
  return matcher.headers.every(({ name, values }) => {
    const sent = request.header(name).map((value) => value.toLowerCase());
    return values.some((value) => sent.some((text) => (typeof value === "string" ? value === text : value.test(text))));
  });
}

function hostMatches(host: RouteMatcher["hosts"][number], request: RoutedRequest): boolean {
  if (host.port !== undefined && host.port !== request.port) return false;
  if (host.kind === "equal") return request.host === host.name;
  return host.kind === "suffix" ? request.host.endsWith(host.name) : request.host.startsWith(host.name);
}

/** True for a route that the HTTP router serves: stream routes and expression routes are not its matter. */
export function isHttpRoute(route: JsonObject): boolean {
  if (textOf(route["expression"]) !== undefined) return false;
  const protocols = textsOf(route["protocols"]);
  if (protocols.length > 0 && !protocols.some((name) => /^(http|grpc)s?$/.test(name))) return false;
  const criteria = [route["paths"], route["hosts"], route["methods"], route["snis"]];
  return criteria.some((list) => textsOf(list).length > 0) || Object.keys(recordOf(route["headers"])).length > 0;
}
