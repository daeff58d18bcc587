import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import { crdFiles } from "./generate-crds.ts";
import type { GeneratedFile } from "./generate.ts";
import { findHelm } from "./helm.ts";

/** Of the release, the namespace and the objects in manifests/install.yaml. */
export const INSTALL_NAME = "kong-jenkins-operator";
export const CHART = fileURLToPath(new URL("../../helm", import.meta.url));

const run = promisify(execFile);
const LARGEST_OUTPUT_BYTES = 64 * 1024 * 1024;
/** Labels that only make sense where Helm owns the objects. */
const HELM_LABELS = /^ +(?:helm\.sh\/chart|app\.kubernetes\.io\/managed-by): .*\n/gm;
const SOURCE_COMMENTS = /^# Source: .*\n/gm;
const HEADER = `# The operator, rendered from the chart in helm/ by \`npm run generate\`. Do not edit.
#
# The image has to be where the cluster can pull it: docs/install.md.
`;
const NAMESPACE = `---
apiVersion: v1
kind: Namespace
metadata:
  name: ${INSTALL_NAME}
  labels:
    app.kubernetes.io/name: ${INSTALL_NAME}
    pod-security.kubernetes.io/enforce: restricted
`;
/** GitOps tools that remove what left the repository leave the definitions alone: with them every object would go. */
const CRD_ANNOTATIONS = {
  "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
  "kustomize.toolkit.fluxcd.io/prune": "disabled",
};

/** What `kubectl apply` takes. Rendering throws HelmUnavailableError where there is no Helm. */
export const manifestFiles: readonly GeneratedFile[] = [{ path: "manifests/install.yaml", render: renderInstall }];

/**
 * The chart with its usual values and the namespace, as one file. The definitions are those that the sources give now,
 * whether or not the chart's copies have been written.
 * @throws HelmUnavailableError
 */
async function renderInstall(): Promise<string> {
  const helm = await findHelm((line) => console.error(line));
  const chart = await mkdtemp(join(tmpdir(), "kjo-chart-"));
  try {
    await cp(CHART, chart, { recursive: true });
    await copyDefinitions(join(chart, "files/crds"));
    const values = join(chart, "install-values.json");
    await writeFile(values, JSON.stringify({ crds: { keep: false, annotations: CRD_ANNOTATIONS } }));
    const args = ["template", INSTALL_NAME, chart, "--namespace", INSTALL_NAME, "--values", values];
    const { stdout } = await run(helm, args, { maxBuffer: LARGEST_OUTPUT_BYTES });
    return HEADER + NAMESPACE + withoutHelm(stdout);
  } finally {
    await rm(chart, { recursive: true, force: true });
  }
}

async function copyDefinitions(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const file of crdFiles.filter(({ path }) => path.startsWith("crds/"))) {
    await writeFile(join(folder, basename(file.path)), await file.render());
  }
}

/** The rendered objects as a person would write them: without Helm's marks and the empty lines that templates leave. */
export function withoutHelm(rendered: string): string {
  return rendered
    .replaceAll(HELM_LABELS, "")
    .replaceAll(SOURCE_COMMENTS, "")
    .replaceAll(/\n{2,}(?=---\n|$)/g, "\n");
}
