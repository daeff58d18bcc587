import { existsSync } from "node:fs";
import { delimiter } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { Agent, ProxyAgent, Socks5ProxyAgent, type buildConnector, type Dispatcher } from "undici";

const IN_CLUSTER_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token";
/** Credentials are asked for again after this time; a token file itself is read once a minute. */
const CREDENTIALS_MS = 5_000;
/** Less than the API server's own 30 s for a request that is not a watch. */
const HEADERS_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * @param path kubeconfig file, or several as in `KUBECONFIG`; without one the Pod's ServiceAccount, then `~/.kube/config`.
 * @param context in place of the current one.
 * @throws Error when a file cannot be read, or there is none.
 */
export function loadKubeConfig(path?: string, context?: string): KubeConfig {
  const config = new KubeConfig();
  if (path) {
    const [first = "", ...others] = path.split(delimiter).filter(Boolean);
    config.loadFromFile(first);
    for (const other of others) {
      const more = new KubeConfig();
      more.loadFromFile(other);
      config.mergeConfig(more, true);
    }
  } else if (existsSync(IN_CLUSTER_TOKEN)) {
    config.loadFromCluster();
  } else {
    config.loadFromDefault();
  }
  if (context !== undefined) {
    if (!config.getContextObject(context)) throw new Error(`kubeconfig: there is no context ${context}`);
    config.setCurrentContext(context);
  }
  if (!config.getCurrentCluster()) {
    throw new Error(`kubeconfig ${path ?? "of the environment"}: the current context names no cluster`);
  }
  return config;
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
}

/**
 * Where the API server is and how to log in. client-node knows every way to log in, but makes a new agent for every
 * request (22 ms each, measured), so the pooled one lives here.
 *
 * Guarantee: requests share one agent until the certificates themselves change.
 */
export class Connection {
  readonly server: URL;
  readonly #config: KubeConfig;
  #current: (Credentials & { readonly tls: string; readonly untilMs: number }) | undefined;
  #refreshing: Promise<Credentials> | undefined;

  constructor(config: KubeConfig) {
    this.#config = config;
    this.server = new URL(config.getCurrentCluster()?.server ?? "");
  }

  async credentials(): Promise<Credentials> {
    if (this.#current && performance.now() < this.#current.untilMs) return this.#current;
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  /** Call after a 401: the next request asks for credentials again. */
  forgetCredentials(): void {
    if (this.#current) this.#current = { ...this.#current, untilMs: 0 };
  }

  async close(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    await current?.dispatcher.destroy();
  }

  async #refresh(): Promise<Credentials> {
    const options: Parameters<KubeConfig["applyToHTTPSOptions"]>[0] = {};
    await this.#config.applyToHTTPSOptions(options);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {}))
      headers[name.toLowerCase()] = String(value).trim();
    if (options.auth) headers["authorization"] = `Basic ${Buffer.from(options.auth).toString("base64")}`;
    const tls = JSON.stringify([options.ca, options.cert, options.key].map((part) => part?.toString()));
    const dispatcher = this.#current?.tls === tls ? this.#current.dispatcher : this.#createDispatcher(options);
    // Requests under way on the former agent, watches among them, end by themselves.
    if (this.#current && this.#current.dispatcher !== dispatcher) void this.#current.dispatcher.close();
    this.#current = { headers, dispatcher, tls, untilMs: performance.now() + CREDENTIALS_MS };
    return this.#current;
  }

  #createDispatcher(tls: Parameters<KubeConfig["createDispatcherOptions"]>[1]): Dispatcher {
    const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = tls;
    const given = Object.entries({ ca, cert, key, pfx, passphrase, rejectUnauthorized, servername });
    const present = Object.fromEntries(given.filter(([, value]) => value !== undefined && value !== null));
    const options = this.#config.createDispatcherOptions(this.#config.getCurrentCluster(), present);
    const requestTls = present as buildConnector.BuildOptions;
    // HTTP/2 would put the watches and everything else on one socket, where one stall stops all of them.
    const pool = { allowH2: false, headersTimeout: HEADERS_TIMEOUT_MS, keepAliveTimeout: 30_000 };
    switch (options.type) {
      case "agent":
      case "none":
        return new Agent({ ...pool, connect: { ...requestTls, keepAlive: true, timeout: CONNECT_TIMEOUT_MS } });
      case "proxy":
        return new ProxyAgent({ ...pool, uri: options.uri, requestTls });
      case "socks":
        return new Socks5ProxyAgent(options.uri, { ...pool, requestTls });
    }
  }
}
