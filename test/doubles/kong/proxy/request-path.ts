/**
 * Paths: what the router compares and what goes to the backend.
 * Source: docs.konghq.com, Route entity, "Path handling algorithms" and "Normalization behavior".
 */

const UNRESERVED = /[A-Za-z0-9\-._~]/;

/** Percent-encoding in one form, dot segments resolved, repeated slashes merged; the query is no part of it. */
export function normalizePath(path: string): string {
  const decoded = path.replace(/%([0-9A-Fa-f]{2})/g, (whole, hex: string) => {
    const char = String.fromCharCode(Number.parseInt(hex, 16));
    return UNRESERVED.test(char) ? char : whole.toUpperCase();
  });
  const merged = decoded.replace(/\/{2,}/g, "/");
  if (!merged.includes("/.")) return merged;
  const kept: string[] = [];
  const segments = merged.split("/").slice(1);
  segments.forEach((segment, i) => {
    const last = i === segments.length - 1;
    if (segment === "..") kept.pop();
    else if (segment !== ".") kept.push(segment);
    if (last && (segment === "." || segment === "..")) kept.push("");
  });
  return `/${kept.join("/")}`;
}

/** How the path for the backend is made. */
export interface PathJoin {
  /** Normalized path of the request. */
  readonly requestPath: string;
  /** The part of it that the route's path matched; undefined for a route without paths. */
  readonly matched: string | undefined;
  readonly stripPath: boolean;
  /** The service's `path`; "/" where it has none. */
  readonly servicePath: string;
  readonly pathHandling: "v0" | "v1";
}

/**
 * The path for the backend.
 * v0 joins both with exactly one slash, v1 puts them after each other: `/s` and `req` are `/s/req` or `/sreq`.
 */
export function upstreamPath(join: PathJoin): string {
  const { requestPath, servicePath: base } = join;
  const strips = join.stripPath && join.matched !== undefined;
  const rest = strips ? withoutLeadingDots(requestPath.slice(join.matched?.length ?? 0)) : requestPath;
  if (rest === "" || (!strips && rest === "/")) return bare(base, requestPath, strips);
  if (base.endsWith("/")) return base + rest.replace(/^\//, "");
  if (join.pathHandling === "v1") return base + (strips ? rest : rest.slice(1));
  return rest.startsWith("/") ? base + rest : `${base}/${rest}`;
}

/** Nothing is left of the request's path: the service's path, with a slash at its end only where the request had one. */
function bare(base: string, requestPath: string, strips: boolean): string {
  if (!strips || base === "/") return base;
  const slash = requestPath.length > 1 && requestPath.endsWith("/");
  if (base.endsWith("/")) return slash ? base : base.slice(0, -1);
  return slash ? `${base}/` : base;
}

/** What a regular expression leaves may begin with a dot segment, which must not climb out of the service's path. */
function withoutLeadingDots(rest: string): string {
  if (rest === "." || rest === "..") return "";
  return rest.replace(/^\.{1,2}\//, "");
}
