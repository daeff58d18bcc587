import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { parseAllDocuments } from "yaml";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";

/** One object of a file, not checked yet. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: Json | undefined;
  /** Of a Secret: base64. */
  readonly data?: Readonly<Record<string, string>>;
  /** Of a Secret. */
  readonly stringData?: Readonly<Record<string, string>>;
  /** File that it stands in, for messages. */
  readonly source: string;
}

/** A file cannot be used; the message names it, and never quotes it: it may hold Secrets. */
export class FileError extends Error {
  override readonly name = "FileError";
}

const EXTENSIONS = new Set([".yaml", ".yml", ".json"]);

/**
 * The objects of files and folders (with those below), in the order of their names; `-` reads `stdin`.
 * @throws FileError naming the file, and the line where there is one.
 */
export function readManifests(paths: readonly string[], stdin: () => string): Manifest[] {
  return paths.flatMap((each) =>
    each === "-"
      ? parseManifests(stdin(), "standard input")
      : filesAt(each).flatMap((file) => parseManifests(readText(file), file)),
  );
}

/** @throws FileError */
export function parseManifests(text: string, source: string): Manifest[] {
  return parseDocuments(text, source).flatMap((value) => {
    const items = isJsonObject(value) && Array.isArray(value["items"]) ? value["items"] : [value];
    return items.map((item) => manifestOf(item, source));
  });
}

/**
 * The documents of a YAML or JSON text, without empty ones.
 * @throws FileError where it is neither.
 */
export function parseDocuments(text: string, source: string): Json[] {
  const values: Json[] = [];
  for (const document of parseAllDocuments(text, { logLevel: "error", prettyErrors: true })) {
    const [error] = document.errors;
    // The parser's own message quotes the text.
    if (error) throw new FileError(`${source}${lineOf(error)}: neither YAML nor JSON (${error.code})`);
    const value = document.toJS() as Json;
    if (value !== null) values.push(value);
  }
  return values;
}

/** @throws FileError */
export function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new FileError(`${file}: ${(error as Error).message}`);
  }
}

function lineOf({ linePos }: { readonly linePos?: readonly { readonly line: number }[] | undefined }): string {
  return linePos?.[0] ? `:${linePos[0].line}` : "";
}

function filesAt(place: string): string[] {
  let isFolder: boolean;
  try {
    isFolder = statSync(place).isDirectory();
  } catch (error) {
    throw new FileError(`${place}: ${(error as Error).message}`);
  }
  if (!isFolder) return [place];
  const names = readdirSync(place, { recursive: true, withFileTypes: true });
  return names
    .filter((entry) => entry.isFile() && EXTENSIONS.has(path.extname(entry.name)))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !path.basename(file).startsWith("kustomization."))
    .sort();
}

function manifestOf(value: Json, source: string): Manifest {
  const { apiVersion, kind, metadata } = isJsonObject(value) ? value : ({} as JsonObject);
  const name = isJsonObject(metadata) ? metadata["name"] : undefined;
  if (typeof apiVersion !== "string" || typeof kind !== "string" || typeof name !== "string") {
    throw new FileError(`${source}: an object lacks apiVersion, kind or metadata.name`);
  }
  return { ...(value as unknown as Manifest), source };
}
