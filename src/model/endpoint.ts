/** A server that stands behind a name: an address of an EndpointSlice or an instance in Consul. */
export interface Endpoint {
  /** IP address without brackets, or host name. */
  readonly address: string;
  readonly port: number;
  /** A terminating one finishes what it has and is given nothing new. */
  readonly state: "ready" | "terminating";
  /** Its part of what its backend gets, against the others of the same backend; 1 unless set. */
  readonly weight?: number;
}

/** The endpoint as a target in Kong: `10.0.0.1:8080`, `[2001:db8::1]:8080`. */
export function targetOf({ address, port }: Pick<Endpoint, "address" | "port">): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Each address once, in an order of their own. Of two entries of one address the one that is ready counts. */
export function distinctEndpoints(endpoints: readonly Endpoint[]): Endpoint[] {
  const byTarget = new Map<string, Endpoint>();
  for (const endpoint of endpoints) {
    const target = targetOf(endpoint);
    if (byTarget.get(target)?.state !== "ready") byTarget.set(target, endpoint);
  }
  return [...byTarget.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint);
}
