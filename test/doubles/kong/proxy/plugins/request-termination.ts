import { exit } from "../answers.ts";
import type { ProxyPlugin } from "../exchange.ts";
import { queryValuesOf } from "../exchange.ts";
import { numberOf, textOf } from "../json-fields.ts";

const MESSAGES: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  404: "Not found",
  405: "Method not allowed",
  500: "An unexpected error occurred",
  502: "Bad Gateway",
  503: "Service unavailable",
};

/** Source: docs.konghq.com, Request Termination plugin. */
export const requestTermination: ProxyPlugin = {
  name: "request-termination",
  priority: 2,
  access({ request, route, service }, config) {
    const trigger = textOf(config["trigger"]);
    if (trigger !== undefined && !request.headers.has(trigger) && queryValuesOf(request, trigger).length === 0)
      return undefined;
    const status = numberOf(config["status_code"], 503);
    const message = textOf(config["message"]) ?? MESSAGES[status];
    if (config["echo"] === true) {
      return exit(status, {
        ...(message === undefined ? {} : { message }),
        request: {
          scheme: "http",
          host: request.host,
          port: request.port,
          headers: request.headers.toRecord(),
          query: Object.fromEntries(new URLSearchParams(request.query)),
          raw_body: request.body.toString(),
          method: request.method,
          path: request.path,
        },
        ...(route === undefined ? {} : { matched_route: route }),
        ...(service === undefined ? {} : { matched_service: service }),
      });
    }
    const body = textOf(config["body"]);
    if (body === undefined) return exit(status, message === undefined ? undefined : { message });
    const type = textOf(config["content_type"]) ?? "application/json; charset=utf-8";
    return { status, headers: [["Content-Type", type]], body: Buffer.from(body) };
  },
};
