import { isIPv6 } from "node:net";
import { distinctEndpoints, type Endpoint } from "../model/endpoint.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { ConsulError } from "./consul-error.ts";
import type { ConsulQuery } from "./consul-query.ts";

/** An answer as it came. */
export interface ConsulResponse {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export interface ConsulAnswer {
  readonly index: number;
  /** Sorted, each address once. */
  readonly endpoints: readonly Endpoint[];
  /** Instances that no target can be made of: without a port, or with an address that is none. */
  readonly unusable: number;
}

/** A host name or an IPv4 address, as Kong takes it in a target. */
const HOST = /^[0-9A-Za-z_]([-0-9A-Za-z_.]*[0-9A-Za-z_])?\.?$/;

/**
 * What an answer of `/v1/health/service` says. That no instance passes is an answer; that we may not see any is none,
 * although Consul answers both with an empty list.
 * @throws ConsulError where it says nothing about the service
 */
export function readAnswer(query: ConsulQuery, response: ConsulResponse): ConsulAnswer {
  const { status, headers } = response;
  if (status !== 200) throw problemOfStatus(status);
  const index = Number(headers["x-consul-index"] ?? Number.NaN);
  const entries = parseEntries(response.body);
  if (!Number.isFinite(index) || !entries) {
    throw new ConsulError("NotConsul", "what answers is no Consul HTTP API: check the address");
  }
  if (entries.length === 0 && isBlind(query, headers)) throw denied(query);
  const instances = entries.filter((entry) => carries(entry, query.tags)).map(endpointOf);
  // Of two instances with one address always the same one counts, however Consul lists them.
  const endpoints = instances
    .filter((endpoint) => endpoint !== undefined)
    .sort((a, b) => (b.weight ?? 1) - (a.weight ?? 1));
  return { index, endpoints: distinctEndpoints(endpoints), unusable: instances.length - endpoints.length };
}

/**
 * True where an empty list may well hold instances for another token. Consul tells it of a token that it knows; without
 * a token only that its default is to show nothing.
 */
function isBlind({ token }: ConsulQuery, headers: ConsulResponse["headers"]): boolean {
  if (headers["x-consul-results-filtered-by-acls"] === "true") return true;
  return token === undefined && headers["x-consul-default-acl-policy"] === "deny";
}

function denied({ token, service }: ConsulQuery): ConsulError {
  const who = token === undefined ? "without a token nobody" : "the token";
  const may = token === undefined ? "may see anything: set secretRef" : `may not see the service "${service}"`;
  return new ConsulError("ConsulDenied", `${who} ${may} (service:read and node:read are needed)`);
}

function problemOfStatus(status: number): ConsulError {
  if (status === 401 || status === 403) {
    return new ConsulError("ConsulDenied", `it answers ${status}: the token is unknown to it or may not read services`);
  }
  if (status === 429 || status >= 500) {
    return new ConsulError(
      "ConsulUnavailable",
      `it answers ${status}: it has no leader, is overloaded, or does not know the datacenter`,
    );
  }
  if (status >= 300 && status < 400) {
    return new ConsulError(
      "ConsulRefused",
      `it answers ${status}, and redirects are not followed: correct the address`,
    );
  }
  return new ConsulError(
    "ConsulRefused",
    `it answers ${status} to the query: check the address, and that this Consul has namespaces and partitions if they are set`,
  );
}

/** undefined where the body is not a list of health entries. */
function parseEntries(body: string): JsonObject[] | undefined {
  try {
    const entries = JSON.parse(body) as Json;
    return Array.isArray(entries) && entries.every(isEntry) ? entries : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(entry: Json): entry is JsonObject {
  return isJsonObject(entry) && isJsonObject(entry["Service"]) && isJsonObject(entry["Node"]);
}

/** Servers before 1.3 look at one tag only. */
function carries(entry: JsonObject, wanted: readonly string[]): boolean {
  const tags = (entry["Service"] as JsonObject)["Tags"];
  const carried = new Set(Array.isArray(tags) ? tags.map((tag) => String(tag).toLowerCase()) : []);
  return wanted.every((tag) => carried.has(tag.toLowerCase()));
}

/** A service that has no address of its own is at its node's. */
function endpointOf(entry: JsonObject): Endpoint | undefined {
  const service = entry["Service"] as JsonObject;
  const address = service["Address"] || (entry["Node"] as JsonObject)["Address"];
  const port = service["Port"];
  if (typeof address !== "string" || address.length > 255 || !(HOST.test(address) || isIPv6(address))) return undefined;
  if (typeof port !== "number" || !Number.isInteger(port) || port < 1 || port > 65535) return undefined;
  return { address, port, state: "ready", ...weightOf(service["Weights"]) };
}

/** Consul gives every instance a weight, 1 unless it is registered with another. */
function weightOf(weights: Json | undefined): { weight?: number } {
  const passing = isJsonObject(weights) ? weights["Passing"] : undefined;
  return typeof passing === "number" && passing > 1 && passing <= 65535 ? { weight: Math.round(passing) } : {};
}
