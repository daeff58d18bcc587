/** All that a connection to one gateway needs, values from Secrets included. Never logged. */
export interface GatewaySettings {
  /** `https://kong-admin:8444`, perhaps with a path before Kong's own. */
  readonly url: string;
  /** The URLs of a Service's Pods, where the gateway is one; each is an Admin API, and `url` names them all. */
  readonly pods?: readonly string[] | undefined;
  /** PEM. */
  readonly tls?: {
    readonly ca?: string | undefined;
    readonly cert?: string | undefined;
    readonly key?: string | undefined;
    readonly serverName?: string | undefined;
  };
  /** Sent with every request: `Kong-Admin-Token` and whatever stands before the Admin API wants. */
  readonly headers: Readonly<Record<string, string>>;
  /** Kong Enterprise workspace; empty for none. */
  readonly workspace: string;
  readonly timeoutMs: number;
  /** Requests under way at a time. */
  readonly concurrency: number;
  /** What our tags call this gateway. */
  readonly instance: string;
  /** Cluster uid whose entities under our instance we take over. */
  readonly takeOver?: string | undefined;
  readonly driftIntervalMs: number;
  /** What is done about a difference that no object asked for. */
  readonly driftPolicy: "Repair" | "Report";
  /** Without a database only: what stands there without our marks may be replaced. */
  readonly replaceForeign?: boolean | undefined;
}

/** Where requests go: one address, or those of the Pods. */
export function addressesOf({ url, pods }: Pick<GatewaySettings, "url" | "pods">): readonly string[] {
  return pods ?? [url];
}

/** True where both settings lead to the same entities: the mirror of one is the mirror of the other. */
export function sameGateway(a: GatewaySettings, b: GatewaySettings): boolean {
  return a.url === b.url && a.workspace === b.workspace && a.instance === b.instance;
}
