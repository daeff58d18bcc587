import { errorAnswer } from "../answers.ts";
import type { ProxyPlugin } from "../exchange.ts";
import { textOf, textsOf } from "../json-fields.ts";

/** Source: docs.konghq.com, ACL plugin. Groups that an authentication plugin brings along are not simulated. */
export const acl: ProxyPlugin = {
  name: "acl",
  priority: 950,
  access(exchange, config) {
    const consumerId = textOf(exchange.identity?.consumer["id"]);
    if (consumerId === undefined) return errorAnswer(exchange.request, exchange.requestId, 401);
    const groups = exchange.index.groupsOf(consumerId);
    const deny = textsOf(config["deny"]);
    const isIn = (list: string[]): boolean => groups.some((group) => list.includes(group));
    const blocked = deny.length > 0 ? isIn(deny) : !isIn(textsOf(config["allow"]));
    if (blocked) return errorAnswer(exchange.request, exchange.requestId, 403, "You cannot consume this service");
    if (config["hide_groups_header"] !== true) exchange.upstream.headers.set("X-Consumer-Groups", groups.join(", "));
    return undefined;
  },
};
