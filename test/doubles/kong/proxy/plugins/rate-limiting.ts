import type { JsonObject } from "../../../../../src/model/json.ts";
import { errorAnswer } from "../answers.ts";
import type { Exchange, ProxyPlugin } from "../exchange.ts";
import { numberOf, referenceOf, textOf } from "../json-fields.ts";

const WINDOWS = { second: 1, minute: 60, hour: 3600, day: 86_400, month: 2_592_000, year: 31_536_000 } as const;

type Window = keyof typeof WINDOWS;

interface Usage {
  readonly window: Window;
  readonly limit: number;
  readonly key: string;
  /** Left before this request. */
  readonly left: number;
  readonly resetSeconds: number;
}

/** Counters beyond this number are swept of windows that have ended. */
const SWEEP_AT = 10_000;

/**
 * Fixed windows, counted in this process: `policy: cluster` and `redis` count here too.
 * Source: docs.konghq.com, Rate Limiting plugin; headers as recorded from Kong 3.9.1.
 */
export function rateLimiting(): ProxyPlugin {
  const counters = new Map<string, { count: number; readonly endsAtMs: number }>();

  function usageOf(scope: string, window: Window, limit: number, nowMs: number): Usage {
    const startMs = windowStart(window, nowMs);
    const key = `${scope} ${window} ${startMs}`;
    const left = limit - (counters.get(key)?.count ?? 0);
    const resetSeconds = Math.max(1, WINDOWS[window] - Math.floor((nowMs - startMs) / 1000));
    return { window, limit, key, left, resetSeconds };
  }
  function count(usage: Usage, nowMs: number): void {
    const counter = counters.get(usage.key);
    if (counter !== undefined) counter.count += 1;
    else counters.set(usage.key, { count: 1, endsAtMs: nowMs + usage.resetSeconds * 1000 });
    if (counters.size < SWEEP_AT) return;
    for (const [key, { endsAtMs }] of counters) if (endsAtMs <= nowMs) counters.delete(key);
  }

  return {
    name: "rate-limiting",
    priority: 910,
    access(exchange, config, plugin) {
      const nowMs = exchange.now();
      const scope = scopeOf(exchange, config, plugin);
      const usages = (Object.keys(WINDOWS) as Window[]).flatMap((window) => {
        const limit = numberOf(config[window], 0);
        return limit > 0 ? [usageOf(scope, window, limit, nowMs)] : [];
      });
      const exceeded = usages.filter((usage) => usage.left <= 0).at(-1);
      const decisive = addHeaders(exchange, config, usages, exceeded);
      if (exceeded === undefined) {
        for (const usage of usages) count(usage, nowMs);
        return undefined;
      }
      const headers = config["hide_client_headers"] === true ? [] : [["Retry-After", String(decisive)] as const];
      const message = textOf(config["error_message"]) ?? "API rate limit exceeded";
      return errorAnswer(exchange.request, exchange.requestId, numberOf(config["error_code"], 429), message, headers);
    },
    unsupported: (config) =>
      config["policy"] === "local" || config["policy"] === undefined
        ? undefined
        : `policy ${String(config["policy"])}, counted locally`,
  };
}

/** Sets the client's headers and answers the seconds until the scarcest window begins anew. */
function addHeaders(exchange: Exchange, config: JsonObject, usages: Usage[], exceeded: Usage | undefined): number {
  const after = usages.map((usage) => {
    const counts = exceeded === undefined || exceeded === usage;
    return { usage, remaining: Math.max(0, usage.left - (counts ? 1 : 0)) };
  });
  const scarcest = after.reduce<(typeof after)[number] | undefined>((best, item) => {
    if (best === undefined || item.remaining < best.remaining) return item;
    const longer = WINDOWS[item.usage.window] > WINDOWS[best.usage.window];
    return item.remaining === best.remaining && longer ? item : best;
  }, undefined);
  if (scarcest === undefined) return 0;
  if (config["hide_client_headers"] === true) return scarcest.usage.resetSeconds;
  const { responseHeaders } = exchange;
  responseHeaders.set("RateLimit-Reset", String(scarcest.usage.resetSeconds));
  for (const { usage, remaining } of after) {
    const name = usage.window[0]?.toUpperCase() + usage.window.slice(1);
    responseHeaders.set(`X-RateLimit-Limit-${name}`, String(usage.limit));
    responseHeaders.set(`X-RateLimit-Remaining-${name}`, String(remaining));
  }
  responseHeaders.set("RateLimit-Limit", String(scarcest.usage.limit));
  responseHeaders.set("RateLimit-Remaining", String(scarcest.remaining));
  return scarcest.usage.resetSeconds;
}

/** Who is counted together, within the plugin's own scope; the client's address where `limit_by` finds nothing. */
function scopeOf(exchange: Exchange, config: JsonObject, plugin: JsonObject): string {
  const { request, identity } = exchange;
  const service = referenceOf(plugin["service"]) ?? "";
  const scope = `${referenceOf(plugin["route"]) ?? ""} ${service}`;
  const byAddress = request.clientIp;
  switch (config["limit_by"]) {
    case "credential":
      return `${scope} ${textOf(identity?.credential?.["id"]) ?? byAddress}`;
    case "service":
      return `service ${textOf(exchange.service?.["id"]) ?? byAddress}`;
    case "header":
      return `${scope} ${request.headers.get(textOf(config["header_name"]) ?? "") ?? byAddress}`;
    case "path":
      return `${scope} ${request.path === config["path"] ? request.path : byAddress}`;
    case "ip":
      return `${scope} ${byAddress}`;
    default:
      return `${scope} ${textOf((identity?.consumer ?? identity?.credential)?.["id"]) ?? byAddress}`;
  }
}

/** Windows begin at full seconds, minutes, hours and days, and with the first of a month or year, in UTC. */
function windowStart(window: Window, nowMs: number): number {
  const now = new Date(nowMs);
  if (window === "month") return Date.UTC(now.getUTCFullYear(), now.getUTCMonth());
  if (window === "year") return Date.UTC(now.getUTCFullYear(), 0);
  return Math.floor(nowMs / (WINDOWS[window] * 1000)) * WINDOWS[window] * 1000;
}
