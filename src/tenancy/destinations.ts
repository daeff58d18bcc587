import { ipOf, isInBlock, type IpNumber } from "./ip.ts";

/** What the judgement of a destination needs besides the destination. */
export interface DestinationRules {
  readonly namespace: string;
  /** Entries of `spec.tenants[].destinations`. */
  readonly opened: readonly string[];
  /** Hosts of the Admin API. */
  readonly adminHosts: readonly string[];
  readonly isNamespace: (name: string) => boolean;
  /** True for the name of a Service in the namespace where Kong runs. */
  readonly isNeighbour?: (service: string) => boolean;
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
  ["168.63.129.16/32", "the metadata of a cloud"],
  ["192.0.0.192/32", "the metadata of a cloud"],
  ["224.0.0.0/4", "a multicast address"],
  ["240.0.0.0/4", "a reserved address"],
  ["ff00::/8", "a multicast address"],
];

const PRIVATE: readonly string[] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"];

const NEVER_NAMES =
  /^(.*\.)?(localhost|localdomain|ip6-localhost|ip6-loopback)$|^(metadata|instance-data)(\..*\.internal|\.tencentyun\.com)?$|^host\..*\.internal$/;

/** Names that no public DNS knows. */
const PRIVATE_NAMES = /\.(internal|local|lan|home|corp|intranet|private|arpa)$/;

/** What every parser of a URL and every resolver takes for the same name. */
const PLAIN_NAME = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

/**
 * Why a tenant may not send requests to `host`; undefined where it may. `isOwn` is true for what was found behind the
 * namespace's own Services: addresses there are private by nature.
 */
export function destinationProblem(
  host: string,
  rules: DestinationRules,
  { isOwn = false }: { isOwn?: boolean } = {},
): string | undefined {
  const name = plain(host);
  const ip = ipOf(name);
  if (isNamed(host, rules)) return undefined;
  const danger = ip === undefined ? dangerOfName(name, rules) : dangerOfAddress(ip, rules);
  if (danger) return `leads to ${danger}`;
  if (rules.opened.includes("*")) return undefined;
  // An ExternalName, or a slice of names, is what its author wrote, not what the cluster found.
  if (ip !== undefined && isOwn) return undefined;
  if (ip !== undefined) {
    return PRIVATE.some((block) => isInBlock(ip, block)) ? "is a private address, which may be anybody's" : undefined;
  }
  return clusterProblem(name, rules);
}

/** True where an entry names the host, be it by a wildcard or a block; `*` names none. */
export function isNamed(host: string, { opened }: DestinationRules): boolean {
  const name = plain(host);
  const ip = ipOf(name);
  return opened.some((entry) => entry !== "*" && isOpenedBy(entry, name, ip));
}

/** Lower case, without brackets and without the dot of a complete name. */
function plain(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "");
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
  const isAdmin = adminHosts
    .map(plain)
    .some((admin) => admin === name || (admin.includes(".") && name.endsWith(`.${admin}`)));
  if (isAdmin) return "Kong's Admin API";
  if (!PLAIN_NAME.test(name)) return "no host";
  return NEVER_NAMES.test(name) ? "Kong's own node or its cloud's metadata" : undefined;
}

/**
 * Names that the cluster's DNS may complete: `orders` is a Service beside Kong, `orders.team-b` and `orders.team-b.svc`
 * are team-b's.
 */
function clusterProblem(name: string, rules: DestinationRules): string | undefined {
  const { namespace, isNamespace, isNeighbour } = rules;
  const labels = name.split(".");
  if (labels.length === 1) return "has no dot, so that it is a Service in Kong's namespace";
  const [, owner] = /(?:^|\.)([^.]+)\.(?:svc|pod)(?:\.|$)/.exec(name) ?? [];
  if (owner !== undefined) return owner === namespace ? undefined : `is in the namespace ${owner}`;
  if (name.endsWith(".kjo.invalid")) {
    return labels.at(-3) === namespace ? undefined : `is an upstream of the namespace ${labels.at(-3) ?? ""}`;
  }
  if (name.endsWith(".cluster.local")) return "is in the cluster, and no Service of the namespace's own";
  if (PRIVATE_NAMES.test(name)) return "is a name that no public DNS knows";
  const last = labels.at(-1) ?? "";
  if (labels.length === 2 && last !== namespace && isNeighbour?.(last)) return "may be a Pod in Kong's namespace";
  return last !== namespace && isNamespace(last) ? `may be a Service of the namespace ${last}` : undefined;
}
