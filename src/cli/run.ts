import { parseRunConfig, RUN_OPTIONS, type RunConfig } from "../config.ts";
import { ConsulMetrics } from "../controllers/consul-metrics.ts";
import { DeliveryMetrics } from "../controllers/delivery-metrics.ts";
import { GatewayMetrics } from "../controllers/gateway-metrics.ts";
import { VerifyMetrics } from "../controllers/verify-metrics.ts";
import { KjoOperator } from "../controllers/operator.ts";
import { KubeClient } from "../kube/client.ts";
import { loadKubeConfig } from "../kube/connection.ts";
import { EventRecorder } from "../kube/events.ts";
import { LeaderElector } from "../kube/lease.ts";
import { startHealthServer } from "../runtime/health.ts";
import { createLogger, type Logger } from "../runtime/logger.ts";
import { Metrics } from "../runtime/metrics.ts";
import { SecretValues } from "../runtime/secret-values.ts";
import { Shutdown } from "../runtime/shutdown.ts";
import { VERSION } from "./version.ts";

const CONTROLLER_NAME = "kjo.dev/operator";

export const RUN_USAGE = `kjo run [OPTIONS]: the operator

${RUN_OPTIONS.map(({ flag, value, env, help }) => `  ${`--${flag} ${value ?? ""}`.padEnd(42)} ${env.padEnd(24)} ${help}`).join("\n")}`;

/**
 * Runs the operator until it is told to stop. Returns the exit code.
 * @throws ConfigError where a flag or variable cannot be used.
 */
export async function run(args: readonly string[]): Promise<number> {
  const config = parseRunConfig(args);
  const secrets = new SecretValues();
  const logger = createLogger({ level: config.logLevel, format: config.logFormat, secrets });
  const shutdown = new Shutdown({ logger });
  const ended = shutdown.onSignals();
  let failed = false;
  const fail = (error: unknown): void => {
    failed = true;
    logger.error("start failed", { error });
    void shutdown.begin("start failed");
  };
  await start(config, { logger, secrets, shutdown, fail }).catch(fail);
  return (await ended) && !failed ? 0 : 1;
}

async function start(
  config: RunConfig,
  deps: { logger: Logger; secrets: SecretValues; shutdown: Shutdown; fail: (error: unknown) => void },
): Promise<void> {
  const { logger, secrets, shutdown, fail } = deps;
  const metrics = new Metrics({ version: VERSION });
  const gatewayMetrics = new GatewayMetrics(metrics.registry);
  const deliveryMetrics = new DeliveryMetrics(metrics.registry);
  const consulMetrics = new ConsulMetrics(metrics.registry);
  const verifyMetrics = new VerifyMetrics(metrics.registry);
  const kubeConfig = loadKubeConfig(config.kubeconfig);
  const client = new KubeClient({
    config: kubeConfig,
    onRequest: ({ verb, resource, status, durationMs }) => {
      metrics.kubeRequests.inc({ verb, resource, status });
      metrics.kubeSeconds.observe({ verb }, durationMs / 1000);
    },
  });
  const operator = new KjoOperator({
    config: kubeConfig,
    client,
    logger,
    namespaces: config.watchNamespaces,
    operatorNamespace: config.operatorNamespace,
    onSecretValues: (owner, values) => secrets.remember(owner, values),
    onInformerIncident: (resource, incident) => metrics.informerIncidents.inc({ resource, incident }),
  });
  const health = await startHealthServer({
    ...config.bindAddress,
    live: {},
    ready: { informers: () => operator.unsynced },
    metrics: { contentType: metrics.registry.contentType, metrics: () => metrics.registry.metrics() },
    logger,
  });
  shutdown.add("health", () => health.close());
  const host = health.host.includes(":") ? `[${health.host}]` : health.host;
  logger.info("health and metrics listening", { url: `http://${host}:${health.port}`, version: VERSION });
  const events = new EventRecorder({
    client,
    logger,
    controller: CONTROLLER_NAME,
    instance: config.identity,
    redact: (text) => secrets.redact(text),
    onResult: (result) => metrics.events.inc({ result }),
  });
  shutdown.add("api server connections", () => client.close());
  shutdown.add("events", (leftMs) => events.close(Math.min(leftMs, 3_000)));
  shutdown.add("informers", () => operator.stop());
  await operator.start();
  if (shutdown.signal.aborted) return;
  metrics.observeCaches(() =>
    operator.informers.map(({ type, size, hasSynced }) => ({
      resource: type.plural,
      objects: size,
      isSynced: hasSynced,
    })),
  );
  logger.info("caches synced", { objects: operator.informers.reduce((sum, { size }) => sum + size, 0) });
  const { watchNamespaces } = config;
  const lead = (signal: AbortSignal, assertLeading = (): void => {}): Promise<void> =>
    operator.lead(signal, {
      events,
      logger,
      metrics,
      gatewayMetrics,
      deliveryMetrics,
      consulMetrics,
      verifyMetrics,
      watchNamespaces,
      assertLeading,
    });
  const leading = config.leaderElect
    ? elect(config, { client, logger, metrics, shutdown, lead })
    : lead(shutdown.signal).catch(fail);
  shutdown.add("leader", () => leading);
}

function elect(
  config: RunConfig,
  deps: {
    client: KubeClient;
    logger: Logger;
    metrics: Metrics;
    shutdown: Shutdown;
    lead: (signal: AbortSignal, assertLeading: () => void) => Promise<void>;
  },
): Promise<void> {
  const elector: LeaderElector = new LeaderElector({
    client: deps.client,
    namespace: config.operatorNamespace,
    name: config.leaseName,
    identity: config.identity,
    logger: deps.logger,
    lead: (signal) => deps.lead(signal, () => elector.assertHeld()),
    // Another may lead from now on: what is still under way here must not be answered for.
    onOverrun: () => process.kill(process.pid, "SIGKILL"),
    onLeading: (isLeading) => deps.metrics.leader.set(isLeading ? 1 : 0),
  });
  return elector.run(deps.shutdown.signal);
}
