import { isJsonObject } from "../../../../../src/model/json.ts";
import type { Json, JsonObject } from "../../../../../src/model/json.ts";
import type { ProxyPlugin, ResponseHead } from "../exchange.ts";
import { recordOf, textsOf } from "../json-fields.ts";
import { pairOf, parseJson } from "./request-parts.ts";

const STEPS = ["remove", "rename", "replace", "add", "append"] as const;

/** Headers and JSON bodies. Source: docs.konghq.com, Response Transformer plugin. */
export const responseTransformer: ProxyPlugin = {
  name: "response-transformer",
  priority: 800,
  needsBody: (config) => STEPS.some((step) => textsOf(recordOf(config[step])["json"]).length > 0),
  response(_exchange, config, head) {
    transformBody(head, config);
    for (const step of STEPS) {
      for (const entry of textsOf(recordOf(config[step])["headers"])) transformHeader(head, step, ...pairOf(entry));
    }
  },
};

function transformHeader({ headers }: ResponseHead, step: (typeof STEPS)[number], name: string, value: string): void {
  const before = headers.get(name);
  if (step === "append") headers.add(name, value);
  if (step === "replace" && before !== undefined) headers.set(name, value);
  if (step === "add" && before === undefined) headers.add(name, value);
  if (step === "remove" || step === "rename") headers.delete(name);
  if (step === "rename" && before !== undefined) headers.set(value, before);
}

function transformBody(head: ResponseHead, config: JsonObject): void {
  const isJson = (head.headers.get("content-type") ?? "").toLowerCase().includes("application/json");
  const body = head.body === undefined ? undefined : parseJson(head.body.toString());
  if (!isJson || !isJsonObject(body)) return;
  for (const step of STEPS) {
    const { json, json_types: types } = recordOf(config[step]);
    textsOf(json).forEach((entry, i) => {
      const [name, text] = pairOf(entry);
      const before = body[name];
      const value = typed(text, textsOf(types)[i]);
      if (step === "append")
        body[name] = before === undefined ? [value] : Array.isArray(before) ? [...before, value] : [before, value];
      if (step === "replace" && before !== undefined) body[name] = value;
      if (step === "add" && before === undefined) body[name] = value;
      if (step === "remove" || step === "rename") delete body[name];
      if (step === "rename" && before !== undefined) body[text] = before;
    });
  }
  head.body = Buffer.from(JSON.stringify(body));
}

/** Values are text in the configuration; `json_types` says what they are in the body. */
function typed(text: string, type: string | undefined): Json {
  if (type === "number") return Number(text);
  return type === "boolean" ? text === "true" : text;
}
