import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { GenericContainer, Wait, type StartedTestContainer } from "testcontainers";
import { parse, stringify } from "yaml";
import { ControlPlaneUnavailableError } from "../controlplane/control-plane.ts";
import { findTools } from "../controlplane/tools.ts";
import { ROOT } from "../dev/generate.ts";
import { skip } from "../dev/skip.ts";
import { kubectlOf, type Kubectl } from "../install/commands.ts";
import { only, parseManifests, podSpecOf } from "../install/manifests.ts";
import { engineOrSkip, type Engine } from "./engine.ts";
import { pullOrSkip, removeImage } from "./images.ts";
import { buildOperatorImage } from "./operator-image.ts";

const K3S = "docker.io/rancher/k3s:v1.31.2-k3s1";
const PORT = 6443;
const START_LIMIT_MS = 20 * 60_000;
const INSTALL = join(ROOT, "manifests/install.yaml");
const run = promisify(execFile);

/** The one place where a kubelet runs the operator's Pod. */
describe("containers/K3s", () => {
  let engine: Engine;
  let image: string;
  let folder: string | undefined;
  let k3s: StartedTestContainer | undefined;
  let kubectl: Kubectl;

  before("start K3s with the operator's image", async function () {
    this.timeout(START_LIMIT_MS);
    engine = await engineOrSkip(this);
    await pullOrSkip(this, engine, K3S);
    // The name that a container runtime makes of the one in the manifest, which has no registry.
    const [container] = podSpecOf(only(parseManifests(readFileSync(INSTALL, "utf8")), "Deployment")).containers;
    image = `docker.io/library/${container?.image}`;
    await buildOperatorImage(this, engine, image);
    folder = await mkdtemp(join(tmpdir(), "kjo-k3s-"));
    const archive = join(folder, "operator.tar");
    await run(engine.cli, ["save", "--output", archive, image]);
    k3s = await k3sContainer(archive).start();
    try {
      kubectl = await kubectlFor(k3s, join(folder, "kubeconfig.yaml"));
    } catch (error) {
      if (error instanceof ControlPlaneUnavailableError) skip(this, error.message);
      throw error;
    }
  });

  after(async () => {
    await k3s?.stop();
    if (image) await removeImage(engine, image);
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it("runs the operator from manifests/install.yaml until it is ready", async function () {
    this.timeout(5 * 60_000);
    await kubectl("apply", "-f", INSTALL);
    await kubectl(
      "rollout",
      "status",
      "deployment/kong-jenkins-operator",
      "--namespace=kong-jenkins-operator",
      "--timeout=240s",
    );
  });
});

/** Every archive in that folder is imported when K3s starts. */
function k3sContainer(archive: string): GenericContainer {
  return new GenericContainer(K3S)
    .withPrivilegedMode()
    .withCommand(["server", "--disable=traefik,servicelb,metrics-server", "--tls-san=kubernetes.default.svc"])
    .withTmpFs({ "/run": "rw", "/var/run": "rw" })
    .withCopyFilesToContainer([{ source: archive, target: "/var/lib/rancher/k3s/agent/images/operator.tar" }])
    .withExposedPorts(PORT)
    .withWaitStrategy(Wait.forLogMessage(/k3s is up and running/))
    .withStartupTimeout(5 * 60_000);
}

async function kubectlFor(k3s: StartedTestContainer, kubeconfig: string): Promise<Kubectl> {
  const { output } = await k3s.exec(["cat", "/etc/rancher/k3s/k3s.yaml"]);
  const config = parse(output) as { clusters: { cluster: { server: string } }[] };
  for (const { cluster } of config.clusters) cluster.server = `https://${k3s.getHost()}:${k3s.getMappedPort(PORT)}`;
  await writeFile(kubeconfig, stringify(config), { mode: 0o600 });
  const { kubectl = "" } = await findTools(["kubectl"], console.info);
  return kubectlOf({ kubectl, kubeconfig }, ["--tls-server-name=kubernetes.default.svc"]);
}
