import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { crdFiles } from "./generate-crds.ts";
import { referenceFiles } from "./generate-reference.ts";
import { manifestFiles } from "./generate-manifests.ts";
import { reasonFiles } from "./generate-reason-texts.ts";
import { findHelm, HelmUnavailableError } from "./helm.ts";

/** A file that is made from the sources and committed. */
export interface GeneratedFile {
  /** From the root of the repository. */
  readonly path: string;
  render(): string | Promise<string>;
}

/**
 * What `npm run generate` writes and test/repo/generated.test.ts compares. Add a producer here. The manifests are written
 * too, but need Helm: test/install/ compares them.
 */
export const GENERATED: readonly GeneratedFile[] = [...crdFiles, ...referenceFiles, ...reasonFiles];

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Paths of the generated files that are missing or differ from what the sources give now. */
export async function findStale(files: readonly GeneratedFile[] = GENERATED, root = ROOT): Promise<string[]> {
  const stale: string[] = [];
  for (const file of files) {
    const path = join(root, file.path);
    const current = existsSync(path) ? await readFile(path, "utf8") : undefined;
    if (current !== (await file.render())) stale.push(file.path);
  }
  return stale;
}

async function writeAll(files: readonly GeneratedFile[], paths: readonly string[]): Promise<void> {
  for (const file of files.filter(({ path }) => paths.includes(path))) {
    const path = join(ROOT, file.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, await file.render());
    console.log(`wrote ${file.path}`);
  }
}

/** Everything that can be made on this machine. */
async function possibleFiles(): Promise<readonly GeneratedFile[]> {
  try {
    await findHelm((line) => console.error(line));
    return [...GENERATED, ...manifestFiles];
  } catch (error) {
    if (!(error instanceof HelmUnavailableError)) throw error;
    console.error(`manifests/ stays as it is: ${error.message}`);
    return GENERATED;
  }
}

async function main(args: readonly string[]): Promise<number> {
  const files = await possibleFiles();
  const stale = await findStale(files);
  if (stale.length === 0) {
    console.log(`${files.length} generated files are up to date`);
    return 0;
  }
  if (!args.includes("--check")) {
    await writeAll(files, stale);
    return 0;
  }
  for (const path of stale) console.error(`${path} is stale: run npm run generate`);
  return 1;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
