import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { storedTargetAddress } from "../plan/target-address.ts";
import { defaultKongName } from "../translate/names.ts";
import { destinationProblem, isNamed } from "./destinations.ts";
import { ownsEverything, ownsHost } from "./hosts.ts";
import { pluginViolation } from "./plugin-rules.ts";
import { stringsIn } from "./strings-in.ts";
import { violation, type JudgedEntity, type TenancyContext, type Violation } from "./violation.ts";

/** More than any sensible entity; every worker of Kong keeps each of them in memory. */
export const MAX_ENTITY_BYTES = 65_536;

/** What is unique in the whole gateway and chosen by people. */
const NAME_FIELDS: Readonly<Record<string, readonly string[]>> = {
  services: ["name"],
  routes: ["name"],
  upstreams: ["name"],
  consumers: ["username", "custom_id"],
  consumer_groups: ["name"],
  plugins: ["instance_name"],
};

const CONSUMER_TYPES = new Set([
  "consumers",
  "consumer_groups",
  "consumer_group_consumers",
  "acls",
  "keyauth_credentials",
  "jwt_secrets",
  "basicauth_credentials",
  "hmacauth_credentials",
  "oauth2_credentials",
]);

const VAULT_REFERENCE = /\{vault:\/\/([^/}]*)/gi;

/** The first rule that an entity of a tenant breaks; undefined where it breaks none. Pure. */
export function entityViolation(entity: JudgedEntity, context: TenancyContext): Violation | undefined {
  return (
    kindViolation(entity, context) ??
    nameViolation(entity, context) ??
    vaultViolation(entity, context) ??
    ownViolation(entity, context) ??
    sizeViolation(entity)
  );
}

function kindViolation({ type }: JudgedEntity, { rights }: TenancyContext): Violation | undefined {
  if (String(type) === "vaults") {
    return violation("spec", "is a vault, which is read by everyone: only the gateway's own namespace may have one");
  }
  if (!CONSUMER_TYPES.has(type) || rights.consumers) return undefined;
  return violation("spec", "is a consumer or consumer group, which counts on everyone's routes", "consumers");
}

function nameViolation({ type, fields }: JudgedEntity, context: TenancyContext): Violation | undefined {
  if (context.rights.customNames) return undefined;
  const { owner, naming } = context;
  const form = type === "upstreams" ? `<name>.${owner.namespace}.kjo.invalid` : `${owner.namespace}.<name>`;
  const field = (NAME_FIELDS[type] ?? []).find((name) => {
    const value = fields[name];
    return typeof value === "string" && !isOwnName(value, type, { owner, naming });
  });
  if (field === undefined) return undefined;
  return violation(
    `spec.${field}`,
    `is a name that the whole gateway shares: leave it out or use ${form}`,
    "customNames",
  );
}

function isOwnName(name: string, type: string, { owner, naming }: Pick<TenancyContext, "owner" | "naming">): boolean {
  if (type === "upstreams") return name.toLowerCase().endsWith(`.${owner.namespace}.kjo.invalid`);
  return name.startsWith(`${owner.namespace}.`) || name === defaultKongName(owner, naming);
}

function vaultViolation({ fields }: JudgedEntity, { rights }: TenancyContext): Violation | undefined {
  for (const { path, text } of stringsIn(fields)) {
    for (const [, prefix = ""] of text.matchAll(VAULT_REFERENCE)) {
      if (rights.vaultRefs.has(prefix)) continue;
      const words = /^[\w-]{1,64}$/.test(prefix) ? `the vault ${prefix}` : "a vault";
      return violation(`spec.${path}`, `refers to ${words}, which Kong reads for it`, "vaultRefs");
    }
  }
  return undefined;
}

function ownViolation(entity: JudgedEntity, context: TenancyContext): Violation | undefined {
  const { type, fields } = entity;
  switch (type) {
    case "routes":
      return routeViolation(fields, context);
    case "services":
      return serviceViolation(fields, context);
    case "targets":
      return targetViolation(fields, context);
    case "plugins":
      return pluginViolation(entity, context);
    case "acls":
      return groupMembershipViolation(fields, context);
    case "certificates":
      return hostsViolation(fields["snis"], "spec.snis", context);
    case "snis":
      return hostsViolation([fields["name"] ?? ""], "spec.snis", context);
    default:
      return undefined;
  }
}

