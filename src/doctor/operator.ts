import { isForbidden } from "../kube/api-error.ts";
import type { KubeClient } from "../kube/client.ts";
import type { LeaseObject } from "../kube/lease.ts";
import { LEASE, type KubeObject, type ResourceType } from "../kube/resource.ts";
import { findingsOf, textOf, type Finding } from "./finding.ts";

const { ok, problem, skipped, warning } = findingsOf("operator");

const NAME_LABEL = "app.kubernetes.io/name=kong-jenkins-operator";
const DEPLOYMENT: ResourceType = {
  group: "apps",
  version: "v1",
  plural: "deployments",
  kind: "Deployment",
  namespaced: true,
};

interface Deployment extends KubeObject {
  readonly spec?: {
    readonly replicas?: number;
    readonly template?: {
      readonly spec?: {
        readonly serviceAccountName?: string;
        readonly containers?: readonly { readonly image?: string }[];
      };
    };
  };
  readonly status?: { readonly readyReplicas?: number };
}

export interface OperatorLook {
  readonly findings: readonly Finding[];
  /** Where the operator is; undefined where it was not found. */
  readonly namespace: string | undefined;
  readonly serviceAccount: { readonly namespace: string; readonly name: string } | undefined;
}

/** Whether the operator runs, and which of its replicas leads. */
export async function lookAtOperator(
  client: KubeClient,
  options: { readonly namespace: string | undefined; readonly leaseName: string; readonly now: Date },
): Promise<OperatorLook> {
  const deployments = await deploymentsOf(client, options.namespace);
  const lease = await leaderOf(client, { ...options, namespace: options.namespace ?? deployments.namespace });
  return {
    findings: [...deployments.findings, ...lease.findings],
    namespace: options.namespace ?? deployments.namespace ?? lease.namespace,
    serviceAccount: deployments.serviceAccount,
  };
}

async function deploymentsOf(client: KubeClient, namespace: string | undefined): Promise<OperatorLook> {
  try {
    const { items } = await client.list<Deployment>(DEPLOYMENT, {
      labelSelector: NAME_LABEL,
      ...(namespace === undefined ? {} : { namespace }),
    });
    const [first] = items;
    if (!first) {
      const none = skipped(
        "Deployment",
        "there is none with the operator's label",
        "it may run elsewhere: the Lease says",
      );
      return { findings: [none], namespace: undefined, serviceAccount: undefined };
    }
    const at = first.metadata.namespace ?? "";
    const name = first.spec?.template?.spec?.serviceAccountName;
    return {
      findings: items.map(readiness),
      namespace: at,
      serviceAccount: name === undefined ? undefined : { namespace: at, name },
    };
  } catch (error) {
    const finding = isForbidden(error)
      ? skipped("Deployment", "deployments may not be listed", "name the operator's namespace: --operator-namespace")
      : problem("Deployment", textOf(error));
    return { findings: [finding], namespace: undefined, serviceAccount: undefined };
  }
}

function readiness({ metadata, spec, status }: Deployment): Finding {
  const { namespace = "", name } = metadata;
  const subject = `Deployment ${namespace}/${name}`;
  const wanted = spec?.replicas ?? 1;
  const ready = status?.readyReplicas ?? 0;
  const image = spec?.template?.spec?.containers?.[0]?.image ?? "";
  const message = `${ready} of ${wanted} replicas are ready, image ${image}`;
  if (ready >= wanted && wanted > 0) return ok(subject, message);
  const remedy =
    wanted === 0
      ? `kubectl scale -n ${namespace} deployment/${name} --replicas=1`
      : `kubectl describe -n ${namespace} deployment/${name}; kubectl logs -n ${namespace} deployment/${name}`;
  return ready > 0 ? warning(subject, message, remedy) : problem(subject, message, remedy);
}

async function leaderOf(
  client: KubeClient,
  {
    namespace,
    leaseName,
    now,
  }: { readonly namespace: string | undefined; readonly leaseName: string; readonly now: Date },
): Promise<{ findings: Finding[]; namespace: string | undefined }> {
  try {
    const { items } = await client.list<LeaseObject>(LEASE, {
      fieldSelector: `metadata.name=${leaseName}`,
      ...(namespace === undefined ? {} : { namespace }),
    });
    if (items.length === 0) {
      const remedy = `start the operator: helm install, manifests/install.yaml, or kjo run. Another name: --lease-name`;
      return {
        findings: [problem(`Lease ${leaseName}`, "does not exist: no operator has run here", remedy)],
        namespace: undefined,
      };
    }
    return { findings: items.map((lease) => leadership(lease, now)), namespace: items[0]?.metadata.namespace };
  } catch (error) {
    const finding = isForbidden(error)
      ? skipped(`Lease ${leaseName}`, "leases may not be listed", "name the operator's namespace: --operator-namespace")
      : problem(`Lease ${leaseName}`, textOf(error));
    return { findings: [finding], namespace: undefined };
  }
}

function leadership({ metadata, spec = {} }: LeaseObject, now: Date): Finding {
  const subject = `Lease ${metadata.namespace ?? ""}/${metadata.name}`;
  const { holderIdentity, renewTime, acquireTime, leaseDurationSeconds = 15, leaseTransitions = 0 } = spec;
  const remedy = `kubectl get pods -A -l ${NAME_LABEL}, and the log of each`;
  if (!holderIdentity)
    return problem(subject, "nobody leads: the last leader has let go, and none has followed", remedy);
  const sinceMs = renewTime === undefined ? Infinity : now.getTime() - Date.parse(renewTime);
  // Twice, because the clocks of two machines differ.
  if (sinceMs > 2 * leaseDurationSeconds * 1000)
    return problem(
      subject,
      `nobody leads: ${holderIdentity} has not been heard of since ${renewTime ?? "ever"}`,
      remedy,
    );
  return ok(subject, `${holderIdentity} leads since ${acquireTime ?? "?"}, leader number ${leaseTransitions + 1}`);
}
