import { GATEWAY_KINDS, KINDS } from "../api/kinds.ts";
import { GROUP } from "../api/names.ts";
import { isForbidden } from "../kube/api-error.ts";
import type { KubeClient } from "../kube/client.ts";
import type { KubeObject, ResourceType } from "../kube/resource.ts";
import { findingsOf, listed, textOf, type Finding } from "./finding.ts";

const { ok, problem, skipped } = findingsOf("access");

/** One thing that the operator does in the cluster. */
export interface Need {
  readonly verb: string;
  readonly group: string;
  /** With its subresource: `kongroutes/status`. */
  readonly resource: string;
  /** `watched`: where its objects are; `operator`: its own namespace; `cluster`: no namespace. */
  readonly where: "watched" | "operator" | "cluster";
  readonly name?: string;
}

const KUBE_SYSTEM = "kube-system";

/** All that the operator does, as the chart's roles allow it. */
export function neededAccess(leaseName: string): readonly Need[] {
  const each = (
    group: string,
    resource: string,
    where: Need["where"],
    verbs: readonly string[],
    name?: string,
  ): Need[] => verbs.map((verb) => ({ verb, group, resource, where, ...(name === undefined ? {} : { name }) }));
  return [
    ...KINDS.flatMap(({ plural }) => each(GROUP, plural, "watched", ["list", "watch"])),
    ...GATEWAY_KINDS.flatMap(({ plural }) => each(GROUP, plural, "watched", ["patch"])),
    ...KINDS.flatMap(({ plural }) => each(GROUP, `${plural}/status`, "watched", ["patch"])),
    ...each("", "secrets", "watched", ["list", "watch"]),
    ...each("", "services", "watched", ["list", "watch"]),
    ...each("discovery.k8s.io", "endpointslices", "watched", ["list", "watch"]),
    ...each("events.k8s.io", "events", "watched", ["create", "patch"]),
    ...each("", "namespaces", "cluster", ["get"], KUBE_SYSTEM),
    ...each("", "namespaces", "cluster", ["list", "watch"]),
    ...each("coordination.k8s.io", "leases", "operator", ["create"]),
    ...each("coordination.k8s.io", "leases", "operator", ["get", "update"], leaseName),
  ];
}

const REVIEW: ResourceType = {
  group: "authorization.k8s.io",
  version: "v1",
  plural: "subjectaccessreviews",
  kind: "SubjectAccessReview",
  namespaced: false,
};
const SELF_REVIEW: ResourceType = { ...REVIEW, plural: "selfsubjectaccessreviews", kind: "SelfSubjectAccessReview" };

export interface AccessOptions {
  /** The operator's ServiceAccount; you yourself where absent. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string } | undefined;
  readonly operatorNamespace: string;
  readonly leaseName: string;
  /** Namespaces that are watched; all where empty. */
  readonly namespaces: readonly string[];
}

/** Asks the API server whether the operator may do what it does. */
export async function lookAtAccess(client: KubeClient, options: AccessOptions): Promise<Finding[]> {
  const { serviceAccount } = options;
  const subject = serviceAccount ? `ServiceAccount ${serviceAccount.namespace}/${serviceAccount.name}` : "you";
  const questions = neededAccess(options.leaseName).flatMap((need) =>
    namespacesOf(need, options).map((namespace) => ({ need, namespace })),
  );
  try {
    const answers = await Promise.all(questions.map((question) => isAllowed(client, question, options)));
    const denied = questions.filter((_question, index) => !answers[index]).map(describe);
    if (denied.length === 0) return [ok(subject, `may do all ${questions.length} things that the operator does`)];
    const remedy = serviceAccount
      ? "apply the roles of this version: manifests/install.yaml, or helm upgrade"
      : "only needed where the operator runs as you; check its own rights with --service-account NAMESPACE/NAME";
    return [problem(subject, `may not ${listed(denied, 8)}`, remedy)];
  } catch (error) {
    if (isForbidden(error)) {
      const remedy =
        "ask somebody who may create subjectaccessreviews, or leave out --service-account to check yourself";
      return [skipped(subject, "you may not ask what others may do", remedy)];
    }
    return [problem(subject, textOf(error))];
  }
}

interface Question {
  readonly need: Need;
  /** "" for everywhere. */
  readonly namespace: string;
}

function namespacesOf({ where, name }: Need, { operatorNamespace, namespaces }: AccessOptions): readonly string[] {
  if (where === "operator") return [operatorNamespace];
  // Labels of namespaces are read only by an operator that watches all of them.
  if (where === "cluster") return name === undefined && namespaces.length > 0 ? [] : [""];
  return namespaces.length > 0 ? namespaces : [""];
}

async function isAllowed(client: KubeClient, { need, namespace }: Question, options: AccessOptions): Promise<boolean> {
  const [resource = "", subresource] = need.resource.split("/");
  const { group, verb, name } = need;
  const resourceAttributes = {
    group,
    verb,
    resource,
    ...(subresource === undefined ? {} : { subresource }),
    ...(name === undefined ? {} : { name }),
    ...(namespace === "" ? {} : { namespace }),
  };
  const { serviceAccount } = options;
  const type = serviceAccount ? REVIEW : SELF_REVIEW;
  const user = serviceAccount
    ? {
        user: `system:serviceaccount:${serviceAccount.namespace}:${serviceAccount.name}`,
        groups: [
          "system:serviceaccounts",
          `system:serviceaccounts:${serviceAccount.namespace}`,
          "system:authenticated",
        ],
      }
    : {};
  const review = await client.create<KubeObject & { status?: { allowed?: boolean } }>(type, "", {
    apiVersion: "authorization.k8s.io/v1",
    kind: type.kind,
    spec: { ...user, resourceAttributes },
  });
  return review.status?.allowed === true;
}

function describe({ need: { verb, resource, name }, namespace }: Question): string {
  return [verb, resource, name, namespace === "" ? undefined : `in ${namespace}`].filter(Boolean).join(" ");
}
