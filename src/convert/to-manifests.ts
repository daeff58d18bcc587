import { labelOf, type FlatEntity, type Lost } from "./flat.ts";
import { CONVERSIONS } from "./kinds.ts";
import { ManifestWriter, type ManifestObject, type WriterOptions } from "./manifest-writer.ts";

export interface Manifests {
  readonly objects: readonly ManifestObject[];
  readonly lost: readonly Lost[];
}

/** Entities as objects of our kinds, with Secrets for what is secret. */
export function toManifests(entities: readonly FlatEntity[], options: WriterOptions): Manifests {
  const writer = new ManifestWriter(entities, options);
  for (const { type, kind, wantedName } of CONVERSIONS) {
    for (const entity of entities) if (entity.type === type) writer.name(kind, entity, wantedName(entity, writer));
  }
  for (const { type, kind, spec } of CONVERSIONS) {
    for (const entity of entities) {
      if (entity.type !== type) continue;
      const made = spec(entity, writer);
      if (made) writer.add(kind, entity, made);
    }
  }
  return { objects: writer.objects, lost: [...writer.lost, ...parentless(entities)] };
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
