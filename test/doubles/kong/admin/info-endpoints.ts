import type { Dao } from "../store/dao.ts";
import type { Listen, NodeInfo, ServerLoad } from "./node-info.ts";
import { PLUGIN_NAMES } from "./node-info.ts";
import { NOT_FOUND, NO_CONTENT, ok } from "./response.ts";
import type { Handler, Handlers, Router } from "./router.ts";

export interface InfoContext {
  readonly dao: Dao;
  readonly info: NodeInfo;
  /** Undefined with a database. */
  readonly configurationHash: () => string | undefined;
  readonly load: () => ServerLoad;
  readonly listen: () => Listen;
}

/** Paths that Kong lists beside those that are served here; they belong to plugins and to parts without a double. */
const NOT_SERVED = [
  "/acme",
  "/acme/certificates",
  "/acme/certificates/{certificates}",
  "/acme_storage",
  "/acme_storage/{acme_storage}",
  "/debug/cluster/log-level/{log_level}",
  "/debug/node/log-level/{log_level}",
  "/metrics",
  "/proxy-cache",
  "/proxy-cache/{cache_key}",
  "/proxy-cache/{plugin_id}/caches/{cache_key}",
  "/schemas/filters/{name}",
  "/sessions",
  "/sessions/{sessions}",
];

const NOT_A_CONTROL_PLANE =
  "this endpoint is only available when Kong is configured to run as Control Plane for the cluster";

const FILTER_PATHS = [
  "/filter-chains",
  "/filter-chains/{filter_chains}",
  "/filter-chains/{filter_chains}/route",
  "/filter-chains/{filter_chains}/service",
  "/routes/{routes}/filter-chains",
  "/routes/{routes}/filter-chains/{filter_chains}",
  "/routes/{routes}/filters/all",
  "/routes/{routes}/filters/disabled",
  "/routes/{routes}/filters/enabled",
  "/services/{services}/filter-chains",
  "/services/{services}/filter-chains/{filter_chains}",
];

// Filters are there only where the gateway runs WebAssembly, which is off by default.
const refuseFilters: Handler = () => ({
  status: 400,
  json: { message: "this endpoint is only available when wasm is enabled" },
});
const WITHOUT_WASM: Handlers = {
  GET: refuseFilters,
  POST: refuseFilters,
  PUT: refuseFilters,
  PATCH: refuseFilters,
  DELETE: refuseFilters,
};

/** Endpoints about the gateway itself; none of them reads or writes an entity. */
export function addInfoEndpoints(router: Router, context: InfoContext): void {
  const { dao, info, configurationHash, listen, load } = context;
  router.add("/", { GET: () => ok(info.root(dao.store, listen())) });
  router.add("/status", { GET: () => ok(info.status(configurationHash(), load())) });
  router.add("/plugins/enabled", { GET: () => ok({ enabled_plugins: [...PLUGIN_NAMES] }) });
  router.add("/timers", { GET: () => ok({ worker: { id: 0, count: 1 }, stats: { timers: {} } }) });
  router.add("/cache", { DELETE: () => NO_CONTENT });
  router.add("/cache/{key}", { GET: () => NOT_FOUND, DELETE: () => NO_CONTENT });
  router.add("/debug/node/log-level", { GET: () => ok({ message: "log level: notice" }) });
  router.add("/status/dns", {
    GET: () => ({ status: 501, json: { message: "not implemented with the legacy DNS client" } }),
  });
  const refused = { GET: () => ({ status: 400, json: { message: NOT_A_CONTROL_PLANE } }) };
  router.add("/clustering/data-planes", refused);
  router.add("/clustering/status", refused);
  for (const path of FILTER_PATHS) router.add(path, WITHOUT_WASM);
  router.add("/endpoints", { GET: () => ok({ data: [...router.paths(), ...NOT_SERVED].sort(bySegment) }) });
}

// Parts before letters: `/a/z` comes before `/ab`.
function bySegment(left: string, right: string): number {
  return left.replaceAll("/", "\0") < right.replaceAll("/", "\0") ? -1 : 1;
}
