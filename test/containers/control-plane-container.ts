import { generateKeyPairSync, randomBytes } from "node:crypto";
import { copyFile, mkdir, mkdtemp, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { GenericContainer, Wait, type StartedNetwork, type StartedTestContainer } from "testcontainers";
import { writeKubeconfig } from "../controlplane/kubeconfig.ts";
import { findTools } from "../controlplane/tools.ts";
import { guardFolder } from "../dev/orphan-guard.ts";
import { kubectlOf, type Kubectl } from "../install/commands.ts";
import type { Engine } from "./engine.ts";
import { buildImage, removeImage } from "./images.ts";

/** The name that Pods reach the API server by; its own certificate holds it. */
export const API_SERVER_HOST = "kubernetes.default.svc";
export const API_SERVER_PORT = 6443;

const IMAGE = "localhost/kjo-test/control-plane:test";
const ETCD_PORT = 2379;
const START_LIMIT_MS = 60_000;
const KEYS = "/etc/kubernetes";

export interface ControlPlaneContainer {
  /** As its administrator, from outside the containers. */
  readonly kubectl: Kubectl;
  /** PEM of what signs the API server's certificate. */
  readonly ca: string;
  stop(): Promise<void>;
}

/**
 * etcd and an API server, in containers of an image that holds nothing but them.
 * @throws ControlPlaneUnavailableError where their programs can neither be found nor built
 */
export async function startControlPlaneContainer(
  engine: Engine,
  network: StartedNetwork,
): Promise<ControlPlaneContainer> {
  const folder = await mkdtemp(join(tmpdir(), "kjo-control-plane-image-"));
  guardFolder(folder);
  const {
    etcd,
    "kube-apiserver": server,
    kubectl,
  } = await findTools(["etcd", "kube-apiserver", "kubectl"], console.info);
  const programs = await buildControlPlaneImage(engine, folder, { etcd: etcd ?? "", server: server ?? "" });
  const token = randomBytes(24).toString("hex");
  const started: StartedTestContainer[] = [];
  const stop = async (): Promise<void> => {
    for (const container of started.toReversed()) await container.stop();
    await removeImage(engine, IMAGE);
  };
  try {
    started.push(await etcdContainer(programs.etcd, network).start());
    const apiServer = await apiServerContainer(programs.server, network, token).start();
    started.push(apiServer);
    const ca = await readFileOf(apiServer, `${KEYS}/pki/apiserver.crt`);
    const kubeconfig = join(folder, "kubeconfig.yaml");
    const url = `https://${apiServer.getHost()}:${apiServer.getMappedPort(API_SERVER_PORT)}`;
    await writeKubeconfig(kubeconfig, { url, ca, token });
    // The address from outside is the engine's; the certificate knows only the names that Pods use.
    return {
      kubectl: kubectlOf({ kubectl: kubectl ?? "", kubeconfig }, [`--tls-server-name=${API_SERVER_HOST}`]),
      ca,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** One file may be several programs, by the name that it is called with. */
async function buildControlPlaneImage(
  engine: Engine,
  folder: string,
  programs: { etcd: string; server: string },
): Promise<{ etcd: string[]; server: string[] }> {
  const context = join(folder, "image");
  await mkdir(context);
  const commandOf = async (tool: string, program: string): Promise<string[]> => {
    const file = await realpath(program);
    await copyFile(file, join(context, basename(file)));
    return basename(file) === tool ? [`/${tool}`] : [`/${basename(file)}`, tool];
  };
  const commands = {
    etcd: await commandOf("etcd", programs.etcd),
    server: await commandOf("kube-apiserver", programs.server),
  };
  await writeFile(join(context, "Dockerfile"), "FROM scratch\nCOPY . /\n");
  await buildImage(engine, { tag: IMAGE, context });
  return commands;
}

function etcdContainer(command: string[], network: StartedNetwork): GenericContainer {
  const address = `http://0.0.0.0:${ETCD_PORT}`;
  return new GenericContainer(IMAGE)
    .withNetwork(network)
    .withNetworkAliases("etcd")
    .withExposedPorts(ETCD_PORT)
    .withCommand([
      ...command,
      "--data-dir=/data",
      `--listen-client-urls=${address}`,
      `--advertise-client-urls=http://etcd:${ETCD_PORT}`,
      "--unsafe-no-fsync",
      "--log-level=warn",
    ])
    .withWaitStrategy(Wait.forHttp("/health", ETCD_PORT))
    .withStartupTimeout(START_LIMIT_MS);
}

function apiServerContainer(command: string[], network: StartedNetwork, token: string): GenericContainer {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = (name: string, content: string) => ({ content, target: `${KEYS}/${name}` });
  return new GenericContainer(IMAGE)
    .withNetwork(network)
    .withNetworkAliases(API_SERVER_HOST)
    .withExposedPorts(API_SERVER_PORT)
    .withCopyContentToContainer([
      key("service-accounts.key", privateKey.export({ type: "pkcs1", format: "pem" }).toString()),
      key("service-accounts.pub", publicKey.export({ type: "spki", format: "pem" }).toString()),
      key("tokens.csv", `${token},kjo-admin,kjo-admin,"system:masters"\n`),
    ])
    .withCommand([
      ...command,
      `--etcd-servers=http://etcd:${ETCD_PORT}`,
      `--secure-port=${API_SERVER_PORT}`,
      `--cert-dir=${KEYS}/pki`,
      "--authorization-mode=RBAC",
      `--token-auth-file=${KEYS}/tokens.csv`,
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${KEYS}/service-accounts.pub`,
      `--service-account-signing-key-file=${KEYS}/service-accounts.key`,
      "--service-cluster-ip-range=10.0.0.0/24",
      "--endpoint-reconciler-type=none",
    ])
    .withWaitStrategy(Wait.forHttp("/readyz", API_SERVER_PORT).usingTls().allowInsecure())
    .withStartupTimeout(START_LIMIT_MS);
}

/** The file's text; the archive that the engine answers holds one file behind a header of 512 bytes. */
async function readFileOf(container: StartedTestContainer, file: string): Promise<string> {
  const archive = await buffer(await container.copyArchiveFromContainer(file));
  const sizeBytes = Number.parseInt(archive.toString("ascii", 124, 136), 8);
  return archive.toString("utf8", 512, 512 + sizeBytes);
}
