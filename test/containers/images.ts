import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { Context } from "mocha";
import { guardFolder } from "../dev/orphan-guard.ts";
import { findProgram, pathFolders } from "../dev/programs.ts";
import { skip } from "../dev/skip.ts";
import type { Engine } from "./engine.ts";

/** An image can neither be pulled nor made here. The message is the reason of a skipped test. */
export class ImageUnavailableError extends Error {}

const NODE_IMAGE = "docker.io/library/node:24-bookworm-slim";
/** Kept among the engine's images from one run to the next: it takes half a minute to make. */
const OWN_NODE_IMAGE = "localhost/kjo-test/node:24";
const PULL_LIMIT_MS = 5 * 60_000;
const LARGEST_OUTPUT_BYTES = 16 * 1024 * 1024;
const run = promisify(execFile);

/** Makes sure that the engine has the image. @throws ImageUnavailableError with the engine's own words */
export async function pullImage({ cli }: Engine, image: string): Promise<void> {
  if (await hasImage(cli, image)) return;
  try {
    await run(cli, ["pull", image], { timeout: PULL_LIMIT_MS, maxBuffer: LARGEST_OUTPUT_BYTES });
  } catch (error) {
    const lines = ((error as { stderr?: string }).stderr ?? "").trim().split("\n");
    throw new ImageUnavailableError(`${image} cannot be pulled: ${lines.at(-1) || (error as Error).message}`);
  }
}

/** From a hook: skips its tests where one of the images cannot be had. */
export async function pullOrSkip(context: Context, engine: Engine, ...images: string[]): Promise<void> {
  try {
    for (const image of images) await pullImage(engine, image);
  } catch (error) {
    if (error instanceof ImageUnavailableError) skip(context, error.message);
    throw error;
  }
}

/**
 * The name of an image with Node 24 and npm: KJO_NODE_IMAGE, Node's official one, or else one made of a minimal Debian and
 * the Node that runs this.
 * @throws ImageUnavailableError
 */
export async function findNodeImage(engine: Engine, log: (line: string) => void): Promise<string> {
  const given = process.env["KJO_NODE_IMAGE"];
  if (given) return given;
  try {
    await pullImage(engine, NODE_IMAGE);
    return NODE_IMAGE;
  } catch (error) {
    if (!(error instanceof ImageUnavailableError)) throw error;
    if (await hasImage(engine.cli, OWN_NODE_IMAGE)) return OWN_NODE_IMAGE;
    await makeNodeImage(engine.cli, error.message, log);
    return OWN_NODE_IMAGE;
  }
}

/**
 * Builds an image from a folder with a Dockerfile.
 * @throws Error with the last lines of the build
 */
export async function buildImage(
  { cli }: Engine,
  options: { readonly tag: string; readonly context: string; readonly args?: readonly string[] },
): Promise<void> {
  // The host's network, so that a registry that the machine reaches is reached from the build too.
  const args = ["build", "--network=host", ...(options.args ?? []), "--tag", options.tag, options.context];
  try {
    await run(cli, args, { maxBuffer: LARGEST_OUTPUT_BYTES });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    const lines = `${stdout}\n${stderr}`.trimEnd().split("\n").slice(-30);
    throw new Error(`${path.basename(cli)} ${args.join(" ")} failed:\n${lines.join("\n")}`, { cause: error });
  }
}

export async function removeImage({ cli }: Engine, image: string): Promise<void> {
  await run(cli, ["rmi", "--force", image]).catch(() => undefined);
}

/** What the engine knows of an image. */
export async function inspectImage(
  { cli }: Engine,
  image: string,
): Promise<{ Config: Record<string, unknown>; Size: number }> {
  const { stdout } = await run(cli, ["image", "inspect", image]);
  const [inspected] = JSON.parse(stdout) as [{ Config: Record<string, unknown>; Size: number }];
  return inspected;
}

async function hasImage(cli: string, image: string): Promise<boolean> {
  return run(cli, ["image", "inspect", image]).then(
    () => true,
    () => false,
  );
}

async function makeNodeImage(cli: string, why: string, log: (line: string) => void): Promise<void> {
  const debootstrap = await findProgram([...pathFolders(), "/usr/sbin"], "debootstrap");
  if (debootstrap === undefined)
    throw new ImageUnavailableError(`${why}; and there is no debootstrap to make a base image with`);
  if (process.getuid?.() !== 0)
    throw new ImageUnavailableError(`${why}; and only root can make a base image with debootstrap`);
  log(`${why}; making a base image of a minimal Debian and this Node (about a minute, once)…`);
  const folder = await mkdtemp(path.join(tmpdir(), "kjo-base-image-"));
  guardFolder(folder);
  const root = path.join(folder, "root");
  try {
    await run(debootstrap, ["--variant=minbase", "bookworm", root], { maxBuffer: LARGEST_OUTPUT_BYTES });
    await addNode(root);
    const archive = path.join(folder, "root.tar");
    await run("tar", ["-C", root, "-cf", archive, "."]);
    await run(cli, ["import", archive, OWN_NODE_IMAGE]);
  } catch (error) {
    throw new ImageUnavailableError(`${why}; and no base image could be made: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** This process' Node and the machine's npm, where Node's official image has them. */
async function addNode(root: string): Promise<void> {
  const outside = pathFolders().filter((folder) => !folder.includes("node_modules"));
  const npm = await findProgram(outside, "npm");
  if (npm === undefined) throw new Error("there is no npm on the PATH");
  const bin = path.join(root, "usr/local/bin");
  const modules = path.join(root, "usr/local/lib/node_modules");
  await mkdir(modules, { recursive: true });
  await cp(process.execPath, path.join(bin, "node"), { dereference: true });
  await cp(path.resolve(await realpath(npm), "../.."), path.join(modules, "npm"), {
    recursive: true,
    dereference: true,
  });
  await symlink("../lib/node_modules/npm/bin/npm-cli.js", path.join(bin, "npm"));
}
