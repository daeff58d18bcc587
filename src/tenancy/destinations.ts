import { ipOf, isInBlock, type IpNumber } from "./ip.ts";

/** What the judgement of a destination needs besides the destination. */
export interface DestinationRules {
  readonly namespace: string;
  /** Entries of `spec.tenants[].destinations`. */
  readonly opened: readonly string[];
  /** Hosts of the Admin API. */
  readonly adminHosts: readonly string[];
  readonly isNamespace: (name: string) => boolean;
}

/** Kong's own node, its neighbours on the wire and the cloud's metadata: nothing a tenant has there is its own. */
const NEVER: readonly (readonly [block: string, what: string])[] = [
  ["0.0.0.0/8", "Kong's own node"],
  ["127.0.0.0/8", "Kong's own node"],
  ["::/128", "Kong's own node"],
  ["::1/128", "Kong's own node"],
  ["169.254.0.0/16", "a link-local address, where clouds keep their metadata"],
  ["fe80::/10", "a link-local address"],
  ["fd00:ec2::/32", "the metadata of a cloud"],
  ["100.100.100.200/32", "the metadata of a cloud"],
  ["224.0.0.0/4", "a multicast address"],
  ["240.0.0.0/4", "a reserved address"],
  ["ff00::/8", "a multicast address"],
];

const PRIVATE: readonly string[] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"];

const NEVER_NAMES =
  /^(.*\.)?(localhost|localdomain|ip6-localhost|ip6-loopback)$|^metadata(\.google\.internal)?$|^instance-data$/;

/**
 * Why a tenant may not send requests to `host`; undefined where it may. `isOwn` is true for addresses that the cluster
 * itself gave, the endpoints of the namespace's own Services: those are private by nature.
 */
export function destinationProblem(
  host: string,
  rules: DestinationRules,
  { isOwn = false }: { isOwn?: boolean } = {},
): string | undefined {
  const name = host
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "");
  const ip = ipOf(name);
  if (rules.opened.some((entry) => entry !== "*" && isOpenedBy(entry, name, ip))) return undefined;
  const danger = ip === undefined ? dangerOfName(name, rules) : dangerOfAddress(ip, rules);
  if (danger) return `leads to ${danger}`;
  if (isOwn || rules.opened.includes("*")) return undefined;
  if (ip !== undefined) {
    return PRIVATE.some((block) => isInBlock(ip, block)) ? "is a private address, which may be anybody's" : undefined;
  }
  return clusterProblem(name, rules);
}

function isOpenedBy(entry: string, name: string, ip: IpNumber | undefined): boolean {
  if (ip !== undefined) return isInBlock(ip, entry);
  return entry === name || (entry.startsWith("*.") && name.endsWith(entry.slice(1)));
}

function dangerOfAddress(ip: IpNumber, { adminHosts }: DestinationRules): string | undefined {
  if (adminHosts.some((admin) => ipOf(admin) === ip)) return "Kong's Admin API";
  return NEVER.find(([block]) => isInBlock(ip, block))?.[1];
}

function dangerOfName(name: string, { adminHosts }: DestinationRules): string | undefined {
  if (adminHosts.some((admin) => admin.toLowerCase() === name)) return "Kong's Admin API";
  if (name.startsWith("unix:") || name === "") return "no host";
  return NEVER_NAMES.test(name) ? "Kong's own node or its cloud's metadata" : undefined;
}

/**
 * Names that the cluster's DNS may complete: `orders` is a Service beside Kong, `orders.team-b` and `orders.team-b.svc`
 * are team-b's.
 */
function clusterProblem(name: string, { namespace, isNamespace }: DestinationRules): string | undefined {
  const labels = name.split(".");
  if (labels.length === 1) return "has no dot, so that it is a Service in Kong's namespace";
  const [, owner] = /(?:^|\.)([^.]+)\.(?:svc|pod)(?:\.|$)/.exec(name) ?? [];
  if (owner !== undefined) return owner === namespace ? undefined : `is in the namespace ${owner}`;
  if (name.endsWith(".kjo.invalid")) {
    return labels.at(-3) === namespace ? undefined : `is an upstream of the namespace ${labels.at(-3) ?? ""}`;
  }
  if (name.endsWith(".cluster.local")) return "is in the cluster, and no Service of the namespace's own";
  const last = labels.at(-1) ?? "";
  return last !== namespace && isNamespace(last) ? `may be a Service of the namespace ${last}` : undefined;
}
