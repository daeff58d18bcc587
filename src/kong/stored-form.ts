import { createHash } from "node:crypto";
import { isJsonObject, type JsonObject } from "../model/json.ts";
import type { KongEntityType } from "../model/kong-entity.ts";
import { storedTargetAddress } from "../plan/target-address.ts";

const GRPC: ReadonlySet<unknown> = new Set(["grpc", "grpcs"]);

/**
 * Defaults that depend on other fields and stand in no schema.
 * Source: Kong's routes_subschemas: `strip_path` is false on gRPC routes, and must not be true.
 */
export function withDependentDefaults(type: KongEntityType, fields: JsonObject): JsonObject {
  const protocols = fields["protocols"];
  const isGrpcRoute = type === "routes" && Array.isArray(protocols) && protocols.some((protocol) => GRPC.has(protocol));
  return isGrpcRoute && fields["strip_path"] === undefined ? { ...fields, strip_path: false } : fields;
}

/**
 * Completed fields in the form in which Kong stores and answers them; what cannot be foreseen is taken out, so that it is
 * not compared.
 */
export function storedForm(type: KongEntityType, full: JsonObject): JsonObject {
  switch (type) {
    case "targets":
      return typeof full["target"] === "string" ? { ...full, target: storedTargetAddress(full["target"]) } : full;
    case "basicauth_credentials":
      return { ...full, ...hashedPassword(full) };
    case "oauth2_credentials":
      // Hashed with a salt of Kong's.
      return full["hash_secret"] === true ? without(full, "client_secret") : full;
    case "certificates":
      // Entities of their own: a certificate that names none leaves those that it has.
      return full["snis"] === null ? without(full, "snis") : full;
    case "ca_certificates":
      return full["cert_digest"] === null ? without(full, "cert_digest") : full;
    default:
      return full;
  }
}

/**
 * True where a part of what is written cannot be found again in Kong's answer: a time to live, which counts down there,
 * and what {@link storedForm} takes out because Kong stores it in a form of its own.
 */
export function hasUnforeseeable({
  type,
  fields,
}: {
  readonly type: KongEntityType;
  readonly fields: JsonObject;
}): boolean {
  return type === "keyauth_credentials" || (type === "oauth2_credentials" && fields["hash_secret"] === true);
}

/** Source: kong.plugins.basic-auth.crypto: hex SHA-1 of the password followed by the consumer's id. */
function hashedPassword(full: JsonObject): JsonObject {
  const { password, consumer } = full;
  if (typeof password !== "string" || !isJsonObject(consumer) || typeof consumer["id"] !== "string") return {};
  return {
    password: createHash("sha1")
      .update(password + consumer["id"])
      .digest("hex"),
  };
}

function without(fields: JsonObject, name: string): JsonObject {
  const { [name]: _left, ...rest } = fields;
  return rest;
}
