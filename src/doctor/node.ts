import type { Listener, NodeInfo } from "../kong/node-info.ts";
import { refusalOf } from "../kong/node-info.ts";
import { findingsOf, listed, type Finding } from "./finding.ts";

const { ok, problem, warning } = findingsOf("gateway");

/** The ports of Kong's own default configuration. Source: kong.conf, proxy_listen and admin_listen. */
const PORTS = [
  { port: 8000, what: "proxy, http", listeners: "proxy", ssl: false },
  { port: 8443, what: "proxy, https", listeners: "proxy", ssl: true },
  { port: 8001, what: "Admin API, http", listeners: "admin", ssl: false },
  { port: 8444, what: "Admin API, https", listeners: "admin", ssl: true },
] as const;

/** The clock of the gateway may differ so much: `Date` has whole seconds, and the answer took its time. */
const SKEW_MS = 3_000;

/** What a gateway says of itself, and what of it asks for something to be done. */
export function nodeFindings(subject: string, info: NodeInfo): Finding[] {
  const refusal = refusalOf(info);
  const mode = info.database === "off" ? "without a database" : `with ${info.database || "a database"}`;
  const role = info.role === "" || info.role === "traditional" ? "" : `, ${info.role}`;
  const node = `Kong ${info.version} on ${info.hostname} (node ${info.nodeId}), ${mode}${role}, router ${info.routerFlavor}`;
  return [
    refusal
      ? problem(subject, `${node}: ${refusal.message}`, "name another Admin API in spec.adminApi")
      : ok(subject, node),
    ...portFindings(subject, info),
    info.plugins.length > 0
      ? ok(subject, `${info.plugins.length} plugins are enabled: ${listed(info.plugins, 60)}`)
      : warning(subject, "no plugins are enabled", "set KONG_PLUGINS=bundled on the gateway"),
  ];
}

function portFindings(subject: string, info: NodeInfo): Finding[] {
  const found = { proxy: info.proxyListeners, admin: info.adminListeners };
  const missing = PORTS.filter(
    ({ port, listeners, ssl }) => !found[listeners].some((one) => one.port === port && one.ssl === ssl),
  );
  const all = [...info.proxyListeners.map(describe("proxy")), ...info.adminListeners.map(describe("Admin API"))];
  const listening = `listens on ${all.join(", ") || "nothing that it tells of"}`;
  const konga = "1337 is not Kong's port: it belonged to Konga, a user interface of others, and nothing here needs it";
  if (missing.length === 0) return [ok(subject, `${listening}: all four ports of the default configuration; ${konga}`)];
  const words = missing.map(({ port, what }) => `${port} (${what})`).join(", ");
  if (info.proxyListeners.length === 0)
    return [problem(subject, `${listening}: no proxy, so nothing is served`, "set KONG_PROXY_LISTEN on the gateway")];
  const hasHttps = info.proxyListeners.some(({ ssl }) => ssl);
  const remedy = hasHttps
    ? "nothing, where these ports were chosen: KONG_PROXY_LISTEN and KONG_ADMIN_LISTEN of the gateway decide"
    : "routes with https need a listener with ssl: KONG_PROXY_LISTEN=0.0.0.0:8000, 0.0.0.0:8443 ssl";
  return [warning(subject, `${listening}: not on ${words}; ${konga}`, remedy)];
}

function describe(what: string) {
  return ({ port, ssl }: Listener): string => `${port} (${what}, ${ssl ? "https" : "http"})`;
}

/** @param date the header Date of an answer that came between the two times. */
export function clockFinding(
  subject: string,
  date: string | undefined,
  between: { fromMs: number; toMs: number },
): Finding[] {
  const atMs = date === undefined ? Number.NaN : Date.parse(date);
  if (Number.isNaN(atMs)) return [];
  const behindMs = between.fromMs - atMs;
  const aheadMs = atMs - between.toMs;
  const skewMs = Math.max(behindMs, aheadMs, 0);
  if (skewMs <= SKEW_MS) return [ok(subject, "its clock agrees with this machine's")];
  const direction = behindMs > aheadMs ? "behind" : "ahead of";
  return [
    warning(
      subject,
      `its clock is ${Math.round(skewMs / 1000)} s ${direction} this machine's: tokens with exp or nbf, and hmac-auth, are judged by it`,
      "let both keep time by NTP",
    ),
  ];
}
