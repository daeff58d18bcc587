import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { RUN_OPTIONS, parseRunConfig } from "../../src/config.ts";
import { KINDS } from "../../src/api/kinds.ts";
import { CHART } from "../dev/generate-manifests.ts";
import { offlineHelm, type Command } from "./commands.ts";
import { helmOrSkip } from "./helm.ts";
import { commandLineOf, only, parseManifests, podSpecOf, type Manifest } from "./manifests.ts";

const NAMESPACE = "kjo-system";
const POD = { name: "operator-7d4b9-x2x9x", namespace: NAMESPACE };

describe("install/chart", () => {
  let helm: Command;

  before(async function () {
    helm = offlineHelm(await helmOrSkip(this));
  });

  async function render(...sets: string[]): Promise<Manifest[]> {
    const flags = sets.flatMap((value) => ["--set", value]);
    return parseManifests(await helm("template", "kjo", CHART, "--namespace", NAMESPACE, ...flags));
  }

  const kindsOf = (manifests: readonly Manifest[]): string[] => [...new Set(manifests.map(({ kind }) => kind))].sort();

  it("passes helm lint", async () => {
    assert.match(await helm("lint", CHART, "--strict"), /0 chart\(s\) failed/);
  });

  it("describes every value in its schema, and knows no other", () => {
    const values = parse(readFileSync(`${CHART}/values.yaml`, "utf8")) as Record<string, unknown>;
    const schema = JSON.parse(readFileSync(`${CHART}/values.schema.json`, "utf8")) as {
      properties: Record<string, unknown>;
    };
    const { global: _ofHelm, ...described } = schema.properties;
    assert.deepEqual(Object.keys(described).sort(), Object.keys(values).sort());
  });

  for (const [value, complaint] of [
    ["replica=2", /additional properties 'replica' not allowed/],
    ["image.name=x", /additional properties 'name' not allowed/],
    ["log.level=loud", /must be one of/],
    ["watchNamespaces={Team_A}", /does not match pattern/],
    ["port=0", /minimum/],
    ["image.digest=sha256:abc", /does not match pattern/],
    ["replicas=2,leaderElection.enabled=false", /more than one needs leaderElection.enabled/],
    ["metrics.serviceMonitor.enabled=true,metrics.service.enabled=false", /needs metrics.service.enabled/],
    ["serviceAccount.create=false", /serviceAccount.name is needed/],
  ] as const) {
    it(`refuses ${value}`, async () => {
      await assert.rejects(render(value), complaint);
    });
  }

  it("installs what is needed and nothing that was not asked for", async () => {
    assert.deepEqual(kindsOf(await render()), [
      "ClusterRole",
      "ClusterRoleBinding",
      "CustomResourceDefinition",
      "Deployment",
      "Role",
      "RoleBinding",
      "Service",
      "ServiceAccount",
    ]);
  });

  it("installs everything that was asked for", async () => {
    const manifests = await render(
      "podDisruptionBudget.enabled=true",
      "networkPolicy.enabled=true",
      "metrics.serviceMonitor.enabled=true",
      "metrics.serviceMonitor.labels.release=prometheus",
    );
    assert.equal(only(manifests, "ServiceMonitor").metadata.labels?.["release"], "prometheus");
    assert.deepEqual((only(manifests, "PodDisruptionBudget")["spec"] as { maxUnavailable: unknown }).maxUnavailable, 1);
    assert.deepEqual((only(manifests, "NetworkPolicy")["spec"] as { policyTypes: unknown }).policyTypes, ["Ingress"]);
  });

  it("gives the operator flags and variables that it understands", async () => {
    const deployment = only(
      await render("watchNamespaces={a,b}", "log.level=debug", "log.format=text", "port=9000"),
      "Deployment",
    );
    const { args, env } = commandLineOf(deployment, POD);
    assert.equal(args[0], "run");
    const config = parseRunConfig(args.slice(1), env);
    assert.deepEqual(
      { ...config, kubeconfig: undefined },
      {
        kubeconfig: undefined,
        watchNamespaces: ["a", "b"],
        operatorNamespace: NAMESPACE,
        bindAddress: { host: "::", port: 9000 },
        leaderElect: true,
        leaseName: "kjo-kong-jenkins-operator",
        identity: POD.name,
        logLevel: "debug",
        logFormat: "text",
      },
    );
    const known = new Set([...RUN_OPTIONS.map((option) => option.env), "NODE_OPTIONS"]);
    assert.deepEqual(
      Object.keys(env).filter((name) => !known.has(name)),
      [],
    );
  });

  it("runs a container that Pod Security calls restricted, with a file system that nobody writes", async () => {
    const pod = podSpecOf(only(await render(), "Deployment"));
    const { securityContext } = pod as { securityContext?: Record<string, unknown> };
    assert.equal(securityContext?.["runAsNonRoot"], true);
    assert.deepEqual(securityContext?.["seccompProfile"], { type: "RuntimeDefault" });
    assert.deepEqual(pod.containers[0]?.["securityContext"], {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  it("asks for the image by digest where one is given, else by tag, else by the chart's own version", async () => {
    const imageOf = async (...sets: string[]) =>
      podSpecOf(only(await render(...sets), "Deployment")).containers[0]?.image;
    const { appVersion } = parse(readFileSync(`${CHART}/Chart.yaml`, "utf8")) as { appVersion: string };
    const digest = `sha256:${"a".repeat(64)}`;
    assert.equal(await imageOf(), `kong-jenkins-operator:${appVersion}`);
    assert.equal(await imageOf("image.repository=r.example/kjo", "image.tag=v2"), "r.example/kjo:v2");
    assert.equal(await imageOf("image.repository=r.example/kjo", `image.digest=${digest}`), `r.example/kjo@${digest}`);
  });

  it("gives no rights outside the watched namespaces but the uid of kube-system", async () => {
    const manifests = await render("watchNamespaces={a,b}", "rbac.userRoles=false");
    assert.deepEqual(only(manifests, "ClusterRole")["rules"], [
      { apiGroups: [""], resources: ["namespaces"], resourceNames: ["kube-system"], verbs: ["get"] },
    ]);
    const roles = manifests
      .filter(({ kind }) => kind === "Role")
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
    assert.deepEqual(roles, [
      "a/kjo-system:kjo-kong-jenkins-operator",
      "b/kjo-system:kjo-kong-jenkins-operator",
      "kjo-system/kjo-kong-jenkins-operator-lease",
    ]);
  });

  it("lets the operator create Secrets in the namespaces that are listed for it, and nowhere else", async () => {
    const mayCreate = async (...sets: string[]): Promise<string[]> =>
      (await render(...sets))
        .filter(({ kind }) => kind === "Role" || kind === "ClusterRole")
        .filter((role) =>
          (role["rules"] as { resources: string[]; verbs: string[] }[]).some(
            ({ resources, verbs }) => resources.includes("secrets") && verbs.includes("create"),
          ),
        )
        .map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`);
    assert.deepEqual(await mayCreate("watchNamespaces={a}"), []);
    assert.deepEqual(await mayCreate("generateSecrets.namespaces={a,b}"), [
      "Role a/kjo-system:kjo-kong-jenkins-operator-generate",
      "Role b/kjo-system:kjo-kong-jenkins-operator-generate",
    ]);
  });

  it("brings the definition of every kind, kept when the release goes", async () => {
    const definitions = (await render()).filter(({ kind }) => kind === "CustomResourceDefinition");
    assert.deepEqual(
      definitions.map(({ metadata }) => metadata.name).sort(),
      KINDS.map(({ plural }) => `${plural}.kjo.dev`).sort(),
    );
    assert.deepEqual(
      [...new Set(definitions.map(({ metadata }) => metadata.annotations?.["helm.sh/resource-policy"]))],
      ["keep"],
    );
    assert.deepEqual(readdirSync(`${CHART}/files/crds`).length, KINDS.length);
  });

  it("renders the definitions as they were generated, labels apart", async () => {
    for (const definition of (await render("crds.keep=false")).filter(
      ({ kind }) => kind === "CustomResourceDefinition",
    )) {
      const file = `${CHART}/files/crds/kjo.dev_${definition.metadata.name.split(".")[0] ?? ""}.yaml`;
      const { labels: _labels, ...metadata } = definition.metadata;
      assert.deepEqual({ ...definition, metadata }, parse(readFileSync(file, "utf8")));
    }
  });

  it("leaves the definitions out where another release installs them", async () => {
    assert.equal(kindsOf(await render("crds.install=false")).includes("CustomResourceDefinition"), false);
  });

  it("puts the common labels and annotations on every object and on the Pods", async () => {
    const manifests = await render("commonLabels.team=edge", "commonAnnotations.contact=edge");
    const without = manifests.filter(
      ({ metadata }) => metadata.labels?.["team"] !== "edge" || metadata.annotations?.["contact"] !== "edge",
    );
    assert.deepEqual(
      without.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
      [],
    );
    const { template } = only(manifests, "Deployment")["spec"] as { template: { metadata: Manifest["metadata"] } };
    assert.equal(template.metadata.labels?.["team"], "edge");
    assert.equal(template.metadata.annotations?.["contact"], "edge");
  });

  it("names nothing of the cluster like another release of the same name in another namespace", async () => {
    const namesIn = async (namespace: string): Promise<string[]> =>
      parseManifests(await helm("template", "kjo", CHART, "--namespace", namespace, "--set", "crds.install=false"))
        .filter(({ metadata }) => metadata.namespace === undefined)
        .map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    const [one, two] = [await namesIn("a"), new Set(await namesIn("b"))];
    assert.equal(one.length, 5);
    assert.deepEqual(
      one.filter((name) => two.has(name)),
      [],
    );
  });

  it("says after an install what comes next", async () => {
    const notes = await helm("install", "kjo", CHART, "--namespace", NAMESPACE, "--dry-run=client");
    assert.match(notes, /kubectl get kjo -A/);
    assert.match(notes, /serves every namespace/);
  });
});
