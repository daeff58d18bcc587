import type { JsonObject } from "../../../../../src/model/json.ts";
import type { HeaderPairs } from "../answers.ts";
import type { Exchange, ProxyPlugin } from "../exchange.ts";
import { textsOf } from "../json-fields.ts";

const ALL_METHODS = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS", "TRACE", "CONNECT"];

/** Source: docs.konghq.com, CORS plugin. */
export const cors: ProxyPlugin = {
  name: "cors",
  priority: 2000,
  access(exchange, config) {
    if (!isPreflight(exchange) || config["preflight_continue"] === true) return undefined;
    const { headers } = exchange.request;
    const requested = headers.get("access-control-request-headers");
    const allowed = textsOf(config["headers"]).join(",") || requested;
    const methods = textsOf(config["methods"]);
    const answer: [string, string][] = [
      ...originHeaders(config, headers.get("origin") ?? ""),
      ...(allowed === undefined ? [] : [["Access-Control-Allow-Headers", allowed] satisfies [string, string]]),
      ["Access-Control-Allow-Methods", (methods.length > 0 ? methods : ALL_METHODS).join(",")],
    ];
    if (typeof config["max_age"] === "number") answer.push(["Access-Control-Max-Age", String(config["max_age"])]);
    if (config["private_network"] === true && headers.get("access-control-request-private-network") === "true") {
      answer.push(["Access-Control-Allow-Private-Network", "true"]);
    }
    return { status: 200, headers: answer, body: Buffer.alloc(0) };
  },
  response(exchange, config, head) {
    const origin = exchange.request.headers.get("origin");
    if (isPreflight(exchange) || origin === undefined) return;
    for (const [name, value] of originHeaders(config, origin)) {
      if (name === "Vary") head.headers.add(name, value);
      else head.headers.set(name, value);
    }
    const exposed = textsOf(config["exposed_headers"]);
    if (exposed.length > 0) head.headers.set("Access-Control-Expose-Headers", exposed.join(","));
  },
};

function isPreflight({ request }: Exchange): boolean {
  return (
    request.method === "OPTIONS" &&
    request.headers.has("origin") &&
    request.headers.has("access-control-request-method")
  );
}

function originHeaders(config: JsonObject, origin: string): [string, string][] {
  const origins = textsOf(config["origins"]);
  const credentials: HeaderPairs = config["credentials"] === true ? [["Access-Control-Allow-Credentials", "true"]] : [];
  if (origins.length === 0 || origins.includes("*")) {
    if (credentials.length === 0) return [["Access-Control-Allow-Origin", "*"]];
    // A browser refuses `*` together with credentials.
    return [
      ["Vary", "Origin"],
      ["Access-Control-Allow-Origin", origin],
      ["Access-Control-Allow-Credentials", "true"],
    ];
  }
  const granted =
    origins.length === 1 && !isPattern(origins[0] as string)
      ? origins[0]
      : origins.some((entry) => allows(entry, origin))
        ? origin
        : undefined;
  const allowed: [string, string][] = granted === undefined ? [] : [["Access-Control-Allow-Origin", granted]];
  return [["Vary", "Origin"], ...allowed, ...credentials.map(([name, value]): [string, string] => [name, value])];
}

function isPattern(entry: string): boolean {
  return /[^A-Za-z0-9.:/-]/.test(entry);
}

/** An entry with anything but plain characters is a regular expression over the whole origin, or its host alone. */
function allows(entry: string, origin: string): boolean {
  if (!isPattern(entry)) return entry === origin;
  const subject = entry.includes(":") ? origin : origin.replace(/^[a-z]+:\/\//, "").replace(/:\d+$/, "");
  return new RegExp(`^(?:${entry.replace(/^\^|\$$/g, "")})$`).test(subject);
}
