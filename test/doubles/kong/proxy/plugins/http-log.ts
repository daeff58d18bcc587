import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../../../../src/model/json.ts";
import type { ProxyPlugin } from "../exchange.ts";
import { numberOf, recordOf, textOf } from "../json-fields.ts";
import { logEntry } from "../log-entry.ts";

interface Queue {
  readonly config: JsonObject;
  entries: JsonObject[];
  timer?: NodeJS.Timeout;
}

/**
 * Sends the log entry of each request to `http_endpoint`, in batches as the plugin's queue says, and again after a
 * failure until `max_retry_time` has passed.
 *
 * Not simulated: `custom_fields_by_lua`, `max_entries`, `max_bytes`.
 * Source: docs.konghq.com, HTTP Log plugin.
 */
export function httpLog(): ProxyPlugin {
  const workspace = randomUUID();
  const stopping = new AbortController();
  const queues = new Map<string, Queue>();
  const retries = new Set<NodeJS.Timeout>();

  function flush(queue: Queue): void {
    clearTimeout(queue.timer);
    delete queue.timer;
    const { entries } = queue;
    queue.entries = [];
    const single = numberOf(recordOf(queue.config["queue"])["max_batch_size"], 1) === 1;
    if (entries.length > 0)
      void send(queue.config, JSON.stringify(single ? entries[0] : entries), performance.now(), 0);
  }

  async function send(config: JsonObject, body: string, sinceMs: number, attempt: number): Promise<void> {
    const settings = recordOf(config["queue"]);
    if (stopping.signal.aborted || (await post(config, body, stopping.signal))) return;
    const initialMs = numberOf(settings["initial_retry_delay"], 0.01) * 1000;
    const delayMs = Math.min(initialMs * 2 ** attempt, numberOf(settings["max_retry_delay"], 60) * 1000);
    const endMs = sinceMs + numberOf(settings["max_retry_time"], 60) * 1000;
    if (performance.now() + delayMs > endMs || stopping.signal.aborted) return;
    const timer = setTimeout(() => {
      retries.delete(timer);
      void send(config, body, sinceMs, attempt + 1);
    }, delayMs);
    retries.add(timer);
  }

  return {
    name: "http-log",
    priority: 12,
    log(exchange, config, outcome, plugin) {
      const settings = recordOf(config["queue"]);
      const id = textOf(plugin["id"]) ?? "";
      let queue = queues.get(id);
      if (queue?.config !== config) {
        if (queue !== undefined) flush(queue);
        queues.set(id, (queue = { config, entries: [] }));
      }
      queue.entries.push(logEntry(exchange, outcome, workspace));
      const full = queue.entries.length >= numberOf(settings["max_batch_size"], 1);
      if (full) flush(queue);
      else {
        const waiting = queue;
        queue.timer ??= setTimeout(() => flush(waiting), numberOf(settings["max_coalescing_delay"], 1) * 1000);
      }
    },
    unsupported: (config) =>
      Object.keys(recordOf(config["custom_fields_by_lua"])).length > 0 ? "custom_fields_by_lua" : undefined,
    stop() {
      stopping.abort();
      for (const queue of queues.values()) clearTimeout(queue.timer);
      for (const timer of retries) clearTimeout(timer);
    },
  };
}

/** True when the endpoint took it. */
async function post(config: JsonObject, body: string, signal: AbortSignal): Promise<boolean> {
  const endpoint = new URL(textOf(config["http_endpoint"]) ?? "");
  const headers: Record<string, string> = { "Content-Type": textOf(config["content_type"]) ?? "application/json" };
  for (const [name, value] of Object.entries(recordOf(config["headers"]))) headers[name] = String(value);
  if (endpoint.username !== "") {
    const credentials = `${decodeURIComponent(endpoint.username)}:${decodeURIComponent(endpoint.password)}`;
    headers["Authorization"] = `Basic ${Buffer.from(credentials).toString("base64")}`;
    endpoint.username = endpoint.password = "";
  }
  const timeout = AbortSignal.timeout(numberOf(config["timeout"], 10_000));
  try {
    const response = await fetch(endpoint, {
      method: textOf(config["method"]) ?? "POST",
      headers,
      body,
      signal: AbortSignal.any([signal, timeout]),
    });
    await response.arrayBuffer();
    return response.status < 300;
  } catch {
    return false;
  }
}
