import type { JsonObject } from "../model/json.ts";
import type { KongEntityType } from "../model/kong-entity.ts";
import { CREDENTIALS, type CredentialType } from "../translate/credential.ts";
import { nameOf, type FlatEntity } from "./flat.ts";
import type { ManifestWriter } from "./manifest-writer.ts";

const KINDS = Object.entries(CREDENTIALS).map(([kind, { type }]) => ({ kind: kind as CredentialType, type }));
/** Hex SHA-1, which is what Kong keeps of a basic-auth password. */
const HASHED_PASSWORD = /^[0-9a-f]{40}$/;

/** A KongConsumer's spec; its credentials become Secrets. */
export function consumerSpec(entity: FlatEntity, writer: ManifestWriter): JsonObject {
  if (entity.fields["username"] === undefined)
    writer.lose(entity, "has none in Kong and gets one: to take it over, adopt.mode must be override", "username");
  const groups = writer.children(entity, "acls").map((acl) => {
    loseTags(acl, writer, entity);
    return nameOf(acl) ?? "";
  });
  const credentials = KINDS.flatMap(({ kind, type }) =>
    writer.children(entity, type).flatMap((credential) => credentialRef(entity, credential, { kind, type }, writer)),
  );
  const consumerGroups = writer
    .children(entity, "consumer_group_consumers")
    .flatMap((membership) => writer.reference(membership, "consumer_group") ?? []);
  return {
    ...writer.plainFields(entity, []),
    ...(groups.length > 0 ? { groups } : {}),
    ...(consumerGroups.length > 0 ? { consumerGroups } : {}),
    ...(credentials.length > 0 ? { credentials } : {}),
  };
}

function credentialRef(
  consumer: FlatEntity,
  credential: FlatEntity,
  { kind, type }: { readonly kind: CredentialType; readonly type: KongEntityType },
  writer: ManifestWriter,
): JsonObject[] {
  const { required, optional, oneOf = [] } = CREDENTIALS[kind];
  const hashed = hashedField(type, credential, writer.options.isTransformed);
  const label = `${type} of consumer ${nameOf(consumer) ?? consumer.id}`;
  if (hashed !== undefined) {
    const why = `Kong keeps only a hash of it: the credential stays in Kong as it is; to have it managed, put the ${hashed} into a Secret and name that in spec.credentials`;
    writer.lost.push({ entity: label, field: hashed, why });
    return [];
  }
  loseTags(credential, writer, consumer);
  const known = new Set([...required, ...optional]);
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(credential.fields)) {
    if (known.has(name)) values[name] = textOf(value);
    else if (!["consumer", "tags", "id"].includes(name))
      writer.lost.push({ entity: label, field: name, why: "a Secret has no key for it" });
  }
  const missing = required.filter((name) => values[name] === undefined);
  if (oneOf.length > 0 && !oneOf.some((name) => values[name] !== undefined)) missing.push(oneOf.join(" or "));
  if (missing.length > 0) {
    const why = "the file leaves it to Kong to make up, which a Secret cannot: put a value into the file";
    for (const field of missing) writer.lost.push({ entity: label, field, why });
    return [];
  }
  const name = writer.secret(`${writer.objectOf(consumer.id) ?? "consumer"}-${kind}`, values, {
    plain: Object.keys(values).filter((field) => !writer.options.isSecret(credential, field)),
  });
  return [{ type: kind, secretRef: { name } }];
}

/** The field of which only a hash is there. */
function hashedField(type: KongEntityType, { fields }: FlatEntity, isTransformed: boolean): string | undefined {
  if (type === "basicauth_credentials")
    return !isTransformed || HASHED_PASSWORD.test(String(fields["password"])) ? "password" : undefined;
  return type === "oauth2_credentials" && fields["hash_secret"] === true ? "client_secret" : undefined;
}

/** Credentials and groups have their consumer's tags. */
function loseTags(child: FlatEntity, writer: ManifestWriter, consumer: FlatEntity): void {
  const own = JSON.stringify(child.fields["tags"] ?? []);
  if (own === JSON.stringify(consumer.fields["tags"] ?? [])) return;
  const entity = `${child.type} of consumer ${nameOf(consumer) ?? consumer.id}`;
  writer.lost.push({ entity, field: "tags", why: "it gets the tags of its consumer" });
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.join(" ");
  return String(value);
}
