import { randomUUID } from "node:crypto";
import type { Exchange, ProxyPlugin } from "../exchange.ts";
import { textOf } from "../json-fields.ts";

/** Source: docs.konghq.com, Correlation ID plugin. */
export function correlationId(): ProxyPlugin {
  const worker = randomUUID();
  let counter = 0;

  function generate(generator: string | undefined, { request, now }: Exchange): string {
    if (generator === "uuid") return randomUUID();
    counter += 1;
    if (generator !== "tracker") return `${worker}#${counter}`;
    return `127.0.0.1-${request.port}-${process.pid}-${counter}-1-${(now() / 1000).toFixed(3)}`;
  }

  return {
    name: "correlation-id",
    priority: 100_001,
    access(exchange, config) {
      const name = textOf(config["header_name"]) ?? "Kong-Request-ID";
      const id = exchange.request.headers.get(name) || generate(textOf(config["generator"]), exchange);
      exchange.upstream.headers.set(name, id);
      if (config["echo_downstream"] === true) exchange.responseHeaders.set(name, id);
      return undefined;
    },
  };
}
