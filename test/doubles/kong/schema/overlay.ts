import type { Json, JsonObject } from "../../../../src/model/json.ts";
import type { CustomCheck, ReferenceCheck, SchemaOverlay } from "./field.ts";
import { fieldCheck } from "./checks/by-path.ts";
import { parseServiceUrl } from "./service-url.ts";

/** No rules beside those of the schema. */
export const NO_OVERLAY: SchemaOverlay = {
  check: () => undefined,
  shorthands: new Map(),
  expand: () => undefined,
  reference: () => undefined,
};

const HIDDEN_SHORTHANDS: ReadonlyMap<string, JsonObject> = new Map([["services", { url: { type: "string" } }]]);

const EXPANSIONS: Readonly<Record<string, (value: Json) => JsonObject>> = {
  "services.url": (value) => parseServiceUrl(String(value)),
  "plugins:opentelemetry.config.endpoint": (value) => ({ traces_endpoint: value }),
  "plugins:session.config.cookie_lifetime": (value) => ({ rolling_timeout: value }),
  "plugins:session.config.cookie_idletime": (value) => ({ idling_timeout: value }),
  "plugins:session.config.cookie_renew": () => ({}),
  "plugins:session.config.cookie_discard": () => ({}),
  "plugins:session.config.cookie_samesite": (value) => ({ cookie_same_site: value === "off" ? "None" : value }),
  "plugins:session.config.cookie_httponly": (value) => ({ cookie_http_only: value }),
  "plugins:session.config.cookie_persistent": (value) => ({ remember: value }),
};

/**
 * The rules that Kong has in code.
 * @param reference judges a value as an entity of a type; asked only once the catalog is complete
 */
export function kongOverlay(reference: (type: string) => ReferenceCheck | undefined): SchemaOverlay {
  return {
    check: (path: string, raw: JsonObject): CustomCheck | undefined => fieldCheck(path, raw),
    shorthands: HIDDEN_SHORTHANDS,
    expand: (path) => EXPANSIONS[path],
    reference,
  };
}
