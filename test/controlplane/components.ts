import { generateKeyPairSync, randomBytes, type KeyObject } from "node:crypto";
import fs from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Tool } from "./tools.ts";

/** What a control plane on this machine is made of; all paths are in its own temporary folder. */
export interface Layout {
  readonly folder: string;
  readonly token: string;
  readonly ports: Readonly<Record<PortName, number>>;
  readonly auditLogPath: string | undefined;
}

type PortName = "etcd" | "etcdPeer" | "kube-apiserver" | "kube-controller-manager" | "kube-scheduler" | "kwok";

const PORT_NAMES: readonly PortName[] = [
  "etcd",
  "etcdPeer",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kwok",
];
const STAGES = path.join(path.dirname(fileURLToPath(import.meta.url)), "stages.yaml");
/** Every request once, when it is answered, without bodies: enough to see who used which verb on what. */
const AUDIT_POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules: [{ level: Metadata }]
`;

/** Chooses ports and writes the files that the components read. */
export async function layOut(folder: string, options: { readonly auditLog: boolean }): Promise<Layout> {
  const layout: Layout = {
    folder,
    token: randomBytes(24).toString("hex"),
    ports: await choosePorts(),
    auditLogPath: options.auditLog ? path.join(folder, "audit.log") : undefined,
  };
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await Promise.all([
    fs.writeFile(filesOf(folder).signingKey, toPem(privateKey), { mode: 0o600 }),
    fs.writeFile(filesOf(folder).verifyingKey, toPem(publicKey)),
    fs.writeFile(filesOf(folder).tokens, `${layout.token},kjo-admin,kjo-admin,"system:masters"\n`, { mode: 0o600 }),
    fs.writeFile(filesOf(folder).auditPolicy, AUDIT_POLICY),
  ]);
  return layout;
}

/** Where the parts of a control plane read and write. */
export function filesOf(folder: string) {
  const inFolder = (name: string) => path.join(folder, name);
  return {
    kubeconfig: inFolder("kubeconfig.yaml"),
    /** Self-signed, written by the API server; also what clients trust. */
    serverCertificate: inFolder("pki/apiserver.crt"),
    signingKey: inFolder("service-accounts.key"),
    verifyingKey: inFolder("service-accounts.pub"),
    tokens: inFolder("tokens.csv"),
    auditPolicy: inFolder("audit-policy.yaml"),
  };
}

/** The command line of a part. */
export function argumentsOf(tool: Exclude<Tool, "kubectl">, layout: Layout): string[] {
  const { folder, ports } = layout;
  const files = filesOf(folder);
  switch (tool) {
    case "etcd": {
      const client = `http://127.0.0.1:${ports.etcd}`;
      const peer = `http://127.0.0.1:${ports.etcdPeer}`;
      return [
        `--data-dir=${path.join(folder, "etcd")}`,
        `--listen-client-urls=${client}`,
        `--advertise-client-urls=${client}`,
        `--listen-peer-urls=${peer}`,
        `--initial-advertise-peer-urls=${peer}`,
        `--initial-cluster=default=${peer}`,
        "--unsafe-no-fsync", // the data lives as long as the tests
        "--log-level=warn",
      ];
    }
    case "kube-apiserver":
      return [
        `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
        `--cert-dir=${path.dirname(files.serverCertificate)}`,
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        `--secure-port=${ports["kube-apiserver"]}`,
        "--authorization-mode=RBAC",
        `--token-auth-file=${files.tokens}`,
        "--service-account-issuer=https://kubernetes.default.svc",
        `--service-account-key-file=${files.verifyingKey}`,
        `--service-account-signing-key-file=${files.signingKey}`,
        "--service-cluster-ip-range=10.0.0.0/24",
        "--allow-privileged=true",
        "--endpoint-reconciler-type=none", // a Service endpoint may not be 127.0.0.1
        ...(layout.auditLogPath
          ? [`--audit-policy-file=${files.auditPolicy}`, `--audit-log-path=${layout.auditLogPath}`]
          : []),
      ];
    case "kube-controller-manager":
      return [
        ...controllerArguments(tool, layout),
        `--service-account-private-key-file=${files.signingKey}`,
        `--root-ca-file=${files.serverCertificate}`,
        "--use-service-account-credentials=true",
      ];
    case "kube-scheduler":
      return controllerArguments(tool, layout);
    case "kwok":
      return [
        `--kubeconfig=${files.kubeconfig}`,
        `--config=${STAGES}`,
        "--manage-all-nodes=true",
        "--cidr=10.1.0.0/16",
        "--node-ip=127.0.0.1",
        "--node-lease-duration-seconds=40",
        `--server-address=127.0.0.1:${ports.kwok}`,
      ];
  }
}

function controllerArguments(tool: "kube-controller-manager" | "kube-scheduler", layout: Layout): string[] {
  const { kubeconfig } = filesOf(layout.folder);
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${layout.ports[tool]}`,
    `--cert-dir=${path.join(layout.folder, tool)}`,
    "--leader-elect=false",
  ];
}

/** Free at this moment; who takes one in between makes the start fail with "address already in use". */
async function choosePorts(): Promise<Record<PortName, number>> {
  const servers = await Promise.all(PORT_NAMES.map(listenAnywhere));
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return Object.fromEntries(PORT_NAMES.map((name, index) => [name, ports[index]])) as Record<PortName, number>;
}

function listenAnywhere(): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}

function toPem(key: KeyObject): string {
  return key.export({ type: key.type === "private" ? "pkcs8" : "spki", format: "pem" }).toString();
}
