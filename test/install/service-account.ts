import { writeFile } from "node:fs/promises";
import { stringify } from "yaml";
import type { Kubectl } from "./commands.ts";

interface KubeconfigView {
  readonly clusters: readonly { readonly name: string; readonly cluster: Record<string, unknown> }[];
}

/** Writes a kubeconfig that knows nothing but the ServiceAccount's own token, made as the kubelet makes it for a Pod. */
export async function writeServiceAccountKubeconfig(
  kubectl: Kubectl,
  account: { readonly name: string; readonly namespace: string },
  file: string,
): Promise<void> {
  const token = (await kubectl("create", "token", account.name, "--namespace", account.namespace)).trim();
  const { clusters } = await kubectl.json<KubeconfigView>("config", "view", "--raw", "--minify");
  const [cluster] = clusters;
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [cluster],
    users: [{ name: account.name, user: { token } }],
    contexts: [{ name: "operator", context: { cluster: cluster?.name, user: account.name } }],
    "current-context": "operator",
  };
  await writeFile(file, stringify(kubeconfig), { mode: 0o600 });
}

/** The name under which the API server knows it. */
export function usernameOf(account: { readonly name: string; readonly namespace: string }): string {
  return `system:serviceaccount:${account.namespace}:${account.name}`;
}
