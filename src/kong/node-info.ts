import { hash } from "node:crypto";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";

/** What a gateway says of itself. */
export interface NodeInfo {
  readonly version: string;
  readonly nodeId: string;
  readonly hostname: string;
  /** `postgres`, or `off` for a gateway without a database. */
  readonly database: string;
  /** `traditional_compatible`, `traditional` or `expressions`. */
  readonly routerFlavor: string;
  /** `traditional`, `control_plane` or `data_plane`. */
  readonly role: string;
  readonly proxyListeners: readonly Listener[];
  readonly adminListeners: readonly Listener[];
  /** Names of the plugins that the gateway has. */
  readonly plugins: readonly string[];
  /** How often the gateway's workers take up what was written to its database. */
  readonly stateUpdateMs: number;
  /** Differs where another node answers, or one with other plugins or other versions of them: schemas may differ too. */
  readonly software: string;
}

export interface Listener {
  readonly ip: string;
  readonly port: number;
  readonly ssl: boolean;
}

export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

/** Reads the answer to `GET /`; undefined where it is none of Kong's. */
export function parseNodeInfo(body: Json | undefined): NodeInfo | undefined {
  if (!isJsonObject(body) || typeof body["version"] !== "string") return undefined;
  const configuration = isJsonObject(body["configuration"]) ? body["configuration"] : {};
  const plugins = isJsonObject(body["plugins"]) ? body["plugins"]["available_on_server"] : undefined;
  return {
    version: body["version"],
    nodeId: text(body["node_id"]),
    hostname: text(body["hostname"]),
    database: text(configuration["database"]),
    routerFlavor: text(configuration["router_flavor"]),
    role: text(configuration["role"]),
    proxyListeners: listeners(configuration["proxy_listeners"]),
    adminListeners: listeners(configuration["admin_listeners"]),
    plugins: isJsonObject(plugins) ? Object.keys(plugins).sort() : [],
    stateUpdateMs: stateUpdateMs(configuration),
    software: softwareOf(body),
  };
}

const OLDEST_VERSION = [3, 4] as const;

/** Why this gateway cannot be written to; undefined where it can. */
export function refusalOf(info: NodeInfo): Refusal | undefined {
  if (info.role === "data_plane") {
    return {
      reason: "DataPlane",
      message:
        "this is a data plane, which takes its configuration from its control plane: name the control plane's Admin API",
    };
  }
  const [major = 0, minor = 0] = info.version.split(".").map(Number);
  if (major < OLDEST_VERSION[0] || (major === OLDEST_VERSION[0] && minor < OLDEST_VERSION[1])) {
    return {
      reason: "VersionNotSupported",
      message: `Kong ${info.version} is older than ${OLDEST_VERSION.join(".")}, the oldest supported`,
    };
  }
  return undefined;
}

function softwareOf({ version, node_id, plugins }: JsonObject): string {
  const available = isJsonObject(plugins) ? plugins["available_on_server"] : undefined;
  // Kong's JSON has no order of its own.
  const sorted = isJsonObject(available) ? Object.entries(available).sort(([a], [b]) => (a < b ? -1 : 1)) : [];
  const named = sorted.map(([name, plugin]) => [name, isJsonObject(plugin) ? plugin["version"] : plugin]);
  return hash("sha1", JSON.stringify([version, node_id, named]));
}

/** Source: kong.conf, worker_state_update_frequency and worker_consistency. */
function stateUpdateMs(configuration: JsonObject): number {
  if (configuration["worker_consistency"] === "strict") return 0;
  const seconds = configuration["worker_state_update_frequency"];
  return typeof seconds === "number" ? seconds * 1000 : DEFAULT_STATE_UPDATE_MS;
}

const DEFAULT_STATE_UPDATE_MS = 5_000;

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

function listeners(value: Json | undefined): Listener[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isJsonObject).map((listener: JsonObject) => ({
    ip: text(listener["ip"]),
    port: typeof listener["port"] === "number" ? listener["port"] : 0,
    ssl: listener["ssl"] === true,
  }));
}
