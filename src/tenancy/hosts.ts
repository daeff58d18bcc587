/** Every host there is. */
const ANY = "*";

/** True where the namespace may catch everyone's requests: routes without hosts, with expressions, for raw connections. */
export function ownsEverything(patterns: readonly string[]): boolean {
  return patterns.includes(ANY);
}

/**
 * True where all that `host` matches belongs to one of the patterns. Both may begin or end with a wildcard label, and
 * Kong's wildcard stands for any number of labels: `*.team-a.example` covers `x.y.team-a.example` and
 * `*.x.team-a.example`, but not `team-a.example`. The port of a host does not matter.
 */
export function ownsHost(patterns: readonly string[], host: string): boolean {
  const wanted = normalized(host);
  return patterns.some((pattern) => covers(normalized(pattern), wanted));
}

function covers(pattern: string, host: string): boolean {
  if (pattern === ANY || pattern === host) return true;
  const endsOpen = host.endsWith(".*");
  if (pattern.startsWith("*.")) return !endsOpen && host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1;
  if (pattern.endsWith(".*")) return !host.startsWith("*.") && host.startsWith(pattern.slice(0, -1));
  return false;
}

/** Lower case, without port and without the dot of a complete name. */
function normalized(host: string): string {
  return host.toLowerCase().replace(/:\d+$/, "").replace(/\.$/, "");
}
