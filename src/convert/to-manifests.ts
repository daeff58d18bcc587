import { labelOf, mapSecrets, type FlatEntity, type Lost } from "./flat.ts";
import { CONVERSIONS } from "./kinds.ts";
import { ManifestWriter, type ManifestObject, type WriterOptions } from "./manifest-writer.ts";

export interface Manifests {
  readonly objects: readonly ManifestObject[];
  readonly lost: readonly Lost[];
}

/** Entities as objects of our kinds, with Secrets for what is secret. */
export function toManifests(entities: readonly FlatEntity[], options: WriterOptions): Manifests {
  const shown = entities.map((entity) => withoutSecrets(entity, options));
  const writer = new ManifestWriter(shown, options);
  for (const { type, kind, wantedName } of CONVERSIONS) {
    for (const entity of shown) if (entity.type === type) writer.name(kind, entity, wantedName(entity, writer));
  }
  for (const { type, kind, spec } of CONVERSIONS) {
    for (const entity of shown) {
      if (entity.type !== type) continue;
      const made = spec(entity, writer);
      if (made) writer.add(kind, entity, made);
    }
  }
  return { objects: writer.objects, lost: [...writer.lost, ...notShown(entities, options), ...parentless(entities)] };
}

/** Types whose secrets have a place in Secrets. */
const WITH_SECRETS = /^(plugins|vaults|certificates|ca_certificates|.+_credentials|jwt_secrets)$/;

/** The value of a header that a health check sends, say, stands in the object itself. */
function withoutSecrets(entity: FlatEntity, { isSecret, withSecrets }: WriterOptions): FlatEntity {
  if (withSecrets || WITH_SECRETS.test(entity.type)) return entity;
  return { ...entity, fields: mapSecrets(entity, isSecret, () => NOT_SHOWN) };
}

/** Stands for a secret in a field that takes no Secret. */
const NOT_SHOWN = "NOT-SHOWN";

function notShown(entities: readonly FlatEntity[], { isSecret, withSecrets }: WriterOptions): Lost[] {
  if (withSecrets) return [];
  const lost: Lost[] = [];
  for (const entity of entities) {
    if (WITH_SECRETS.test(entity.type)) continue;
    mapSecrets(entity, isSecret, (field) => {
      lost.push({
        entity: labelOf(entity),
        field,
        why: `looks like a secret, and takes none from a Secret: put it in for ${NOT_SHOWN}`,
      });
      return NOT_SHOWN;
    });
  }
  return lost;
}

/** Entities that are written with another one, which is not there. */
function parentless(entities: readonly FlatEntity[]): Lost[] {
  const main = new Set<string>(CONVERSIONS.map(({ type }) => type));
  const ids = new Set(entities.map(({ id }) => id));
  const isAlone = ({ fields }: FlatEntity): boolean =>
    !Object.values(fields).some(
      (value) => typeof value === "object" && value !== null && "id" in value && ids.has(String(value["id"])),
    );
  return entities
    .filter((entity) => !main.has(entity.type) && isAlone(entity))
    .map((entity) => ({ entity: labelOf(entity), why: "what it belongs to is not among what was taken over" }));
}
