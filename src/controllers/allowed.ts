import type { AllowedNamespaces } from "../api/v1alpha1/allowed-namespaces.ts";
import { NotReadyError, RefNotPermittedError } from "../errors.ts";
import type { ObjectKey } from "../model/object-key.ts";
import { matchesSelector } from "../tenancy/label-selector.ts";

export interface NamespaceLabels {
  /** Labels of a namespace; undefined where they are not known. */
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>> | undefined;
  /** False where the operator may read only some namespaces: labels are never known then. */
  readonly readsNamespaces: boolean;
}

/**
 * Lets pass objects of `namespace` where `owner` admits them by its `spec.allowedNamespaces`.
 * @throws RefNotPermittedError, with what its owner can do; NotReadyError where the namespace's labels are not known yet.
 */
export function checkNamespaceAllowed(
  namespace: string,
  owner: ObjectKey,
  allowed: Partial<AllowedNamespaces> | undefined,
  { namespaceLabels, readsNamespaces }: NamespaceLabels,
): void {
  const where = `${owner.kind} ${owner.namespace}/${owner.name}`;
  if (namespace === owner.namespace) return;
  const { from = "Same", selector } = allowed ?? {};
  if (from === "All") return;
  const refuse = (why: string): never => {
    throw new RefNotPermittedError("NamespaceNotAllowed", `${where} ${why}`);
  };
  if (from === "Same")
    refuse("takes objects of its own namespace only; its owner can widen spec.allowedNamespaces.from");
  const labels = namespaceLabels(namespace);
  if (!labels && readsNamespaces) {
    // Its objects are known sooner than the namespace itself; that comes as an event of its own.
    throw new NotReadyError("NamespaceUnknown", `the labels of the namespace ${namespace} are not known yet`);
  }
  if (!labels)
    return refuse(
      "selects namespaces by label, which an operator limited to some namespaces cannot read; use from: All",
    );
  if (!matchesSelector(labels, selector ?? {}))
    refuse(`does not select the namespace ${namespace}; see its spec.allowedNamespaces.selector`);
}
