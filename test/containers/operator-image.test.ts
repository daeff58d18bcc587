import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { GenericContainer, Network, Wait, type StartedNetwork, type StartedTestContainer } from "testcontainers";
import { API_VERSION } from "../../src/api/names.ts";
import { ControlPlaneUnavailableError } from "../controlplane/control-plane.ts";
import { ROOT } from "../dev/generate.ts";
import { skip } from "../dev/skip.ts";
import { commandLineOf, only, parseManifests, podSpecOf, type Manifest } from "../install/manifests.ts";
import { until } from "../install/until.ts";
import {
  API_SERVER_HOST,
  API_SERVER_PORT,
  startControlPlaneContainer,
  type ControlPlaneContainer,
} from "./control-plane-container.ts";
import { engineOrSkip, type Engine } from "./engine.ts";
import { inspectImage, removeImage } from "./images.ts";
import { buildOperatorImage } from "./operator-image.ts";

const IMAGE = "localhost/kjo-test/operator:test";
const POD_NAME = "kong-jenkins-operator-1";
const PORT = 8080;
const BUILD_LIMIT_MS = 15 * 60_000;
const MANY_MEGABYTES = 600;

const run = promisify(execFile);

/** A container with the limits of the chart's securityContext. */
class RestrictedContainer extends GenericContainer {
  constructor(image: string) {
    super(image);
    this.hostConfig.ReadonlyRootfs = true;
    this.withDroppedCapabilities("ALL").withSecurityOpt("no-new-privileges");
  }
}

