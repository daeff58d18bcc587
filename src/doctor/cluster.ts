import type { KubeClient } from "../kube/client.ts";
import { NAMESPACE } from "../kube/resource.ts";
import { findingsOf, textOf, type Finding } from "./finding.ts";

const { ok, problem, warning } = findingsOf("cluster");

export interface ClusterLook {
  readonly findings: readonly Finding[];
  readonly isReachable: boolean;
  /** uid of kube-system; undefined where it may not be read. */
  readonly uid: string | undefined;
}

/** Whether the cluster answers, and what it is called in our tags. */
export async function lookAtCluster(client: KubeClient): Promise<ClusterLook> {
  const server = client.server.origin;
  const findings: Finding[] = [];
  try {
    findings.push(ok(server, `answers, Kubernetes ${await client.serverVersion()}`));
  } catch (error) {
    const remedy = "check the kubeconfig, its context and whether your login has expired: kubectl cluster-info";
    return { findings: [problem(server, textOf(error), remedy)], isReachable: false, uid: undefined };
  }
  try {
    const { metadata } = await client.get(NAMESPACE, { namespace: "", name: "kube-system" });
    return {
      findings: [...findings, ok("namespace kube-system", `uid ${metadata.uid}`)],
      isReachable: true,
      uid: metadata.uid,
    };
  } catch (error) {
    const remedy = "with the right to read it, entities of other clusters in your gateways can be told from your own";
    return {
      findings: [...findings, warning("namespace kube-system", textOf(error), remedy)],
      isReachable: true,
      uid: undefined,
    };
  }
}
