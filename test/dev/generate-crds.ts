import { stringify } from "yaml";
import { toCrd } from "../../src/api/crd.ts";
import type { KindDefinition } from "../../src/api/kind.ts";
import { KINDS } from "../../src/api/kinds.ts";
import { GROUP } from "../../src/api/names.ts";
import type { GeneratedFile } from "./generate.ts";

const HEADER = "# Generated from src/api by `npm run generate`. Do not edit.\n";

function renderCrd(definition: KindDefinition): string {
  return HEADER + stringify(toCrd(definition), { lineWidth: 0 });
}

/**
 * One file a kind for `kubectl apply -f crds/`, and the same for the chart, which takes files only from its own folder. Not
 * helm/crds: what lies there Helm installs once and never upgrades.
 */
export const crdFiles: readonly GeneratedFile[] = ["crds", "helm/files/crds"].flatMap((folder) =>
  KINDS.map((definition) => ({
    path: `${folder}/${GROUP}_${definition.plural}.yaml`,
    render: () => renderCrd(definition),
  })),
);
