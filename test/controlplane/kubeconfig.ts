import fs from "node:fs/promises";
import { parse, stringify } from "yaml";

export interface ClusterAccess {
  /** e.g. "https://127.0.0.1:39555" */
  readonly url: string;
  /** PEM of what signs the server's certificate. */
  readonly ca: string;
  /** A bearer token: the administrator's or a ServiceAccount's. */
  readonly token: string;
}

/** Writes a kubeconfig that holds all it needs, readable by its owner only. */
export async function writeKubeconfig(file: string, access: ClusterAccess): Promise<void> {
  const name = "kjo-test";
  const cluster = {
    server: access.url,
    "certificate-authority-data": Buffer.from(access.ca).toString("base64"),
  };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster }],
    users: [{ name, user: { token: access.token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  };
  await fs.writeFile(file, stringify(config), { mode: 0o600 });
}

/**
 * The server address of a kubeconfig's current context.
 *
 * @throws Error when the file names none
 */
export async function readServerUrl(file: string): Promise<string> {
  const config = parse(await fs.readFile(file, "utf8"));
  const context = config?.contexts?.find((entry: { name: string }) => entry.name === config["current-context"]);
  const cluster = config?.clusters?.find((entry: { name: string }) => entry.name === context?.context?.cluster);
  const url: unknown = cluster?.cluster?.server;
  if (typeof url !== "string") throw new Error(`${file} names no server in its current context`);
  return url;
}
