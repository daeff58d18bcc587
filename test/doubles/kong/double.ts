import { addAclEndpoints } from "./admin/acl-endpoints.ts";
import { addCertificateEndpoints } from "./admin/certificate-endpoints.ts";
import { addConsumerGroupEndpoints } from "./admin/consumer-group-endpoints.ts";
import { addConsumerEndpoints } from "./admin/consumer-endpoints.ts";
import { addEntityEndpoints } from "./admin/entity-endpoints.ts";
import { addInfoEndpoints } from "./admin/info-endpoints.ts";
import { NodeInfo } from "./admin/node-info.ts";
import { Router } from "./admin/router.ts";
import { addSchemaEndpoints } from "./admin/schema-endpoints.ts";
import { AdminServer } from "./admin/server.ts";
import { addTagEndpoints } from "./admin/tag-endpoints.ts";
import { addTargetEndpoints } from "./admin/target-endpoints.ts";
import { DeclarativeConfig, addDatabaseConfigEndpoint } from "./declarative/config-endpoints.ts";
import type { Fault } from "./faults.ts";
import { Faults } from "./faults.ts";
import { Balancers } from "./health/balancers.ts";
import { Pace } from "./pace.ts";
import { startProxy } from "./proxy/proxy.ts";
import { RequestLog } from "./request-log.ts";
import type { LoggedRequest, RequestFilter } from "./request-log.ts";
import type { RouterFlavor } from "./schema/catalog.ts";
import type { Edition } from "./schema/enterprise.ts";
import { loadCatalog } from "./schema/catalog.ts";
import { Dao } from "./store/dao.ts";
import { Store } from "./store/store.ts";

export interface KongDoubleOptions {
  /** Port of the Admin API; a free one by default. */
  readonly port?: number;
  /** Port of the proxy; a free one by default. */
  readonly proxyPort?: number;
  /** Port of the proxy over TLS; a free one by default. */
  readonly proxyTlsPort?: number;
  /** Without a database: read-only but for `POST /config`. */
  readonly dbless?: boolean;
  /** A real gateway's speed instead of this machine's. */
  readonly pace?: "kong";
  /** Routes and balancers are served with a real gateway's delay. */
  readonly lag?: boolean;
  readonly routerFlavor?: RouterFlavor;
  /** `enterprise` has consumer groups, by Kong's documentation; everything else stays that of the open-source gateway. */
  readonly edition?: Edition;
  /** Faults that are there from the beginning. */
  readonly faults?: readonly Fault[];
}

export interface KongDouble {
  readonly adminUrl: string;
  readonly proxyUrl: string;
  /** `https://127.0.0.1:<port>`: certificates by server name. */
  readonly proxyTlsUrl: string;
  /** The most recent requests to the Admin API, oldest first. */
  readonly requests: readonly LoggedRequest[];
  /** Requests to the Admin API since the start or the last reset; a predicate counts the recent ones only. */
  count(filter?: RequestFilter): number;
  resetCounts(): void;
  /** Switches faults of the Admin API on and off. */
  readonly faults: Faults;
  /** The entities, for tests that look behind the Admin API. */
  readonly store: Store;
  stop(): Promise<void>;
}

/**
 * Starts a stand-in for a Kong gateway: an Admin API, and a proxy that serves what it was given, both on 127.0.0.1.
 * Source: recorded answers of Kong Gateway 3.9.1.
 */
export async function startKongDouble(options: KongDoubleOptions = {}): Promise<KongDouble> {
  const { dbless = false, lag = false, routerFlavor = "traditional_compatible" } = options;
  const store = new Store(loadCatalog(routerFlavor, options.edition));
  const dao = new Dao(store, { readOnly: dbless });
  const info = new NodeInfo({ dbless, routerFlavor });
  const balancers = new Balancers(store, { lag });
  const pace = options.pace === "kong" ? new Pace() : undefined;
  const config = dbless ? new DeclarativeConfig(store, (entities) => pace?.loadMs(entities) ?? 0) : undefined;
  const log = new RequestLog();

  const router = new Router();
  addEntityEndpoints(router, dao);
  addAclEndpoints(router, dao);
  addCertificateEndpoints(router, dao);
  addConsumerEndpoints(router, dao);
  addConsumerGroupEndpoints(router, dao);
  addTargetEndpoints(router, { dao, balancers, nodeId: info.nodeId });
  addSchemaEndpoints(router, dao);
  addTagEndpoints(router, store, { dbless });
  if (config === undefined) addDatabaseConfigEndpoint(router);
  else config.addEndpoints(router);

  const admin: AdminServer = new AdminServer(router, {
    before: async (request) => {
      const fault = await faults.before(request);
      if (fault === undefined || fault === "drop-after") await pace?.before(request);
      return fault;
    },
    after: (request, status) => {
      log.add(request, status);
    },
  });
  const faults = new Faults({ stop: () => admin.stop(), start: () => admin.start(options.port ?? 0) });
  for (const fault of options.faults ?? []) faults.add(fault);

  await admin.start(options.port ?? 0);
  const proxy = await startProxy(store, {
    port: options.proxyPort ?? 0,
    tlsPort: options.proxyTlsPort ?? 0,
    lag,
  }).catch(async (error: unknown) => {
    await admin.stop();
    throw error;
  });
  addInfoEndpoints(router, {
    dao,
    info,
    configurationHash: () => config?.hash,
    load: () => admin.load,
    listen: () => ({
      admin: new URL(admin.url).host,
      proxy: new URL(proxy.url).host,
      proxyTls: new URL(proxy.tlsUrl).host,
    }),
  });

  return {
    adminUrl: admin.url,
    proxyUrl: proxy.url,
    proxyTlsUrl: proxy.tlsUrl,
    requests: log.recent,
    count: (filter) => log.count(filter),
    resetCounts: () => {
      log.reset();
    },
    faults,
    store,
    stop: async () => {
      faults.clear();
      balancers.stop();
      await proxy.stop();
      await admin.stop();
    },
  };
}
