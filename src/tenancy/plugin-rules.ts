import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { destinationProblem } from "./destinations.ts";
import { pluginRule } from "./plugin-table.ts";
import type { TenantRights } from "./rights.ts";
import { stringsIn, type FoundString } from "./strings-in.ts";
import { violation, type JudgedEntity, type TenancyContext, type Violation } from "./violation.ts";

/** Fields of plugins that say where requests go: `host`, `redis.host`, `http_endpoint`, `storage_config.vault.host`, … */
const DESTINATION_FIELD = /(^|\.)([a-z0-9]+_)*(host|hosts|endpoint|url|api_uri|hostdomain)(\.\d+)?$/;
/** Which of a plugin's destinations are used only where another field says so. */
const ONLY_WITH_REDIS = /^redis\./;

/** A look-up in a template of the request-transformer; anything else in `$(…)` is Lua to be run. */
const PLAIN_LOOKUP =
  // No parenthesis in a text either: Kong finds the end of `$(…)` by counting all of them.
  /^(headers|query_params|uri_captures)(\.[A-Za-z_]\w*|\[\s*(\d+|"[^"\\()]*"|'[^'\\()]*')\s*\])$/;

/** An authority that all the parsers among Kong's plugins take apart alike: no user, no backslash, nothing but `/` after it. */
const PLAIN_URL = /^[a-z][a-z0-9+.-]*:\/\/(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d+)?(\/|$)/i;

/** What a tenant's plugin may not be. */
export function pluginViolation(entity: JudgedEntity, context: TenancyContext): Violation | undefined {
  const { fields } = entity;
  const { rights } = context;
  if (!fields["service"] && !fields["route"] && !rights.globalPlugins) {
    const what = fields["consumer"] || fields["consumer_group"] ? "all requests of a consumer" : "every request";
    return violation("spec", `is a plugin that acts on ${what}, on everyone's routes`, "globalPlugins");
  }
  const config = isJsonObject(fields["config"]) ? fields["config"] : {};
  const name = String(fields["name"]);
  return (
    choiceViolation(name, config, rights) ??
    groupViolation(name, config, context.owner.namespace) ??
    anonymousViolation(config, context) ??
    destinationViolation(name, entity, config, context)
  );
}

/** Names before `*`, and among equals what is denied before what is allowed. */
function choiceViolation(name: string, config: JsonObject, { plugins }: TenantRights): Violation | undefined {
  const allow = `plugins.allow: [${name}]`;
  if (plugins.deny.has(name)) return violation("spec.plugin", `${name} is denied to the namespace`, "plugins.deny");
  if (plugins.allow.has(name)) return undefined;
  if (plugins.deny.has("*")) return violation("spec.plugin", `${name} is denied to the namespace`, allow);
  if (plugins.allow.has("*")) return undefined;
  const rule = pluginRule(name);
  if (!rule.open) return violation("spec.plugin", `${name} is closed to tenants: it ${rule.why ?? ""}`, allow);
  const field = rule.except?.find((path) => isInUse(config[path]));
  if (field !== undefined) return violation(`spec.config.${field}`, `is closed to tenants: ${rule.why ?? ""}`, allow);
  return name === "request-transformer" ? templateViolation(config, allow) : undefined;
}

function isInUse(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === false || value === "") return false;
  return !(typeof value === "object" && Object.keys(value).length === 0);
}

function templateViolation(config: JsonObject, allow: string): Violation | undefined {
  const found = stringsIn(config).find(({ text }) => {
    const opened = text.split("$(").slice(1);
    return opened.some((rest) => !PLAIN_LOOKUP.test(rest.slice(0, Math.max(0, rest.indexOf(")"))).trim()));
  });
  if (!found) return undefined;
  const problem = "holds a template that is more than a look-up such as $(headers.x), and would be run as Lua";
  return violation(`spec.config.${found.path}`, problem, allow);
}

function groupViolation(name: string, config: JsonObject, namespace: string): Violation | undefined {
  if (name !== "acl") return undefined;
  const lists = ["allow", "deny"].flatMap((field) => stringsIn(config[field], field));
  const foreign = lists.find(({ text }) => !text.startsWith(`${namespace}.`));
  return foreign && violation(`spec.config.${foreign.path}`, "names a group that is not of the namespace");
}

/** `anonymous` names a consumer, perhaps another's: its limits would be used up, and its name go to the service. */
function anonymousViolation(
  config: JsonObject,
  { owner: { namespace }, rights }: TenancyContext,
): Violation | undefined {
  const { anonymous } = config;
  if (typeof anonymous !== "string" || anonymous === "" || rights.customNames) return undefined;
  if (anonymous.startsWith(`${namespace}.`)) return undefined;
  const problem = `names a consumer that may be another's: those of the namespace are called ${namespace}.<name>`;
  return violation("spec.config.anonymous", problem, "customNames");
}

function destinationViolation(
  name: string,
  { secretPaths = [] }: JudgedEntity,
  config: JsonObject,
  { destinations }: TenancyContext,
): Violation | undefined {
  const usesRedis = config["policy"] === "redis" || name === "acme";
  for (const found of stringsIn(config)) {
    if (found.isName || !DESTINATION_FIELD.test(found.path)) continue;
    if (ONLY_WITH_REDIS.test(found.path) && !usesRedis) continue;
    const unclear = urlProblem(found);
    const problem = unclear ?? destinationProblem(hostOf(found), destinations);
    if (problem === undefined) continue;
    const isSecret = secretPaths.some((path) => `config.${found.path}`.startsWith(path));
    return violation(
      `spec.config.${found.path}`,
      isSecret ? "leads where tenants may not send requests, or is no plain URL" : problem,
      unclear === undefined || isSecret ? "destinations" : undefined,
    );
  }
  return undefined;
}

/** Parsers do not agree on what the host of `http://127.0.0.1:80@good.example` is; for some the first one is. */
function urlProblem({ text }: FoundString): string | undefined {
  if (!text.includes("://") || PLAIN_URL.test(text)) return undefined;
  return "is no plain URL: write http://host:port/path, without a user, and credentials in headers";
}

/** The host of `https://host:1234/path`, of `host:1234` and of a bare host. */
function hostOf({ text }: FoundString): string {
  const host = PLAIN_URL.exec(text)?.[1] ?? text;
  return host.startsWith("[") ? host.replace(/\]:\d+$/, "]") : host.replace(/^([^:]*):\d+$/, "$1");
}
