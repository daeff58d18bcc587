import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ControlPlaneUnavailableError, startControlPlane, type ControlPlane } from "../controlplane/control-plane.ts";
import { startBackend, type Backend } from "../dev/backend.ts";
import { ROOT } from "../dev/generate.ts";
import { CHART, INSTALL_NAME } from "../dev/generate-manifests.ts";
import { startOperator, type OperatorProcess } from "../dev/operator-process.ts";
import { skip } from "../dev/skip.ts";
import { startKongDouble, type KongDouble } from "../doubles/kong/double.ts";
import { usesOf } from "./audit-log.ts";
import { helmOf, kubectlOf, type Command, type Kubectl } from "./commands.ts";
import { compareAccess, grantsOf } from "./grants.ts";
import { helmOrSkip } from "./helm.ts";
import { commandLineOf, only, parseManifests, podSpecOf, type Manifest } from "./manifests.ts";
import { usernameOf, writeServiceAccountKubeconfig } from "./service-account.ts";
import { DRIFT_INTERVAL_SECONDS, Story } from "./story.ts";
import { until } from "./until.ts";

const INSTALL = join(ROOT, "manifests/install.yaml");
const BUILD_LIMIT_MS = 20 * 60_000;

describe("install", () => {
  let controlPlane: ControlPlane;
  let kubectl: Kubectl;
  let folder: string;
  let kong: KongDouble;
  let backend: Backend;

  before(async function () {
    this.timeout(BUILD_LIMIT_MS);
    try {
      controlPlane = await startControlPlane({
        auditLog: true,
        components: ["controller-manager", "scheduler", "kwok"],
        log: (line) => console.info(line),
      });
    } catch (error) {
      if (error instanceof ControlPlaneUnavailableError) skip(this, error.message);
      throw error;
    }
    if (controlPlane.auditLogPath === undefined) skip(this, "the given cluster's audit log cannot be read from here");
    kubectl = kubectlOf(controlPlane);
    folder = await mkdtemp(join(tmpdir(), "kjo-install-"));
  });

  after(async () => {
    await controlPlane?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    kong = await startKongDouble();
    backend = await startBackend("user-service");
  });

  afterEach(async () => {
    await kong.stop();
    await backend.stop();
  });

  /** Runs the operator as the Deployment says, but on this machine, and as nobody but its ServiceAccount. */
  async function startAsDeployed(deployment: Manifest, podName: string): Promise<OperatorProcess> {
    const namespace = deployment.metadata.namespace ?? "";
    const { args, env } = commandLineOf(deployment, { name: podName, namespace });
    const kubeconfig = join(folder, `${podName}.yaml`);
    await writeServiceAccountKubeconfig(
      kubectl,
      { name: podSpecOf(deployment).serviceAccountName, namespace },
      kubeconfig,
    );
    assert.equal(args[0], "run");
    // A Pod has all its addresses to itself; here a free port of the loopback address stands for them.
    const flags = args.slice(1).filter((flag) => !flag.startsWith("--bind-address="));
    assert.equal(flags.length, args.length - 2);
    return startOperator({ kubeconfig, args: flags, env });
  }

  async function holderOf(deployment: Manifest): Promise<string | undefined> {
    const { name, namespace = "" } = deployment.metadata;
    const lease = await kubectl.json<{ spec: { holderIdentity?: string } }>(
      "get",
      "lease",
      name,
      "--namespace",
      namespace,
    );
    return lease.spec.holderIdentity;
  }

  /** From the first route to the last object; in between a second replica takes over from the first. */
  async function live(deployment: Manifest, namespace: string, { generates = false } = {}): Promise<void> {
    const story = new Story({ kubectl, kong, backend, namespace });
    const operators = [await startAsDeployed(deployment, "operator-1")];
    try {
      await story.firstRoute();
      await story.edit();
      await story.drift();
      await story.consumer();
      if (generates) await story.generatedKey();
      operators.push(await startAsDeployed(deployment, "operator-2"));
      assert.equal(await holderOf(deployment), "operator-1");
      kong.resetCounts();
      await operators[0]?.stop();
      await until("the standby leads", async () => assert.equal(await holderOf(deployment), "operator-2"));
      await until("the new leader has looked at Kong", async () => assert.notEqual(kong.count("reads"), 0));
      await sleep(2 * DRIFT_INTERVAL_SECONDS * 1000);
      assert.equal(kong.count("writes"), 0, "a hand-over writes nothing");
      await story.upstream();
      await story.otherKinds();
      await story.deleteEverything();
    } catch (error) {
      for (const { child } of operators) console.error(child.lastLines().join("\n"));
      throw error;
    } finally {
      for (const operator of operators) await operator.stop();
    }
  }

  async function assertExactAccess(manifests: readonly Manifest[]): Promise<void> {
    const { name, namespace = "" } = only(manifests, "ServiceAccount").metadata;
    const account = { name, namespace };
    const uses = await usesOf(controlPlane.auditLogPath ?? "", usernameOf(account));
    assert.ok(uses.length > 0, "the audit log knows nothing of the operator");
    assert.deepEqual(compareAccess(grantsOf(manifests, account), uses), { denied: [], byOthers: [], unused: [] });
  }

  async function rollOut(deployment: Manifest): Promise<void> {
    const { name, namespace = "" } = deployment.metadata;
    await kubectl("rollout", "status", `deployment/${name}`, "--namespace", namespace, "--timeout=60s");
  }

  describe("with kubectl, for every namespace", () => {
    let manifests: Manifest[];

    before(async () => {
      manifests = parseManifests(await readFile(INSTALL, "utf8"));
    });

    it("applies, and its Pod is admitted under the restricted Pod Security Standard", async () => {
      await kubectl("apply", "--server-side", "-f", INSTALL);
      await kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s");
      await rollOut(only(manifests, "Deployment"));
    });

    it("is the same as a kustomization, and nothing differs when it is applied again", async () => {
      const serverSide = ["--server-side", "--field-manager=kubectl"];
      await kubectl("apply", ...serverSide, "-k", join(ROOT, "manifests"));
      assert.equal(await kubectl("diff", ...serverSide, "-f", INSTALL), "");
    });

    it("serves a namespace from the first route to the last object", async () => {
      await kubectl("create", "namespace", "team-a");
      await live(only(manifests, "Deployment"), "team-a");
    });

    it("uses every verb that it was granted, and was refused none", async () => {
      await assertExactAccess(manifests);
    });

    it("lets the cluster's own roles work with the objects", async () => {
      const can = async (role: string, verb: string, resource: string): Promise<boolean> => {
        await kubectl(
          "create",
          "rolebinding",
          `as-${role}`,
          `--clusterrole=${role}`,
          `--user=${role}`,
          "--namespace=team-a",
        ).catch(() => "");
        const [type = "", subresource = ""] = resource.split("/");
        const flags = [`--subresource=${subresource}`, `--as=${role}`, "--namespace=team-a"];
        const answer = await kubectl("auth", "can-i", verb, type, ...flags).catch(() => "no");
        return answer.trim() === "yes";
      };
      const table = [
        ["view", "list", "kongroutes.kjo.dev", true],
        ["view", "patch", "kongroutes.kjo.dev", false],
        ["edit", "get", "konggateways.kjo.dev", true],
        ["edit", "create", "kongroutes.kjo.dev", true],
        ["edit", "create", "konggateways.kjo.dev", false],
        ["edit", "patch", "kongroutes.kjo.dev/status", false],
        ["admin", "create", "konggateways.kjo.dev", true],
        ["admin", "delete", "kongroutes.kjo.dev", true],
      ] as const;
      const found = [];
      for (const [role, verb, resource] of table) found.push([role, verb, resource, await can(role, verb, resource)]);
      assert.deepEqual(found, table);
    });

    it("is gone after kubectl delete", async () => {
      await kubectl("delete", "-f", INSTALL, "--timeout=60s");
      const left = await kubectl(
        "get",
        "crd,clusterrole,clusterrolebinding",
        "-l",
        `app.kubernetes.io/name=${INSTALL_NAME}`,
        "-o",
        "name",
      );
      assert.equal(left, "");
    });
  });

  describe("with Helm, for chosen namespaces", () => {
    const release = ["kjo", "--namespace", "gateway-system"];
    let helm: Command;
    let manifests: Manifest[];

    before(async function () {
      helm = helmOf(await helmOrSkip(this), controlPlane);
      for (const namespace of ["team-b", "team-c"]) await kubectl("create", "namespace", namespace);
    });

    it("installs, and its Pod runs", async () => {
      const values = [
        "--set",
        "watchNamespaces={team-b,team-c}",
        "--set",
        "generateSecrets.namespaces={team-b}",
        "--set",
        "podDisruptionBudget.enabled=true",
        "--set",
        "networkPolicy.enabled=true",
      ];
      await helm("install", ...release, CHART, "--create-namespace", ...values);
      manifests = parseManifests(await helm("get", "manifest", ...release));
      await rollOut(only(manifests, "Deployment"));
    });

    it("serves a watched namespace from the first route to the last object", async () => {
      await live(only(manifests, "Deployment"), "team-b", { generates: true });
    });

    it("uses every verb that it was granted, and was refused none", async () => {
      await assertExactAccess(manifests);
    });

    it("upgrades the definitions with the release", async () => {
      const chart = join(folder, "chart");
      await cp(CHART, chart, { recursive: true });
      const file = join(chart, "files/crds/kjo.dev_kongroutes.yaml");
      const text = await readFile(file, "utf8");
      await writeFile(file, text.replace("shortNames:", "shortNames:\n      - kjroute"));
      await helm("upgrade", ...release, chart, "--reuse-values");
      const crd = await kubectl.json<{ spec: { names: { shortNames: string[] } } }>("get", "crd", "kongroutes.kjo.dev");
      assert.deepEqual(crd.spec.names.shortNames, ["kjroute", "kjr"]);
    });

    it("leaves the definitions and the objects when it is uninstalled", async () => {
      const story = new Story({ kubectl, kong, backend, namespace: "team-c" });
      const [route] = parseManifests(await readFile(join(ROOT, "examples/first-route/route.yaml"), "utf8"));
      await story.apply(route as Manifest);
      await helm("uninstall", ...release, "--wait");
      assert.equal(
        (await kubectl("get", "kongroutes.kjo.dev", "--namespace", "team-c", "-o", "name")).trim(),
        "kongroute.kjo.dev/users",
      );
      const left = await kubectl(
        "get",
        "deploy,role,rolebinding,serviceaccount,lease",
        "-A",
        "-l",
        "app.kubernetes.io/instance=kjo",
        "-o",
        "name",
      );
      assert.equal(left, "");
    });
  });
});