function routeViolation(fields: JsonObject, context: TenancyContext): Violation | undefined {
  const { hosts } = context.rights;
  if (ownsEverything(hosts)) return undefined;
  if (isInUse(fields["expression"])) {
    return violation("spec.expression", "may match anybody's requests, which cannot be judged", "hosts: ['*']");
  }
  const protocols = Array.isArray(fields["protocols"]) ? fields["protocols"].map(String) : ["http", "https"];
  const outside =
    hostsViolation(fields["hosts"], "spec.hosts", context) ?? hostsViolation(fields["snis"], "spec.snis", context);
  if (outside) return outside;
  if (protocols.some((protocol) => protocol === "tcp" || protocol === "udp")) {
    return violation("spec.protocols", "takes connections that say no host, which may be anybody's", "hosts: ['*']");
  }
  const isStream = protocols.some((protocol) => protocol.startsWith("tls"));
  const field = isStream ? "snis" : "hosts";
  if (isInUse(fields[field])) return undefined;
  return violation(
    `spec.${field}`,
    "must be set, because a route without them catches everybody's requests",
    "hosts: ['*']",
  );
}

function hostsViolation(value: Json | undefined, field: string, { rights }: TenancyContext): Violation | undefined {
  const hosts = Array.isArray(value) ? value.map(String) : [];
  const index = hosts.findIndex((host) => !ownsHost(rights.hosts, host));
  if (index < 0) return undefined;
  const theirs = rights.hosts.length === 0 ? "it has none" : `it has ${rights.hosts.slice(0, 5).join(", ")}`;
  return violation(
    `${field}[${index}]`,
    `${JSON.stringify(hosts[index])} is no host of the namespace (${theirs})`,
    "hosts",
  );
}

function serviceViolation(fields: JsonObject, context: TenancyContext): Violation | undefined {
  const host = String(fields["host"] ?? "");
  if (host === context.ownUpstream) return undefined;
  const problem = upstreamProblem(host, context) ?? destinationProblem(host, context.destinations);
  return problem === undefined
    ? undefined
    : violation("spec.host", `${JSON.stringify(host)} ${problem}`, "destinations");
}

/** The targets of a foreign upstream may be private, however public its name looks. */
function upstreamProblem(host: string, { owner, destinations, upstreamNamespace }: TenancyContext): string | undefined {
  const namespace = upstreamNamespace?.(host);
  if (namespace === undefined || namespace === owner.namespace || isNamed(host, destinations)) return undefined;
  return `is an upstream of the namespace ${namespace}`;
}

function targetViolation(fields: JsonObject, context: TenancyContext): Violation | undefined {
  const target = String(fields["target"] ?? "");
  const host = storedTargetAddress(target).replace(/:\d+$/, "");
  const { staticTargets } = context;
  const isOwn = staticTargets !== undefined && !staticTargets.has(storedTargetAddress(target));
  const problem = destinationProblem(host, context.destinations, { isOwn });
  return problem === undefined
    ? undefined
    : violation("spec.targets", `${JSON.stringify(target)} ${problem}`, "destinations");
}

/** The translation puts the namespace in front; what stands in Kong may be older. */
function groupMembershipViolation({ group }: JsonObject, { owner }: TenancyContext): Violation | undefined {
  return String(group).startsWith(`${owner.namespace}.`)
    ? undefined
    : violation("spec.groups", "names a group that is not of the namespace");
}

function sizeViolation({ type, fields }: JudgedEntity): Violation | undefined {
  const bytes = Buffer.byteLength(JSON.stringify(fields));
  if (bytes <= MAX_ENTITY_BYTES) return undefined;
  const field = type === "plugins" ? "spec.config" : "spec";
  return violation(field, `makes an entity of ${bytes} bytes; a tenant's has at most ${MAX_ENTITY_BYTES}`);
}

function isInUse(value: Json | undefined): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return isJsonObject(value) ? Object.keys(value).length > 0 : typeof value === "string" && value !== "";
}
