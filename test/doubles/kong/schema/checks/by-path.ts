import type { Json, JsonObject } from "../../../../../src/model/json.ts";
import { isJsonObject } from "../../../../../src/model/json.ts";
import type { CustomCheck } from "../field.ts";
import * as pem from "./pem.ts";
import { periodsOrder } from "./periods.ts";
import * as text from "./text.ts";

/** Kong describes its common types with fixed sentences; each stands for a check. */
const BY_DESCRIPTION: ReadonlyMap<string, CustomCheck> = new Map([
  ["A string representing a host name, such as example.com.", text.host],
  [
    "A string representing a host name with an optional port number, such as example.com or example.com:8080.",
    text.hostWithOptionalPort,
  ],
  ["A string representing a wildcard host name, such as *.example.com.", text.wildcardHost],
  ["A string representing an SNI (server name indication) value for TLS.", text.sni],
  ["A string representing an IP address or CIDR block, such as 192.168.1.1 or 192.168.0.0/16.", text.ipOrCidr],
  ["A string representing a URL, such as https://example.com/path/to/resource?q=search.", text.url],
  ["A string representing an HTTP header name.", text.headerName],
  ["A unique string representing a UTF-8 encoded name.", text.utf8Name],
  ["A string representing a tag.", text.tag],
  ["A string representing a certificate.", pem.certificate],
  ["A string representing a key.", pem.key],
  ["The cookie name to take the value from as hash input.", text.cookieName],
]);

const PATH_SENTENCE = "A string representing a URL path, such as /path/to/resource.";
const ROUTER_PATH_SENTENCE = "A string representing a router path.";

const FLOWS = [
  "enable_authorization_code",
  "enable_implicit_grant",
  "enable_client_credentials",
  "enable_password_grant",
];

const oneFlow: CustomCheck = (config: Json) =>
  isJsonObject(config) && FLOWS.some((flow) => config[flow] === true)
    ? undefined
    : `at least one of these fields must be true: ${FLOWS.join(", ")}`;

const noRepeatedTags: CustomCheck = (tags: Json) => {
  const names = Array.isArray(tags) ? tags.map((tag) => (isJsonObject(tag) ? tag["name"] : undefined)) : [];
  const repeated = names.find((name, index) => names.indexOf(name) < index);
  return repeated === undefined ? undefined : `repeated tags are not allowed: ${String(repeated)}`;
};

const BY_PATH: ReadonlyMap<string, CustomCheck> = new Map([
  ["routes.hosts[]", text.hostWithWildcards],
  ["upstreams.name", text.upstreamName],
  ["targets.target", text.target],
  ["oauth2_credentials.redirect_uris[]", text.redirectUri],
  ["jwt_secrets.rsa_public_key when algorithm", pem.publicKey],
  ["plugins:acme.config.domains[]", text.hostWithWildcards],
  ["plugins:cors.config.origins[]", text.asteriskOrRegex],
  ["plugins:oauth2.config", oneFlow],
  ["plugins:rate-limiting.config", periodsOrder],
  ["plugins:redirect.config.location", text.url],
  ["plugins:response-ratelimiting.config.limits.<value>", periodsOrder],
  ["plugins:zipkin.config.static_tags", noRepeatedTags],
]);

/** The check that Kong has in code for a field, found by its path or by the type that its description names. */
export function fieldCheck(path: string, raw: JsonObject): CustomCheck | undefined {
  const own = BY_PATH.get(path);
  if (own !== undefined) return own;
  const description = raw["description"];
  if (typeof description !== "string") return undefined;
  if (description.startsWith(PATH_SENTENCE)) return text.path;
  if (description.startsWith(ROUTER_PATH_SENTENCE)) return text.routerPath;
  return BY_DESCRIPTION.get(description);
}
