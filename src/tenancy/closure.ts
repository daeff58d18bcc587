import { isJsonObject } from "../model/json.ts";
import type { KongEntity } from "../model/kong-entity.ts";
import type { ActualEntity } from "../plan/kong.ts";

/** Plugins that only watch, or only help: without them a route answers nobody whom it would not answer with them. */
const WITHOUT_A_SAY: ReadonlySet<unknown> = new Set([
  "acme",
  "correlation-id",
  "datadog",
  "file-log",
  "http-log",
  "loggly",
  "opentelemetry",
  "prometheus",
  "proxy-cache",
  "statsd",
  "syslog",
  "tcp-log",
  "udp-log",
  "zipkin",
]);

const MESSAGE = "A plugin of this route is no longer permitted on the gateway";

/**
 * What takes the place of plugins that may not stay: the same entity as `request-termination`, because the one that goes
 * may be what keeps strangers out. Plugins that have no say in that leave nothing behind.
 */
export function closureOf(standing: readonly ActualEntity[]): KongEntity[] {
  return standing.filter(needsClosure).map(({ type, id, owner, part, fields }) => {
    const { service, route, consumer, consumer_group, tags } = fields;
    const scope = Object.entries({ service, route, consumer, consumer_group }).filter(([, value]) =>
      isJsonObject(value),
    );
    const config = { status_code: 503, message: MESSAGE };
    return {
      type,
      id,
      owner,
      part,
      fields: { name: "request-termination", ...Object.fromEntries(scope), config, ...(tags ? { tags } : {}) },
    } as KongEntity;
  });
}

/** True for what {@link closureOf} made. */
export function isClosure({ type, fields: { name, config } }: Pick<ActualEntity, "type" | "fields">): boolean {
  return type === "plugins" && name === "request-termination" && isJsonObject(config) && config["message"] === MESSAGE;
}

function needsClosure({ type, fields: { name, service, route } }: ActualEntity): boolean {
  return type === "plugins" && !WITHOUT_A_SAY.has(name) && (isJsonObject(service) || isJsonObject(route));
}
