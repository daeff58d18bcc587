/** How a bundled plugin stands with tenants. */
export interface PluginRule {
  /** Open: every tenant may use it, but for `except`. Closed: only where the gateway's owner allows it by name. */
  readonly open: boolean;
  /** Why it is closed, or what of it is; completes "it …". */
  readonly why?: string;
  /** Fields of `config` (dotted paths) that stay closed though the plugin is open. */
  readonly except?: readonly string[];
}

const OPEN: PluginRule = { open: true };
const closed = (why: string): PluginRule => ({ open: false, why });
const openExcept = (except: readonly string[], why: string): PluginRule => ({ open: true, except, why });

const RUNS_LUA = "runs Lua in Kong";
const LOG_BY_LUA = openExcept(["custom_fields_by_lua"], "it runs Lua in Kong");
const CALLS_AI = "calls a model's API, at an address and with an identity that the node may lend it";

/**
 * The plugins that Kong 3.9 brings along, each decided by what it does beyond the routes and services it is put on.
 * What is not in the table (custom plugins, Kong's commercial ones) is closed: nobody here knows what it does.
 * Where requests of a plugin go is judged besides, see destinations.ts; so are `{vault://…}` and `anonymous`.
 */
export const PLUGIN_TABLE: Readonly<Record<string, PluginRule>> = {
  // Its groups get the namespace in front, so that they are the namespace's own.
  acl: OPEN,
  acme: closed("makes certificates, and answers challenges, for the whole gateway"),
  "ai-prompt-decorator": OPEN,
  "ai-prompt-guard": OPEN,
  "ai-prompt-template": OPEN,
  "ai-proxy": closed(CALLS_AI),
  "ai-request-transformer": closed(CALLS_AI),
  "ai-response-transformer": closed(CALLS_AI),
  "aws-lambda": closed("calls functions with the cloud identity of Kong's node where none is given"),
  "azure-functions": closed("sends to an address made of parts, which cannot be judged"),
  "basic-auth": OPEN,
  "bot-detection": OPEN,
  "correlation-id": OPEN,
  cors: OPEN,
  datadog: closed("writes to the agent beside Kong, under names that the configuration chooses"),
  "file-log": closed("writes files on Kong's node"),
  "grpc-gateway": closed("reads files on Kong's node"),
  "grpc-web": openExcept(["proto"], "it reads a file on Kong's node"),
  "hmac-auth": OPEN,
  "http-log": LOG_BY_LUA,
  "ip-restriction": OPEN,
  jwt: OPEN,
  "key-auth": OPEN,
  "ldap-auth": OPEN,
  loggly: LOG_BY_LUA,
  oauth2: openExcept(["global_credentials"], "its tokens would count on the services of others"),
  opentelemetry: OPEN,
  "post-function": closed(RUNS_LUA),
  "pre-function": closed(RUNS_LUA),
  prometheus: closed("adds to the metrics of the whole gateway, in memory that all share"),
  "proxy-cache": closed("fills memory that all share, Kong's own caches included"),
  "rate-limiting": OPEN,
  redirect: OPEN,
  "request-size-limiting": OPEN,
  "request-termination": OPEN,
  // Its templates are Lua; only plain look-ups in them are open, see plugin-rules.ts.
  "request-transformer": OPEN,
  "response-ratelimiting": OPEN,
  "response-transformer": OPEN,
  session: closed("takes anybody for the consumer that a cookie names, signed with a secret of the tenant's choice"),
  "standard-webhooks": OPEN,
  statsd: closed("writes to the agent beside Kong, under names that the configuration chooses"),
  syslog: closed("writes to the system log of Kong's node"),
  "tcp-log": LOG_BY_LUA,
  "udp-log": LOG_BY_LUA,
  zipkin: OPEN,
};

const UNKNOWN = closed("is none of the plugins that Kong brings along, so that nobody here knows what it does");

export function pluginRule(name: string): PluginRule {
  return Object.hasOwn(PLUGIN_TABLE, name) ? (PLUGIN_TABLE[name] ?? UNKNOWN) : UNKNOWN;
}
