import type { Dao } from "../store/dao.ts";
import type { NodeInfo } from "./node-info.ts";
import { PLUGIN_NAMES } from "./node-info.ts";
import { NOT_FOUND, NO_CONTENT, ok } from "./response.ts";
import type { Router } from "./router.ts";

export interface InfoContext {
  readonly dao: Dao;
  readonly info: NodeInfo;
  /** Undefined with a database. */
  readonly configurationHash: () => string | undefined;
  readonly listen: () => { readonly admin: string; readonly proxy: string };
}

const NOT_A_CONTROL_PLANE = "this endpoint is only available when Kong is configured to run as Control Plane for the cluster";

/** Endpoints about the gateway itself; none of them reads or writes an entity. */
export function addInfoEndpoints(router: Router, context: InfoContext): void {
  const { dao, info, configurationHash, listen } = context;
  router.add("/", { GET: () => ok(info.root(dao.store, listen())) });
  router.add("/status", { GET: () => ok(info.status(configurationHash())) });
  router.add("/plugins/enabled", { GET: () => ok({ enabled_plugins: [...PLUGIN_NAMES] }) });
  router.add("/timers", { GET: () => ok({ worker: { id: 0, count: 1 }, stats: { timers: {} } }) });
  router.add("/cache", { DELETE: () => NO_CONTENT });
  router.add("/cache/{}", { GET: () => NOT_FOUND, DELETE: () => NO_CONTENT });
  router.add("/debug/node/log-level", { GET: () => ok({ message: "log level: notice" }) });
  const refused = { GET: () => ({ status: 400, json: { message: NOT_A_CONTROL_PLANE } }) };
  router.add("/clustering/data-planes", refused);
  router.add("/clustering/status", refused);
  router.add("/endpoints", { GET: () => ok({ data: [...router.paths()].sort() }) });
}
