import path from "node:path";
import { fileURLToPath } from "node:url";
import { buildOnce, cacheFolder, GoUnavailableError, parallelismFlag } from "./go-build.ts";
import { findProgram, pathFolders } from "./programs.ts";

/** There is no Helm to be had on this machine. The message is the reason of a skipped test. */
export class HelmUnavailableError extends Error {}

const HELM_VERSION = "v4.3.1";
/** A module whose go.mod asks for a Go that can build Helm too. */
const GO_MODULE = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../controlplane");

/**
 * The path of a Helm: the one on the PATH, else our own build of it, made once and kept in the user's cache folder.
 *
 * @throws HelmUnavailableError where it neither is nor can be built
 */
export async function findHelm(log: (line: string) => void = (line) => console.info(line)): Promise<string> {
  const onPath = await findProgram(pathFolders(), "helm");
  if (onPath !== undefined) return onPath;
  try {
    const folder = await buildOnce(
      {
        name: "Helm",
        folder: cacheFolder("helm", `${HELM_VERSION}-${process.platform}-${process.arch}`),
        expected: "3 to 8 minutes",
        cwd: GO_MODULE,
        command: (output) => ({
          args: ["install", "-v", parallelismFlag(), "-trimpath", `helm.sh/helm/v4/cmd/helm@${HELM_VERSION}`],
          env: { GOBIN: output },
        }),
      },
      log,
    );
    return path.join(folder, "helm");
  } catch (error) {
    if (!(error instanceof GoUnavailableError)) throw error;
    throw new HelmUnavailableError(`no Helm: not on the PATH, and ${error.message}`);
  }
}
