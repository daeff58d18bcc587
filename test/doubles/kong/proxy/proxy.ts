/**
 * The proxy side of the Kong double: routes real HTTP requests by what the Admin API side holds.
 *
 * Simulated: the traditional and traditional_compatible routers over HTTP and HTTPS; certificates by server name (a
 * client without one gets the gateway's own); services by address, name and upstream, with retries and timeouts; weights, consistent hashing, least connections, passive and active health
 * checks; the plugins of plugins/registry.ts in Kong's order and with its scope precedence; the gateway's own answers
 * and headers as recorded from Kong 3.9.1; with `lag`, a real Kong's delay before it serves a change.
 *
 * Not simulated, and said once over `onUnsupported` where a configuration asks for it: any other plugin (file-log is
 * accepted and writes nothing), routes with an `expression`. Not simulated at all: routing by SNI,
 * gRPC, WebSocket and stream (tcp, tls, udp) routes, routes without a service unless a plugin answers, upstreams by SRV
 * records, the `latency` algorithm (served in turn) and `slots`, client certificates and certificate checks towards
 * backends, `ttl` of credentials, trusted_ips (X-Forwarded-* of the client are never believed), request and response
 * buffering switches.
 */
import { randomBytes } from "node:crypto";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import type { SnapshotSource } from "../snapshot.ts";
import { ActiveChecks } from "./active-checks.ts";
import { Balancers } from "./balancers.ts";
import { ServedCertificates } from "./certificates.ts";
import { Forwarder } from "./forward.ts";
import { PluginRegistry } from "./plugins/registry.ts";
import { RequestHandler } from "./request-handler.ts";
import { DEFAULT_LAG_INTERVAL_MS, watchImmediately, watchWithLag } from "./visibility.ts";

export interface ProxyOptions {
  /** 0 or absent: a free one. */
  readonly port?: number;
  /** Of the HTTPS listener; 0 or absent: a free one. */
  readonly tlsPort?: number;
  /** A real Kong's slowness to serve what was written; off: a change is served by the next request. */
  readonly lag?: boolean;
  /** Kong's `worker_state_update_frequency`, 5000 ms by default; only with `lag`. */
  readonly lagIntervalMs?: number;
  /** Called once for each thing that is configured and not simulated; without it a line goes to stderr. */
  readonly onUnsupported?: (what: string) => void;
  /** Wall-clock time in ms, for expiry dates and rate windows. */
  readonly now?: () => number;
}

export interface Proxy {
  /** `http://127.0.0.1:<port>`, no slash at the end. */
  readonly url: string;
  readonly port: number;
  /** `https://127.0.0.1:<port>`. */
  readonly tlsUrl: string;
  /** True when the upstream's targets can be used, which takes a while after its creation with `lag`. */
  hasBalancer(upstreamId: string): boolean;
  /** Ends all connections and timers. */
  stop(): Promise<void>;
}

/**
 * Starts the proxy on 127.0.0.1.
 *
 * @throws what `listen` throws, such as EADDRINUSE.
 */
export async function startProxy(source: SnapshotSource, options: ProxyOptions = {}): Promise<Proxy> {
  const registry = new PluginRegistry(options.onUnsupported ?? reportToStderr);
  const indexOptions = {
    onPlugin: registry.check.bind(registry),
    onRejected: registry.report.bind(registry),
  };
  const visibility = options.lag
    ? watchWithLag(source, indexOptions, options.lagIntervalMs ?? DEFAULT_LAG_INTERVAL_MS)
    : watchImmediately(source, indexOptions);
  const balancers = new Balancers(source);
  const forwarder = new Forwarder(visibility, balancers);
  const checks = new ActiveChecks(visibility, balancers, (id) => !source.current().unhealthyTargets.has(id));
  const handler = new RequestHandler({
    visibility,
    forwarder,
    plugins: registry.ordered,
    flavor: () => source.current().routerFlavor,
    now: options.now ?? Date.now,
    newRequestId: () => randomBytes(16).toString("hex"),
    onError: reportFailure,
  });
  const serve: http.RequestListener = (request, response) => void handler.handle(request, response);
  const server = http.createServer(SERVER_OPTIONS, serve);
  const certificates = new ServedCertificates(() => visibility.current());
  const tlsServer = https.createServer(
    { ...SERVER_OPTIONS, ...certificates.own, SNICallback: (name, done) => done(null, certificates.contextFor(name)) },
    serve,
  );
  function stopParts(): void {
    checks.stop();
    visibility.stop();
    registry.stop();
    forwarder.stop();
  }
  const [port, tlsPort] = await Promise.all([
    listen(server, options.port ?? 0),
    listen(tlsServer, options.tlsPort ?? 0),
  ]).catch((error: unknown) => {
    for (const each of [server, tlsServer]) each.close();
    stopParts();
    throw error;
  });
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    tlsUrl: `https://127.0.0.1:${tlsPort}`,
    hasBalancer: (upstreamId) => visibility.hasBalancer(upstreamId),
    async stop(): Promise<void> {
      const servers = [server, tlsServer];
      const closed = Promise.all(servers.map((each) => new Promise<void>((resolve) => each.close(() => resolve()))));
      for (const each of servers) each.closeAllConnections();
      stopParts();
      await closed;
    },
  };
}

const SERVER_OPTIONS = { keepAliveTimeout: 65_000, requestTimeout: 0 };

async function listen(server: http.Server | https.Server, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, "127.0.0.1", resolve);
  await promise;
  server.off("error", reject);
  return (server.address() as AddressInfo).port;
}

function reportToStderr(what: string): void {
  process.stderr.write(`kong double, proxy: not simulated: ${what}\n`);
}

function reportFailure(error: unknown): void {
  process.stderr.write(
    `kong double, proxy: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
}
