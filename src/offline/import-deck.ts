import { DeckError, readDeck } from "../convert/deck-read.ts";
import {
  markReferences,
  referenceIn,
  ReferenceError,
  resolveReferences,
  resolveValue,
  wholeReferenceIn,
} from "../convert/environment-references.ts";
import { labelOf, type FlatEntity, type Lost } from "../convert/flat.ts";
import type { WriterOptions } from "../convert/manifest-writer.ts";
import { toManifests } from "../convert/to-manifests.ts";
import { isSecretField } from "../kong/secret-fields.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { checkManifests, type Checked } from "./check-manifests.ts";
import { FileError, parseDocuments } from "./manifest-files.ts";
import { distinctLost } from "./write-files.ts";

export interface ImportOptions extends Pick<WriterOptions, "namespace" | "adopt" | "withSecrets"> {
  readonly variable: (name: string) => string | undefined;
}

/**
 * A decK file as our manifests. Its references to the environment are resolved with `withSecrets`; else they become
 * placeholders in Secrets, and where a field takes no Secret the variable's value if it is set.
 * @throws FileError where the file cannot be read as one of decK's.
 */
export function importDeck(text: string, source: string, options: ImportOptions): Checked {
  const { variable, withSecrets } = options;
  try {
    const [document, ...more] = parseDocuments(
      withSecrets ? resolveReferences(text, variable) : markReferences(text),
      source,
    );
    if (more.length > 0) throw new DeckError("a decK file is a single document");
    const content = readDeck(document ?? null);
    const lost: Lost[] = [...content.lost];
    if (content.workspace !== undefined) {
      const why = `set spec.adminApi.workspace: ${content.workspace} on the KongGateway`;
      lost.push({ entity: "_workspace", why });
    }
    const entities = content.entities.map((entity) => withVariables(entity, variable, lost));
    const manifests = toManifests(entities, {
      ...options,
      isTransformed: content.isTransformed,
      variableOf: wholeReferenceIn,
      isSecret: (entity, path) => isSecretField(entity, path) || referenceIn(at(entity.fields, path)) !== undefined,
    });
    const checked = checkManifests(manifests.objects);
    return { objects: checked.objects, lost: distinctLost([...lost, ...manifests.lost, ...checked.lost]) };
  } catch (error) {
    if (error instanceof DeckError || error instanceof ReferenceError)
      throw new FileError(`${source}: ${error.message}`);
    throw error;
  }
}

/** Fields that take no Secret get what their references stand for, or are left out. */
function withVariables(entity: FlatEntity, variable: ImportOptions["variable"], lost: Lost[]): FlatEntity {
  const walk = (value: Json, path: string): Json | undefined => {
    if (Array.isArray(value)) return value.flatMap((item, index) => walk(item, `${path}.${index}`) ?? []);
    if (isJsonObject(value)) {
      const members = Object.entries(value).map(
        ([name, item]) => [name, walk(item, path === "" ? name : `${path}.${name}`)] as const,
      );
      return Object.fromEntries(members.filter((each): each is [string, Json] => each[1] !== undefined));
    }
    const name = referenceIn(value);
    const canBeSecret = isSecretField(entity, path) || (entity.type === "plugins" && path.startsWith("config."));
    if (name === undefined || canBeSecret) return value;
    const found = resolveValue(String(value), variable);
    if (found === undefined)
      lost.push({
        entity: labelOf(entity),
        field: path,
        why: `the environment variable ${name} is not set`,
      });
    return found;
  };
  return { ...entity, fields: walk(entity.fields, "") as JsonObject };
}

function at(fields: JsonObject, path: string): Json | undefined {
  let value: Json | undefined = fields;
  for (const step of path.split(".")) {
    if (Array.isArray(value)) value = value[Number(step)];
    else value = isJsonObject(value) ? value[step] : undefined;
  }
  return value;
}
