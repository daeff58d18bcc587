import type { JsonObject } from "../../../../../src/model/json.ts";
import { errorAnswer } from "../answers.ts";
import type { ProxyPlugin } from "../exchange.ts";
import { textsOf } from "../json-fields.ts";
import { KNOWN_BOTS } from "./known-bots.ts";

const patterns = new WeakMap<JsonObject, { allow: RegExp[]; deny: RegExp[] }>();

/**
 * Source: docs.konghq.com, Bot Detection plugin: the user's allow list, then the deny list, then the built-in one.
 * The built-in list is the double's own: it knows the bots that Kong knows by name, not each of its patterns.
 */
export const botDetection: ProxyPlugin = {
  name: "bot-detection",
  priority: 2500,
  access({ request, requestId }, config) {
    const agents = request.headers.all("user-agent");
    if (agents.length > 1) return errorAnswer(request, requestId, 400, "Only one User-Agent header allowed");
    const agent = agents[0]?.trim();
    if (agent === undefined) return undefined;
    const { allow, deny } = patternsOf(config);
    if (allow.some((pattern) => pattern.test(agent))) return undefined;
    const denied = [...deny, ...KNOWN_BOTS].some((pattern) => pattern.test(agent));
    return denied ? errorAnswer(request, requestId, 403) : undefined;
  },
};

function patternsOf(config: JsonObject): { allow: RegExp[]; deny: RegExp[] } {
  let known = patterns.get(config);
  if (known === undefined) {
    const compile = (field: string): RegExp[] => textsOf(config[field]).map((source) => new RegExp(source));
    patterns.set(config, (known = { allow: compile("allow"), deny: compile("deny") }));
  }
  return known;
}
