import { certificateInfo } from "../model/certificate.ts";
import type { Json, JsonObject } from "../model/json.ts";
import type { KongEntity } from "../model/kong-entity.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";

/** Credentials of a consumer by their entity type. */
const CREDENTIAL_TYPES: ReadonlySet<string> = new Set([
  "keyauth_credentials",
  "jwt_secrets",
  "basicauth_credentials",
  "hmacauth_credentials",
  "oauth2_credentials",
]);

/** What the status of a kind says of its entities: ids, names and counts, never a value. */
export function kindStatus(
  kind: string,
  entities: readonly KongEntity[],
  self?: ObjectKey,
): Readonly<Record<string, unknown>> {
  if (kind === "KongPluginBinding") {
    return { plugins: entities.map(({ id, part }): JsonObject => ({ id, target: part })) };
  }
  const [main] = entities;
  if (!main) return {};
  const name: Json | undefined = main.fields[kind === "KongVault" ? "prefix" : "name"] ?? main.fields["username"];
  return {
    kong: { id: main.id, ...(typeof name === "string" ? { name } : {}) },
    ...(kind === "KongConsumer"
      ? { credentials: entities.filter(({ type }) => CREDENTIAL_TYPES.has(type)).length }
      : {}),
    ...certificateStatus(main),
    ...(kind === "KongCACertificate" ? { sharedWith: otherOwner(main, self) } : {}),
  };
}

/** What the certificate says of itself; nothing where Kong takes it from a vault. */
function certificateStatus({ fields }: KongEntity): JsonObject {
  const info = typeof fields["cert"] === "string" ? certificateInfo(fields["cert"]) : undefined;
  return info ? { certificate: { ...info, dnsNames: [...info.dnsNames] } } : {};
}

/** The object whose entity stands for this one's own; undefined, which takes the field away, where there is none. */
function otherOwner({ owner }: KongEntity, self: ObjectKey | undefined): string | undefined {
  return self && formatKey(owner) !== formatKey(self) ? `${owner.namespace}/${owner.name}` : undefined;
}
