import { createHash } from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { buildOnce, cacheFolder, GoUnavailableError, parallelismFlag } from "../dev/go-build.ts";
import { findProgram, pathFolders } from "../dev/programs.ts";

/** There is no control plane to be had on this machine. The message is the reason of a skipped test. */
export class ControlPlaneUnavailableError extends Error {}

export type Tool = "etcd" | "kube-apiserver" | "kube-controller-manager" | "kube-scheduler" | "kubectl" | "kwok";

/** The path of each tool's program. */
export type Tools = Readonly<Record<Tool, string>>;

const TOOLS: readonly Tool[] = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubectl",
  "kwok",
];
const KUBERNETES_VERSION = "v1.36.3";
const KWOK_VERSION = "v0.8.0";
const source = path.dirname(fileURLToPath(import.meta.url));

/**
 * Finds the programs of a control plane: those of KUBEBUILDER_ASSETS, else those on the PATH, else our own build of them.
 * A folder with etcd and kube-apiserver decides the version; what it lacks comes from the next place.
 *
 * @throws ControlPlaneUnavailableError when a needed tool is nowhere and cannot be built
 */
export async function findTools(needed: readonly Tool[], log: (line: string) => void): Promise<Partial<Tools>> {
  const found: Partial<Record<Tool, string>> = {};
  for (const folders of await givenFolders()) {
    for (const tool of needed) {
      const program = found[tool] ?? (await findProgram(folders, tool));
      if (program !== undefined) found[tool] = program;
    }
  }
  const missing = needed.filter((tool) => found[tool] === undefined);
  if (missing.length > 0) {
    const built = await buildTools(missing, log);
    for (const tool of missing) found[tool] = path.join(built, tool);
  }
  return found;
}

/** Has our own build been made already, or is none needed, so that `findTools` answers at once? */
export async function areToolsReady(needed: readonly Tool[]): Promise<boolean> {
  const folders = [...(await givenFolders()), [await buildFolder()]].flat();
  const programs = await Promise.all(needed.map((tool) => findProgram(folders, tool)));
  return programs.every((program) => program !== undefined);
}

/**
 * A kubectl for a cluster that is not ours: the one on the PATH, else one of `findTools`.
 *
 * @throws ControlPlaneUnavailableError
 */
export async function findKubectl(log: (line: string) => void): Promise<string> {
  const onPath = await findProgram(pathFolders(), "kubectl");
  return onPath ?? ((await findTools(["kubectl"], log)).kubectl as string);
}

/** The PATH counts only with a whole API server on it: a lone kubectl there may be of any age. */
async function givenFolders(): Promise<string[][]> {
  const assets = process.env["KUBEBUILDER_ASSETS"];
  const onPath = pathFolders();
  const hasServer = (await findProgram(onPath, "etcd")) && (await findProgram(onPath, "kube-apiserver"));
  return [...(assets ? [[assets]] : []), ...(hasServer ? [onPath] : [])];
}

async function buildTools(missing: readonly Tool[], log: (line: string) => void): Promise<string> {
  try {
    return await buildOnce(
      {
        name: "the Kubernetes control plane",
        folder: await buildFolder(),
        expected: "6 to 15 minutes",
        cwd: source,
        command: (output) => ({ args: goArguments(path.join(output, "kcp")) }),
        finish: linkTools,
      },
      log,
    );
  } catch (error) {
    if (!(error instanceof GoUnavailableError)) throw error;
    throw new ControlPlaneUnavailableError(
      `no control plane: ${missing.join(", ")} neither in KUBEBUILDER_ASSETS nor on the PATH, and ${error.message}. ` +
        "Install Go 1.26 or newer, or point KUBEBUILDER_ASSETS to the binaries, or KJO_TEST_KUBECONFIG to a cluster for tests.",
    );
  }
}

/** One program that is every tool, by the name it is called with. */
async function linkTools(folder: string): Promise<void> {
  for (const tool of TOOLS) await fs.symlink("kcp", path.join(folder, tool));
}

function goArguments(output: string): string[] {
  const version = "k8s.io/component-base/version";
  const [major = "", minor = ""] = KUBERNETES_VERSION.slice(1).split(".");
  const values = [
    `${version}.gitVersion=${KUBERNETES_VERSION}`,
    `${version}.gitMajor=${major}`,
    `${version}.gitMinor=${minor}`,
    `${version}.gitTreeState=clean`,
    `sigs.k8s.io/kwok/pkg/consts.Version=${KWOK_VERSION}`,
  ];
  const linkerFlags = ["-s", "-w", ...values.flatMap((value) => ["-X", value])].join(" ");
  const flags = ["-v", parallelismFlag(), "-trimpath", "-buildvcs=false", "-ldflags", linkerFlags];
  return ["build", ...flags, "-o", output, "./cmd/kcp"];
}

/** Named after all that goes into the build, so that another version of it gets a folder of its own. */
async function buildFolder(): Promise<string> {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum", "cmd/kcp/main.go"]) hash.update(await fs.readFile(path.join(source, file)));
  hash.update(`${KUBERNETES_VERSION} ${KWOK_VERSION} ${process.platform} ${process.arch}`);
  return cacheFolder("controlplane", hash.digest("hex").slice(0, 16));
}
