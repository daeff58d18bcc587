import { KINDS } from "../api/kinds.ts";
import { parseSpec } from "../api/parse.ts";
import { InvalidSpecError } from "../errors.ts";
import type { Lost } from "../convert/flat.ts";
import type { ManifestObject } from "../convert/manifest-writer.ts";

export interface Checked {
  readonly objects: readonly ManifestObject[];
  readonly lost: readonly Lost[];
}

/** Leaves out what the API server would refuse, field by field where that is enough, and says why. */
export function checkManifests(objects: readonly ManifestObject[]): Checked {
  const lost: Lost[] = [];
  const kept = objects.flatMap((object) => {
    if (object.kind === "Secret") return [object];
    const definition = KINDS.find(({ kind }) => kind === object.kind);
    const entity = `${object.kind} ${object.metadata.name}`;
    if (!definition) {
      lost.push({ entity, why: "there is no such kind in this version" });
      return [];
    }
    const known = withKnownFields(object, definition.specSchema, lost);
    try {
      parseSpec(definition, known);
      return [known];
    } catch (error) {
      if (!(error instanceof InvalidSpecError)) throw error;
      lost.push({ entity, why: error.message });
      return [];
    }
  });
  return { objects: kept, lost };
}

/** Fields that Kong has and our kind has not. */
function withKnownFields(object: ManifestObject, schema: unknown, lost: Lost[]): ManifestObject {
  const shape = (schema as { readonly shape?: object }).shape;
  if (shape === undefined || object.spec === undefined) return object;
  const entries = Object.entries(object.spec);
  for (const [field] of entries) {
    if (!Object.hasOwn(shape, field))
      lost.push({ entity: `${object.kind} ${object.metadata.name}`, field, why: "the kind has no such field" });
  }
  return { ...object, spec: Object.fromEntries(entries.filter(([field]) => Object.hasOwn(shape, field))) };
}
