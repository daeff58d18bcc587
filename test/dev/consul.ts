import { createHash } from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { buildOnce, cacheFolder, GoUnavailableError, parallelismFlag } from "./go-build.ts";
import { findProgram, pathFolders } from "./programs.ts";

/** There is no Consul to be had on this machine. The message is the reason of a skipped test. */
export class ConsulUnavailableError extends Error {}

const GO_MODULE = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../consul");

/**
 * The path of a Consul: the one on the PATH, else our own build of it, made once and kept in the user's cache folder.
 *
 * @throws ConsulUnavailableError where it neither is nor can be built
 */
export async function findConsul(log: (line: string) => void = (line) => console.info(line)): Promise<string> {
  const onPath = await findProgram(pathFolders(), "consul");
  if (onPath !== undefined) return onPath;
  try {
    const flags = ["-v", parallelismFlag(), "-trimpath", "-buildvcs=false", "-ldflags", "-s -w"];
    const folder = await buildOnce(
      {
        name: "Consul",
        folder: await buildFolder(),
        expected: "5 to 12 minutes",
        cwd: GO_MODULE,
        command: (output) => ({
          args: ["build", ...flags, "-o", path.join(output, "consul"), "github.com/hashicorp/consul"],
        }),
      },
      log,
    );
    return path.join(folder, "consul");
  } catch (error) {
    if (!(error instanceof GoUnavailableError)) throw error;
    throw new ConsulUnavailableError(`no Consul: not on the PATH, and ${error.message}`);
  }
}

/** Named after all that goes into the build, so that another version of it gets a folder of its own. */
async function buildFolder(): Promise<string> {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum"]) hash.update(await fs.readFile(path.join(GO_MODULE, file)));
  hash.update(`${process.platform} ${process.arch}`);
  return cacheFolder("consul", hash.digest("hex").slice(0, 16));
}
