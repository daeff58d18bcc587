import { BlockList, isIP } from "node:net";
import type { JsonObject } from "../../../../../src/model/json.ts";
import { errorAnswer } from "../answers.ts";
import type { ProxyPlugin } from "../exchange.ts";
import { numberOf, textOf, textsOf } from "../json-fields.ts";

const lists = new WeakMap<JsonObject, { allow?: BlockList; deny?: BlockList }>();

/** Source: docs.konghq.com, IP Restriction plugin. */
export const ipRestriction: ProxyPlugin = {
  name: "ip-restriction",
  priority: 990,
  access({ request, requestId }, config) {
    const { allow, deny } = listsOf(config);
    const family = isIP(request.clientIp) === 6 ? "ipv6" : "ipv4";
    const denied = deny?.check(request.clientIp, family) === true;
    const allowed = allow === undefined || allow.check(request.clientIp, family);
    if (!denied && allowed) return undefined;
    const message = textOf(config["message"]) ?? `IP address not allowed: ${request.clientIp}`;
    return errorAnswer(request, requestId, numberOf(config["status"], 403), message);
  },
};

/** A list is made once for a configuration: entities are replaced, never changed. */
function listsOf(config: JsonObject): { allow?: BlockList; deny?: BlockList } {
  let known = lists.get(config);
  if (known === undefined) {
    known = {};
    const allow = textsOf(config["allow"]);
    const deny = textsOf(config["deny"]);
    if (allow.length > 0) known.allow = listOf(allow);
    if (deny.length > 0) known.deny = listOf(deny);
    lists.set(config, known);
  }
  return known;
}

function listOf(entries: string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = "", bits] = entry.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}
