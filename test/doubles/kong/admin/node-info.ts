import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Json, JsonObject } from "../../../../src/model/json.ts";
import type { RouterFlavor } from "../schema/catalog.ts";
import type { Store } from "../store/store.ts";

/** The bundled plugins in Kong's order, each with the priority in which they run. */
const PLUGIN_PRIORITIES: Readonly<Record<string, number>> = {
  jwt: 1450,
  acl: 950,
  "correlation-id": 100001,
  cors: 2000,
  oauth2: 1400,
  "tcp-log": 7,
  "udp-log": 8,
  "file-log": 9,
  "http-log": 12,
  "key-auth": 1250,
  "hmac-auth": 1030,
  "basic-auth": 1100,
  "ip-restriction": 990,
  "request-transformer": 801,
  "response-transformer": 800,
  "request-size-limiting": 951,
  "rate-limiting": 910,
  "response-ratelimiting": 900,
  syslog: 4,
  loggly: 6,
  datadog: 10,
  "ldap-auth": 1200,
  statsd: 11,
  "bot-detection": 2500,
  "aws-lambda": 750,
  "request-termination": 2,
  prometheus: 13,
  "proxy-cache": 100,
  session: 1900,
  acme: 1705,
  "grpc-gateway": 998,
  "grpc-web": 3,
  "pre-function": 1000000,
  "post-function": -1000,
  "azure-functions": 749,
  zipkin: 100000,
  opentelemetry: 14,
  "ai-proxy": 770,
  "ai-prompt-decorator": 772,
  "ai-prompt-template": 773,
  "ai-prompt-guard": 771,
  "ai-request-transformer": 777,
  "ai-response-transformer": 768,
  "standard-webhooks": 760,
  redirect: 779,
};

export const KONG_VERSION = "3.9.1";
export const PLUGIN_NAMES: readonly string[] = Object.keys(PLUGIN_PRIORITIES);

/** Each of two workers keeps a connection to the other, which nginx counts with the rest. */
const INTERNAL_CONNECTIONS = 2;

/** What the Admin API's own server has done and does. */
export interface ServerLoad {
  readonly accepted: number;
  readonly open: number;
  readonly requests: number;
  /** Requests that are being answered now. */
  readonly serving: number;
}

export interface NodeOptions {
  readonly dbless: boolean;
  readonly routerFlavor: RouterFlavor;
}

/** What the gateway says about itself. */
export class NodeInfo {
  readonly nodeId = randomUUID();
  readonly #options: NodeOptions;

  constructor(options: NodeOptions) {
    this.#options = options;
  }

  /** Body of `GET /`. */
  root(store: Store, listen: Listen): JsonObject {
    const enabled = [...new Set([...store.table("plugins").rows.values()].map((row) => row["name"] as string))].sort();
    const available = Object.entries(PLUGIN_PRIORITIES).map(([name, priority]) => [
      name,
      { version: KONG_VERSION, priority },
    ]);
    return {
      tagline: "Welcome to kong",
      version: KONG_VERSION,
      edition: "community",
      lua_version: "LuaJIT 2.1.0-20231117.1",
      hostname: hostname(),
      node_id: this.nodeId,
      pids: { master: process.pid, workers: [process.pid] },
      timers: { pending: 0, running: 0 },
      plugins: { available_on_server: Object.fromEntries(available) as JsonObject, enabled_in_cluster: enabled },
      configuration: this.#configuration(listen),
    };
  }

  /** Body of `GET /status`; the hash is there in DB-less mode only. */
  status(configurationHash: string | undefined, load: ServerLoad): JsonObject {
    const server = {
      connections_accepted: INTERNAL_CONNECTIONS + load.accepted,
      connections_active: INTERNAL_CONNECTIONS + load.open,
      connections_handled: INTERNAL_CONNECTIONS + load.accepted,
      connections_reading: 0,
      connections_waiting: Math.max(0, load.open - load.serving),
      connections_writing: INTERNAL_CONNECTIONS + load.serving,
      total_requests: INTERNAL_CONNECTIONS + load.requests,
    };
    const memory = {
      workers_lua_vms: [{ pid: process.pid, http_allocated_gc: megabytes(process.memoryUsage.rss()) }],
      lua_shared_dicts: {},
    };
    const mode: JsonObject =
      configurationHash === undefined ? { database: { reachable: true } } : { configuration_hash: configurationHash };
    return { ...mode, memory, server };
  }

  // The settings that decide over the gateway's behaviour; a real one lists all of its configuration here.
  #configuration(listen: Listen): JsonObject {
    const loaded: Record<string, Json> = Object.fromEntries(PLUGIN_NAMES.map((name) => [name, true]));
    return {
      admin_listen: [listen.admin],
      admin_listeners: [listenerOf(listen.admin)],
      proxy_listen: [listen.proxy, `${listen.proxyTls} ssl`],
      proxy_listeners: [
        listenerOf(listen.proxy),
        { ...listenerOf(listen.proxyTls), listener: `${listen.proxyTls} ssl`, ssl: true },
      ],
      status_listeners: [],
      stream_listeners: [],
      database: this.#options.dbless ? "off" : "postgres",
      db_cache_ttl: 0,
      db_update_frequency: 5,
      db_update_propagation: 0,
      loaded_plugins: loaded,
      loaded_vaults: { env: true },
      log_level: "notice",
      plugins: ["bundled"],
      role: "traditional",
      router_flavor: this.#options.routerFlavor,
      upstream_keepalive_pool_size: 512,
      vaults: ["bundled"],
      wasm: false,
      worker_consistency: "eventual",
      worker_state_update_frequency: 5,
    };
  }
}

/** Where the double listens: `127.0.0.1:8000`. */
export interface Listen {
  readonly admin: string;
  readonly proxy: string;
  readonly proxyTls: string;
}

/** An address as Kong takes it apart, without the flags of nginx that are off. */
function listenerOf(address: string): JsonObject {
  const { hostname: ip, port } = new URL(`http://${address}`);
  return {
    listener: address,
    ip,
    port: Number(port),
    ssl: false,
    http2: false,
    proxy_protocol: false,
    reuseport: false,
  };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(2)} MiB`;
}
