import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Document } from "yaml";
import type { Lost } from "../convert/flat.ts";
import type { ManifestObject } from "../convert/manifest-writer.ts";
import { FileError } from "./manifest-files.ts";

/** Readable by its owner alone. */
const PRIVATE = 0o600;

/** Manifests as one YAML text, a comment about what is missing on top. */
export function manifestText(objects: readonly ManifestObject[], lost: readonly Lost[]): string {
  const documents = objects.map((object) =>
    new Document(object, { aliasDuplicateObjects: false }).toString({ lineWidth: 0 }),
  );
  return [...(lost.length > 0 ? [lostComment(lost)] : []), documents.join("---\n")].join("");
}

export function lostComment(lost: readonly Lost[]): string {
  return ["# Not carried over:", ...lost.map((each) => `# - ${lostLine(each)}`), ""].join("\n");
}

/** Each once: entities without a name of their own are told alike. */
export function distinctLost(lost: readonly Lost[]): Lost[] {
  return [...new Map(lost.map((each) => [lostLine(each), each])).values()];
}

/** `plugins cors: field: why` */
export function lostLine({ entity, field, why }: Lost): string {
  return [entity, ...(field === undefined ? [] : [field]), why].join(": ").replaceAll(/\s+/g, " ");
}

/**
 * Writes one file, which only its owner can read where it holds secrets.
 * @throws FileError
 */
export function writeText(file: string, text: string, { isPrivate }: { readonly isPrivate: boolean }): void {
  try {
    writeFileSync(file, text, isPrivate ? { mode: PRIVATE } : {});
    // The mode above is only for a file that is new.
    if (isPrivate) chmodSync(file, PRIVATE);
  } catch (error) {
    throw new FileError(`${file}: ${(error as Error).message}`);
  }
}

/**
 * Writes one file a kind, and Secrets into one that only its owner can read.
 * @throws FileError where the folder holds other files already.
 */
export function writeFolder(folder: string, objects: readonly ManifestObject[], lost: readonly Lost[]): void {
  try {
    mkdirSync(folder, { recursive: true });
    const kinds = Map.groupBy(objects, ({ kind }) => kind);
    const files = new Set([...kinds.keys()].map(fileOf));
    const other = readdirSync(folder).find((name) => /\.(ya?ml|json)$/.test(name) && !files.has(name));
    if (other !== undefined) throw new FileError(`${folder}: holds ${other} already: name an empty folder`);
    for (const [kind, list] of kinds)
      writeText(path.join(folder, fileOf(kind)), manifestText(list, []), { isPrivate: kind === "Secret" });
    if (lost.length > 0)
      writeText(path.join(folder, "NOT-CARRIED-OVER.txt"), lost.map((each) => `${lostLine(each)}\n`).join(""), {
        isPrivate: false,
      });
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw new FileError(`${folder}: ${(error as Error).message}`);
  }
}

function fileOf(kind: string): string {
  return `${kind.toLowerCase()}s.yaml`;
}
