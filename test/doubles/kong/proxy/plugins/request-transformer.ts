import { isJsonObject } from "../../../../../src/model/json.ts";
import type { JsonObject } from "../../../../../src/model/json.ts";
import type { Exchange, ProxyPlugin } from "../exchange.ts";
import type { HeaderList } from "../header-list.ts";
import { recordOf, textOf, textsOf } from "../json-fields.ts";
import { pairOf, parseJson } from "./request-parts.ts";

/**
 * Headers, query, JSON bodies, method and path, in Kong's order: remove, rename, replace, add, append.
 * Not simulated: templates (`$(…)`), form and multipart bodies.
 * Source: docs.konghq.com, Request Transformer plugin.
 */
export const requestTransformer: ProxyPlugin = {
  name: "request-transformer",
  priority: 801,
  access(exchange, config) {
    const { upstream } = exchange;
    const uri = textOf(recordOf(config["replace"])["uri"]);
    if (uri !== undefined) upstream.path = uri;
    transformHeaders(upstream.headers, config);
    transformQuery(exchange, config);
    transformBody(exchange, config);
    upstream.method = textOf(config["http_method"]) ?? upstream.method;
    return undefined;
  },
  unsupported: (config) => (JSON.stringify(config).includes("$(") ? "templates" : undefined),
};

const STEPS = ["remove", "rename", "replace", "add", "append"] as const;

type Step = (typeof STEPS)[number];

/** The entries of one part, step by step. */
function* stepsOf(config: JsonObject, part: "headers" | "querystring" | "body"): Iterable<[Step, string, string]> {
  for (const step of STEPS) {
    for (const entry of textsOf(recordOf(config[step])[part])) yield [step, ...pairOf(entry)];
  }
}

function transformHeaders(headers: HeaderList, config: JsonObject): void {
  for (const [step, name, value] of stepsOf(config, "headers")) {
    const isHost = name.toLowerCase() === "host";
    const before = headers.get(name);
    if (step === "append" && !isHost) headers.add(name, value);
    if (step === "replace" && before !== undefined) headers.set(name, value);
    if (step === "add" && before === undefined) headers.add(name, value);
    if ((step === "remove" || step === "rename") && !isHost) headers.delete(name);
    if (step === "rename" && before !== undefined && !isHost) headers.set(value, before);
  }
}

function transformQuery(exchange: Exchange, config: JsonObject): void {
  const steps = [...stepsOf(config, "querystring")];
  if (steps.length === 0) return;
  const query = new URLSearchParams(exchange.upstream.query);
  for (const [step, name, value] of steps) {
    const before = query.get(name);
    if (step === "append") query.append(name, value);
    if (step === "replace" && before !== null) query.set(name, value);
    if (step === "add" && before === null) query.set(name, value);
    if (step === "remove" || step === "rename") query.delete(name);
    if (step === "rename" && before !== null) query.set(value, before);
  }
  exchange.upstream.query = query.toString();
}

function transformBody({ request, upstream }: Exchange, config: JsonObject): void {
  const steps = [...stepsOf(config, "body")];
  const isJson = (request.headers.get("content-type") ?? "").toLowerCase().includes("application/json");
  const body = upstream.body.length === 0 ? {} : parseJson(upstream.body.toString());
  if (steps.length === 0 || !isJson || !isJsonObject(body)) return;
  for (const [step, name, value] of steps) {
    const before = body[name];
    if (step === "append")
      body[name] = before === undefined ? [value] : Array.isArray(before) ? [...before, value] : [before, value];
    if (step === "replace" && before !== undefined) body[name] = value;
    if (step === "add" && before === undefined) body[name] = value;
    if (step === "remove" || step === "rename") delete body[name];
    if (step === "rename" && before !== undefined) body[value] = before;
  }
  upstream.body = Buffer.from(JSON.stringify(body));
}
