import type { JsonObject } from "../../../../../src/model/json.ts";
import type { Exchange, ProxyPlugin } from "../exchange.ts";
import { queryValuesOf } from "../exchange.ts";
import { textOf, textsOf } from "../json-fields.ts";
import { authenticate, unauthorized } from "./authentication.ts";
import type { Verdict } from "./authentication.ts";
import { bodyArguments, withoutQueryArgument } from "./request-parts.ts";

/** Source: docs.konghq.com, Key Authentication plugin; `ttl` of a credential is not simulated. */
export const keyAuth: ProxyPlugin = {
  name: "key-auth",
  priority: 1250,
  access: (exchange, config) => authenticate(exchange, config, () => verify(exchange, config)),
};

function verify(exchange: Exchange, config: JsonObject): Verdict {
  for (const name of textsOf(config["key_names"])) {
    const keys = keysOf(exchange, config, name);
    if (keys.length === 0) continue;
    if (keys.length > 1) return unauthorized(exchange, "Key", config, "Duplicate API key found");
    if (config["hide_credentials"] === true) hide(exchange, name);
    const credential = exchange.index.find("keyauth_credentials", keys[0] as string);
    if (keys[0] === "") break;
    if (credential === undefined) return unauthorized(exchange, "Key", config);
    return { credential, identifier: textOf(credential["id"]) };
  }
  return unauthorized(exchange, "Key", config, "No API key found in request");
}

/** The first place that has the key counts: headers, query, body. */
function keysOf(exchange: Exchange, config: JsonObject, name: string): string[] {
  const { request } = exchange;
  const inHeaders = config["key_in_header"] === false ? [] : request.headers.all(name);
  if (inHeaders.length > 0) return inHeaders;
  const inQuery = config["key_in_query"] === false ? [] : queryValuesOf(request, name);
  if (inQuery.length > 0 || config["key_in_body"] !== true) return inQuery;
  return bodyArguments(request).getAll(name);
}

function hide(exchange: Exchange, name: string): void {
  exchange.upstream.headers.delete(name);
  exchange.upstream.query = withoutQueryArgument(exchange.upstream.query, name);
}
