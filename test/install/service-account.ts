import { writeKubeconfig } from "../controlplane/kubeconfig.ts";
import type { Kubectl } from "./commands.ts";

interface KubeconfigView {
  readonly clusters: readonly [
    { readonly cluster: { readonly server: string; readonly "certificate-authority-data": string } },
  ];
}

/** Writes a kubeconfig that knows nothing but the ServiceAccount's own token, made as the kubelet makes it for a Pod. */
export async function writeServiceAccountKubeconfig(
  kubectl: Kubectl,
  account: { readonly name: string; readonly namespace: string },
  file: string,
): Promise<void> {
  const token = (await kubectl("create", "token", account.name, "--namespace", account.namespace)).trim();
  const { clusters } = await kubectl.json<KubeconfigView>("config", "view", "--raw", "--minify");
  const { server: url, "certificate-authority-data": authority } = clusters[0].cluster;
  await writeKubeconfig(file, { url, ca: Buffer.from(authority, "base64").toString(), token });
}

/** The name under which the API server knows it. */
export function usernameOf(account: { readonly name: string; readonly namespace: string }): string {
  return `system:serviceaccount:${account.namespace}:${account.name}`;
}
