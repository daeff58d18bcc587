import type { Manifest } from "./manifests.ts";

/** One verb on one resource that a role allows. */
export interface Grant {
  /** Name of the role: Roles of one name in several namespaces are one. */
  readonly role: string;
  /** Where it holds; "" everywhere. */
  readonly namespace: string;
  readonly verb: string;
  readonly group: string;
  /** With its subresource: `kongroutes/status`. */
  readonly resource: string;
  /** Empty: every name. */
  readonly names: readonly string[];
}

/** One request that the API server has judged. */
export interface Use {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly isAllowed: boolean;
}

export interface AccessReport {
  /** Refused by the API server. */
  readonly denied: string[];
  /** Allowed, but by none of the operator's own roles. */
  readonly byOthers: string[];
  /** Granted, and never used. */
  readonly unused: string[];
}

interface Rule {
  readonly apiGroups?: string[];
  readonly resources?: string[];
  readonly resourceNames?: string[];
  readonly verbs: string[];
}
interface Binding {
  readonly roleRef: { kind: string; name: string };
  readonly subjects?: { kind: string; name: string; namespace?: string }[];
}

/** Everything that the roles among the manifests grant to the ServiceAccount. */
export function grantsOf(manifests: readonly Manifest[], serviceAccount: { name: string; namespace: string }): Grant[] {
  const isBound = ({ subjects = [] }: Binding): boolean =>
    subjects.some(
      ({ kind, name, namespace }) =>
        kind === "ServiceAccount" && name === serviceAccount.name && namespace === serviceAccount.namespace,
    );
  return manifests
    .filter(({ kind }) => kind === "RoleBinding" || kind === "ClusterRoleBinding")
    .filter((binding) => isBound(binding as unknown as Binding))
    .flatMap((binding) => {
      const { kind, name } = (binding as unknown as Binding).roleRef;
      const namespace = binding.metadata.namespace ?? "";
      const role = manifests.find(
        (object) =>
          object.kind === kind &&
          object.metadata.name === name &&
          (kind === "ClusterRole" || object.metadata.namespace === namespace),
      );
      if (!role)
        throw new Error(
          `${binding.kind} ${binding.metadata.name} names ${kind} ${name}, which is not among the manifests`,
        );
      return (role["rules"] as Rule[]).flatMap((rule) => grantsOfRule(name, namespace, rule));
    });
}

function grantsOfRule(role: string, namespace: string, rule: Rule): Grant[] {
  const { apiGroups = [], resources = [], resourceNames: names = [], verbs } = rule;
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) => verbs.map((verb) => ({ role, namespace, verb, group, resource, names }))),
  );
}

/** Compares both ways what was granted and what was used. */
export function compareAccess(grants: readonly Grant[], uses: readonly Use[]): AccessReport {
  const allowed = uses.filter(({ isAllowed }) => isAllowed);
  const describeUnused = ({ role, verb, group, resource }: Grant): string =>
    `${role}: ${verb} ${resource}.${group || "core"}`;
  const used = new Set(grants.filter((grant) => allowed.some((use) => covers(grant, use))).map(describeUnused));
  return {
    denied: distinct(uses.filter(({ isAllowed }) => !isAllowed).map(describeUse)),
    byOthers: distinct(allowed.filter((use) => !grants.some((grant) => covers(grant, use))).map(describeUse)),
    unused: distinct(grants.map(describeUnused)).filter((grant) => !used.has(grant)),
  };
}

function covers(grant: Grant, use: Use): boolean {
  return (
    grant.verb === use.verb &&
    grant.group === use.group &&
    grant.resource === use.resource &&
    (grant.namespace === "" || grant.namespace === use.namespace) &&
    (grant.names.length === 0 || grant.names.includes(use.name))
  );
}

function describeUse({ verb, resource, group, namespace, name }: Use): string {
  return `${verb} ${resource}.${group || "core"} ${[namespace, name].filter(Boolean).join("/")}`.trimEnd();
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}
