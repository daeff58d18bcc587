import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { KongEntityType } from "../model/kong-entity.ts";

/** An entity on its way from one form to another. References are `{id}` of another one. */
export interface FlatEntity {
  readonly type: KongEntityType;
  /** Kong's, or one made up for an entity of a file that has none. */
  readonly id: string;
  /** False for one made up. */
  readonly hasOwnId: boolean;
  readonly fields: JsonObject;
}

/** What could not be carried over, and why. Holds no value. */
export interface Lost {
  /** `plugins rate-limiting` */
  readonly entity: string;
  readonly field?: string | undefined;
  readonly why: string;
}

/** Whether the value at a dotted path must not be written down. */
export type IsSecret = (entity: Pick<FlatEntity, "type" | "fields">, path: string) => boolean;

const NAME_FIELDS: Readonly<Partial<Record<KongEntityType, readonly string[]>>> = {
  consumers: ["username", "custom_id"],
  vaults: ["prefix"],
  targets: ["target"],
  acls: ["group"],
};

/** Name by which people and files know the entity; undefined for types whose only name is a secret, or their id. */
export function nameOf({ type, fields }: Pick<FlatEntity, "type" | "fields">): string | undefined {
  for (const field of NAME_FIELDS[type] ?? ["name"]) if (typeof fields[field] === "string") return fields[field];
  return undefined;
}

/** For the list of what was lost. */
export function labelOf(entity: Pick<FlatEntity, "type" | "id" | "fields">): string {
  return `${entity.type} ${nameOf(entity) ?? entity.id}`;
}

export function idIn(value: Json | undefined): string | undefined {
  return isJsonObject(value) && typeof value["id"] === "string" ? value["id"] : undefined;
}

/** References to Kong's own vaults are no secrets. */
export function isVaultReference(value: Json): boolean {
  return typeof value === "string" && /^\{vault:\/\/.+\}$/.test(value);
}

/** A copy with every string that is secret replaced. `path` leads to the value, with dots. */
export function mapSecrets(
  entity: FlatEntity,
  isSecret: IsSecret,
  replace: (path: string, value: string) => Json,
): JsonObject {
  const walk = (value: Json, path: string): Json => {
    if (Array.isArray(value)) return value.map((item, index) => walk(item, `${path}.${index}`));
    if (isJsonObject(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([name, item]) => [name, walk(item, path === "" ? name : `${path}.${name}`)]),
      );
    }
    if (typeof value !== "string" || value === "" || isVaultReference(value) || !isSecret(entity, path)) return value;
    return replace(path, value);
  };
  return walk(entity.fields, "") as JsonObject;
}