describe("containers/operator image", () => {
  let engine: Engine;

  before("build the image", async function () {
    this.timeout(BUILD_LIMIT_MS);
    engine = await engineOrSkip(this);
    await buildOperatorImage(this, engine, IMAGE);
  });

  after(async () => {
    if (engine) await removeImage(engine, IMAGE);
  });

  /** What a short-lived container prints. */
  async function output(flags: readonly string[], ...args: string[]): Promise<string> {
    const { stdout } = await run(engine.cli, ["run", "--rm", "--read-only", ...flags, IMAGE, ...args]);
    return stdout.trim();
  }

  it("runs kjo", async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
    assert.equal(await output([], "version"), version);
    assert.match(await output([], "help"), /kjo run/);
  });

  it("is nobody by number, labelled, and listens on every address by default", async () => {
    const { Config } = await inspectImage(engine, IMAGE);
    assert.equal(Config["User"], "65532:65532");
    assert.deepEqual(Config["Cmd"], ["run", `--bind-address=:${PORT}`]);
    const labels = Config["Labels"] as Record<string, string>;
    assert.equal(labels["org.opencontainers.image.title"], "kong-jenkins-operator");
    assert.equal(labels["org.opencontainers.image.revision"], "test");
    assert.equal(
      await output(["--entrypoint", "node"], "--print", "process.getuid() + ':' + process.getgid()"),
      "65532:65532",
    );
  });

  it("holds the operator and what it needs, and no development tool", async () => {
    const script =
      "fs.readdirSync('/app').join() + ' ' + ['typescript', 'mocha', 'testcontainers'].filter((name) => fs.existsSync('/app/node_modules/' + name))";
    assert.equal(await output(["--entrypoint", "node"], "--print", script), "dist,node_modules,package.json");
    const { Size } = await inspectImage(engine, IMAGE);
    assert.ok(Size < MANY_MEGABYTES * 1024 * 1024, `${Size} bytes`);
  });

  describe("beside a control plane in containers", () => {
    let network: StartedNetwork;
    let controlPlane: ControlPlaneContainer;
    let folder: string;
    let manifests: Manifest[];

    before("start the control plane", async function () {
      this.timeout(BUILD_LIMIT_MS);
      network = await new Network().start();
      try {
        controlPlane = await startControlPlaneContainer(engine, network);
      } catch (error) {
        if (error instanceof ControlPlaneUnavailableError) skip(this, error.message);
        throw error;
      }
      manifests = parseManifests(readFileSync(join(ROOT, "manifests/install.yaml"), "utf8"));
      await controlPlane.kubectl("apply", "-f", join(ROOT, "manifests/install.yaml"));
      await controlPlane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s");
      folder = await serviceAccountFiles();
    });

    after(async () => {
      await controlPlane?.stop();
      await network?.stop();
      if (folder) await rm(folder, { recursive: true, force: true });
    });

    /** What the kubelet mounts into a Pod of the ServiceAccount. */
    async function serviceAccountFiles(): Promise<string> {
      const { serviceAccountName } = podSpecOf(only(manifests, "Deployment"));
      const { namespace = "" } = only(manifests, "Deployment").metadata;
      const token = (
        await controlPlane.kubectl("create", "token", serviceAccountName, "--namespace", namespace)
      ).trim();
      const made = await mkdtemp(join(tmpdir(), "kjo-service-account-"));
      await chmod(made, 0o755); // the container's user is somebody else
      for (const [name, content] of Object.entries({ token, namespace, "ca.crt": controlPlane.ca })) {
        await writeFile(join(made, name), content, { mode: 0o644 });
      }
      return made;
    }

    async function startOperator(): Promise<StartedTestContainer> {
      const deployment = only(manifests, "Deployment");
      const { args, env } = commandLineOf(deployment, {
        name: POD_NAME,
        namespace: deployment.metadata.namespace ?? "",
      });
      const address = { KUBERNETES_SERVICE_HOST: API_SERVER_HOST, KUBERNETES_SERVICE_PORT: String(API_SERVER_PORT) };
      return new RestrictedContainer(IMAGE)
        .withNetwork(network)
        .withCommand(args)
        .withEnvironment({ ...env, ...address })
        .withBindMounts([{ source: folder, target: "/var/run/secrets/kubernetes.io/serviceaccount", mode: "ro" }])
        .withExposedPorts(PORT)
        .withWaitStrategy(Wait.forHttp("/readyz", PORT))
        .withStartupTimeout(60_000)
        .start();
    }

    it("leads, answers its probes, does its work, and goes with exit code 0", async () => {
      const operator = await startOperator();
      const fetchText = async (path: string): Promise<string> => {
        const response = await fetch(`http://${operator.getHost()}:${operator.getMappedPort(PORT)}${path}`);
        assert.equal(response.status, 200, path);
        return response.text();
      };
      await fetchText("/healthz");
      assert.match(await fetchText("/metrics"), /^process_resident_memory_bytes \d/m);
      const gateway = {
        apiVersion: API_VERSION,
        kind: "KongGateway",
        metadata: { name: "default" },
        spec: { adminApi: { url: "http://127.0.0.1:9" } },
      };
      await controlPlane.kubectl.withInput(JSON.stringify(gateway), "apply", "--namespace", "default", "-f", "-");
      await until("the operator says that there is no Kong", async () => {
        const { status } = await controlPlane.kubectl.json<{
          status: { conditions: { type: string; status: string }[] };
        }>("get", "konggateways.kjo.dev", "default", "--namespace=default");
        assert.match(status.conditions.find(({ type }) => type === "Ready")?.status ?? "", /^(False|Unknown)$/);
      });
      const { namespace = "" } = only(manifests, "Deployment").metadata;
      const lease = await controlPlane.kubectl.json<{ spec: { holderIdentity: string } }>(
        "get",
        "lease",
        "--namespace",
        namespace,
        "kong-jenkins-operator",
      );
      assert.equal(lease.spec.holderIdentity, POD_NAME);
      await operator.stop({ remove: false, timeout: 30_000 });
      assert.equal(await exitCodeOf(operator), 0);
    });

    async function exitCodeOf(container: StartedTestContainer): Promise<number> {
      const { stdout } = await run(engine.cli, ["inspect", "--format={{.State.ExitCode}}", container.getId()]);
      await run(engine.cli, ["rm", container.getId()]);
      return Number(stdout);
    }
  });
});
