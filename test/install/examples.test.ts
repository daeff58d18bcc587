import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../dev/generate.ts";
import { INSTALL_NAME, manifestFiles } from "../dev/generate-manifests.ts";
import { offlineHelm } from "./commands.ts";
import { helmOrSkip } from "./helm.ts";
import { only, parseManifests, podSpecOf, type Manifest } from "./manifests.ts";

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

interface Source {
  readonly path: string;
  readonly helm?: { readonly releaseName: string; readonly valuesObject: unknown };
}

describe("install/examples", () => {
  it("manifests/install.yaml is what the chart renders now", async function () {
    await helmOrSkip(this);
    for (const file of manifestFiles) {
      assert.ok(read(file.path) === (await file.render()), `${file.path} is stale: run npm run generate`);
    }
  });

  it("Argo CD finds a chart or a kustomization where the Applications look, and the chart takes their values", async function () {
    const helm = offlineHelm(await helmOrSkip(this));
    const sources = parseManifests(read("examples/gitops/argocd-application.yaml")).map(
      (object) => (object["spec"] as { source: Source }).source,
    );
    assert.equal(sources.length, 2);
    for (const { path, helm: release } of sources) {
      assert.ok(existsSync(join(ROOT, path, release ? "Chart.yaml" : "kustomization.yaml")), path);
      if (!release) continue;
      const values = Object.entries(release.valuesObject as object).map(([name, value]) => [
        "--set-json",
        `${name}=${JSON.stringify(value)}`,
      ]);
      const rendered = parseManifests(await helm("template", release.releaseName, join(ROOT, path), ...values.flat()));
      assert.match(podSpecOf(only(rendered, "Deployment")).containers[0]?.image ?? "", /^registry\.example\.com\//);
    }
  });

  it("Flux finds a kustomization where the Kustomizations look, in their order, and an image to replace", () => {
    const objects = parseManifests(read("examples/gitops/flux-kustomization.yaml"));
    const repository = only(objects, "GitRepository").metadata.name;
    const specs = objects.filter(({ kind }) => kind === "Kustomization").map(specOf);
    assert.deepEqual(
      specs.map(({ path }) => existsSync(join(ROOT, path, "kustomization.yaml"))),
      [true, true],
    );
    assert.deepEqual(
      specs.map(({ sourceRef }) => sourceRef.name),
      [repository, repository],
    );
    assert.deepEqual(
      specs.map(({ dependsOn = [] }) => dependsOn.map(({ name }) => name)),
      [[], ["kong-jenkins-operator"]],
    );
    const [image = ""] = podSpecOf(only(parseManifests(read("manifests/install.yaml")), "Deployment")).containers.map(
      (container) => container.image,
    );
    assert.deepEqual(
      specs[0]?.images?.map(({ name }) => name),
      [image.split(":")[0]],
    );
  });

  it("the definitions outlive what GitOps tools prune", () => {
    const definitions = parseManifests(read("manifests/install.yaml")).filter(
      ({ kind }) => kind === "CustomResourceDefinition",
    );
    assert.ok(definitions.length > 0);
    for (const { metadata } of definitions) {
      assert.equal(metadata.annotations?.["kustomize.toolkit.fluxcd.io/prune"], "disabled");
      assert.equal(metadata.annotations?.["argocd.argoproj.io/sync-options"], "Prune=false,Delete=false");
    }
  });

  it("manifests/install.yaml puts everything into its own namespace, which comes first", () => {
    const manifests = parseManifests(read("manifests/install.yaml"));
    assert.deepEqual([manifests[0]?.kind, manifests[0]?.metadata.name], ["Namespace", INSTALL_NAME]);
    const namespaces = manifests
      .map(({ metadata }) => metadata.namespace)
      .filter((namespace) => namespace !== undefined);
    assert.deepEqual([...new Set(namespaces)], [INSTALL_NAME]);
  });

  it("the first route names its service, and lists every manifest of its folder", () => {
    const folder = "examples/first-route";
    const { resources } = parseManifests(read(`${folder}/kustomization.yaml`))[0] as Manifest & { resources: string[] };
    assert.deepEqual(
      [...resources].sort(),
      readdirSync(join(ROOT, folder)).filter((name) => name !== "kustomization.yaml"),
    );
    const objects = resources.flatMap((name) => parseManifests(read(`${folder}/${name}`)));
    const { serviceRef } = only(objects, "KongRoute", "users")["spec"] as { serviceRef: { name: string } };
    assert.equal(serviceRef.name, only(objects, "KongService").metadata.name);
  });
});

function specOf(object: Manifest) {
  return object["spec"] as {
    path: string;
    sourceRef: { name: string };
    dependsOn?: { name: string }[];
    images?: { name: string }[];
  };
}
