import { Dao } from "./store/dao.ts";
import { Store } from "./store/store.ts";
import { loadCatalog } from "./schema/catalog.ts";
import type { RouterFlavor } from "./schema/catalog.ts";
import { addAclEndpoints } from "./admin/acl-endpoints.ts";
import { addCertificateEndpoints } from "./admin/certificate-endpoints.ts";
import { addConsumerEndpoints } from "./admin/consumer-endpoints.ts";
import { addEntityEndpoints } from "./admin/entity-endpoints.ts";
import { addInfoEndpoints } from "./admin/info-endpoints.ts";
import { NodeInfo } from "./admin/node-info.ts";
import { addSchemaEndpoints } from "./admin/schema-endpoints.ts";
import { addTargetEndpoints } from "./admin/target-endpoints.ts";
import { addTagEndpoints } from "./admin/tag-endpoints.ts";
import { DeclarativeConfig, addDatabaseConfigEndpoint } from "./declarative/config-endpoints.ts";
import { Balancers } from "./health/balancers.ts";
import { Router } from "./admin/router.ts";
import { AdminServer } from "./admin/server.ts";
import { RequestLog } from "./request-log.ts";
import type { LoggedRequest, RequestFilter } from "./request-log.ts";

export interface KongDoubleOptions {
  /** Port of the Admin API; a free one by default. */
  readonly port?: number;
  /** Port of the proxy; a free one by default. */
  readonly proxyPort?: number;
  readonly routerFlavor?: RouterFlavor;
  /** Without a database: read-only but for `POST /config`. */
  readonly dbless?: boolean;
  /** Routes and balancers are served with a real gateway's delay. */
  readonly lag?: boolean;
}

export interface KongDouble {
  readonly adminUrl: string;
  readonly proxyUrl: string;
  /** The most recent requests to the Admin API, oldest first. */
  readonly requests: readonly LoggedRequest[];
  /** Requests to the Admin API since the start or the last reset. */
  count(filter?: RequestFilter): number;
  resetCounts(): void;
  readonly store: Store;
  stop(): Promise<void>;
}

/** Starts a stand-in for a Kong gateway: an Admin API, and a proxy that serves what it was given. */
export async function startKongDouble(options: KongDoubleOptions = {}): Promise<KongDouble> {
  const store = new Store(loadCatalog(options.routerFlavor ?? "traditional_compatible"));
  const dbless = options.dbless ?? false;
  const dao = new Dao(store, { readOnly: dbless });
  const info = new NodeInfo({ dbless, routerFlavor: store.catalog.routerFlavor });
  const balancers = new Balancers(store, { lag: options.lag ?? false });
  const router = new Router();
  addEntityEndpoints(router, dao);
  addAclEndpoints(router, dao);
  addCertificateEndpoints(router, dao);
  addConsumerEndpoints(router, dao);
  addTargetEndpoints(router, { dao, balancers, nodeId: info.nodeId });
  addSchemaEndpoints(router, dao);
  addTagEndpoints(router, store, { dbless });
  const config = dbless ? new DeclarativeConfig(store) : undefined;
  if (config === undefined) addDatabaseConfigEndpoint(router);
  else config.addEndpoints(router);
  const log = new RequestLog();
  const admin = new AdminServer(router, {
    before: () => Promise.resolve(undefined),
    after: (request, response) => {
      info.countRequest();
      log.add(request, response.status);
      return Promise.resolve(undefined);
    },
  });
  await admin.start(options.port ?? 0);
  const proxy = await startOwnProxy(store, options);
  addInfoEndpoints(router, {
    dao,
    info,
    configurationHash: () => config?.hash,
    listen: () => ({ admin: new URL(admin.url).host, proxy: new URL(proxy.url).host }),
  });
  return {
    adminUrl: admin.url,
    proxyUrl: proxy.url,
    requests: log.recent,
    count: (filter) => log.count(filter),
    resetCounts: () => {
      log.reset();
    },
    store,
    stop: async () => {
      balancers.stop();
      await proxy.stop();
      await admin.stop();
    },
  };
}

interface RunningProxy {
  readonly url: string;
  stop(): Promise<void>;
}

async function startOwnProxy(store: Store, options: KongDoubleOptions): Promise<RunningProxy> {
  const path = "./proxy/proxy.ts";
  const module = (await import(path).catch(() => undefined)) as
    | { startProxy: (source: Store, options: { port?: number; lag?: boolean }) => Promise<RunningProxy> }
    | undefined;
  if (module === undefined) return { url: "http://127.0.0.1:0", stop: () => Promise.resolve() };
  return module.startProxy(store, { port: options.proxyPort ?? 0, lag: options.lag ?? false });
}
