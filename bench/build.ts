import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

export interface Build {
  readonly main: string;
  /** Options of Node that the image starts it with. */
  readonly nodeArgs: readonly string[];
}

/** Compiles the operator as the image does, because stripping types at start costs memory that the image does not spend. */
export async function buildOperator(): Promise<Build> {
  const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
  await promisify(execFile)(process.execPath, [tsc, "-p", "tsconfig.build.json"], { cwd: ROOT });
  const dockerfile = await readFile(path.join(ROOT, "Dockerfile"), "utf8");
  const entrypoint = /^ENTRYPOINT (\[.*\])$/m.exec(dockerfile)?.[1];
  if (!entrypoint) throw new Error("the Dockerfile has no ENTRYPOINT in JSON form");
  const words = JSON.parse(entrypoint) as string[];
  return { main: path.join(ROOT, "dist/main.js"), nodeArgs: words.filter((word) => word.startsWith("--")) };
}
