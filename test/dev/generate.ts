import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { crdFiles } from "./generate-crds.ts";

/** A file that is made from the sources and committed. */
export interface GeneratedFile {
  /** From the root of the repository. */
  readonly path: string;
  render(): string | Promise<string>;
}

/** What `npm run generate` writes and test/repo/generated.test.ts compares. Add a producer here. */
export const GENERATED: readonly GeneratedFile[] = [...crdFiles];

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

async function writeAll(paths: readonly string[]): Promise<void> {
  for (const file of GENERATED.filter(({ path }) => paths.includes(path))) {
    const path = join(ROOT, file.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, await file.render());
    console.log(`wrote ${file.path}`);
  }
}

async function main(args: readonly string[]): Promise<number> {
  const stale = await findStale();
  if (stale.length === 0) {
    console.log(`${GENERATED.length} generated files are up to date`);
    return 0;
  }
  if (!args.includes("--check")) {
    await writeAll(stale);
    return 0;
  }
  for (const path of stale) console.error(`${path} is stale: run npm run generate`);
  return 1;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
