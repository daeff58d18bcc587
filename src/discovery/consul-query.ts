import { createHash } from "node:crypto";

/** What is asked of a Consul, values from Secrets included. Never logged. */
export interface ConsulQuery {
  /** `http://consul:8500`, perhaps with a path before Consul's own. */
  readonly url: string;
  readonly service: string;
  /** All of them are wanted. */
  readonly tags: readonly string[];
  readonly datacenter?: string | undefined;
  /** Consul Enterprise. */
  readonly namespace?: string | undefined;
  /** Consul Enterprise. */
  readonly partition?: string | undefined;
  /** ACL token. */
  readonly token?: string | undefined;
  /** PEM. */
  readonly tls?: {
    readonly ca?: string | undefined;
    readonly cert?: string | undefined;
    readonly key?: string | undefined;
    readonly serverName?: string | undefined;
  };
}

/**
 * Path and query of the request; `index` 0 asks for an answer at once.
 * Source: Consul HTTP API, "List service instances for service" and "Blocking queries".
 */
export function requestPath(query: ConsulQuery, index: number, waitSeconds: number): string {
  const { url, service, tags, datacenter, namespace, partition } = query;
  const wanted: [string, string | undefined][] = [
    ["passing", "true"],
    ...tags.map((tag): [string, string] => ["tag", tag]),
    ["dc", datacenter],
    ["ns", namespace],
    ["partition", partition],
    ["index", index > 0 ? String(index) : undefined],
    ["wait", index > 0 ? `${waitSeconds}s` : undefined],
  ];
  const parameters = wanted.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  const base = new URL(url).pathname.replace(/\/+$/, "");
  return `${base}/v1/health/service/${encodeURIComponent(service)}?${parameters.join("&")}`;
}

/** What is asked, whoever asks: two queries of one place have the same answer, or none for lack of rights. */
export function placeOf({ url, service, tags, datacenter, namespace, partition }: ConsulQuery): string {
  return JSON.stringify([url, service, [...tags].sort(), datacenter, namespace, partition]);
}

/** Who asks for what: queries of one identity can share a watch. Holds no credential in clear. */
export function identityOf(query: ConsulQuery): string {
  const { token, tls } = query;
  const credentials = JSON.stringify([token, tls?.ca, tls?.cert, tls?.key, tls?.serverName]);
  return `${placeOf(query)} ${createHash("sha256").update(credentials).digest("hex")}`;
}
