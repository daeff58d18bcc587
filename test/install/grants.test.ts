import assert from "node:assert/strict";
import { compareAccess, grantsOf, type Use } from "./grants.ts";
import { parseManifests } from "./manifests.ts";

const manifests = parseManifests(`
kind: ClusterRole
metadata: { name: reader }
rules:
  - { apiGroups: [""], resources: [namespaces], verbs: [get, list], resourceNames: [kube-system] }
---
kind: ClusterRoleBinding
metadata: { name: reader }
roleRef: { kind: ClusterRole, name: reader }
subjects: [{ kind: ServiceAccount, name: kjo, namespace: system }]
---
kind: Role
metadata: { name: writer, namespace: a }
rules:
  - { apiGroups: [kjo.dev], resources: [kongroutes, kongroutes/status], verbs: [patch] }
---
kind: RoleBinding
metadata: { name: writer, namespace: a }
roleRef: { kind: Role, name: writer }
subjects: [{ kind: ServiceAccount, name: kjo, namespace: system }]
---
kind: RoleBinding
metadata: { name: others, namespace: a }
roleRef: { kind: Role, name: not-here }
subjects: [{ kind: ServiceAccount, name: someone-else, namespace: system }]
`);
const grants = grantsOf(manifests, { name: "kjo", namespace: "system" });

const use = (verb: string, resource: string, over: Partial<Use> = {}): Use => ({
  verb,
  resource,
  group: "kjo.dev",
  namespace: "a",
  name: "x",
  isAllowed: true,
  ...over,
});
const everything: Use[] = [
  use("get", "namespaces", { group: "", namespace: "kube-system", name: "kube-system" }),
  use("list", "namespaces", { group: "", namespace: "", name: "kube-system" }),
  use("patch", "kongroutes"),
  use("patch", "kongroutes/status"),
];

describe("install/grants", () => {
  it("finds nothing to say where every grant is used and every use granted", () => {
    assert.deepEqual(compareAccess(grants, everything), { denied: [], byOthers: [], unused: [] });
  });

  it("names a verb that is granted and not used", () => {
    const { unused } = compareAccess(grants, everything.slice(0, 3));
    assert.deepEqual(unused, ["writer: patch kongroutes/status.kjo.dev"]);
  });

  it("names what was refused", () => {
    const refused = use("delete", "kongroutes", { isAllowed: false });
    assert.deepEqual(compareAccess(grants, [...everything, refused]).denied, ["delete kongroutes.kjo.dev a/x"]);
  });

  it("names a use that another namespace's role, another name or somebody else's role allowed", () => {
    const others = [
      use("patch", "kongroutes", { namespace: "b" }),
      use("get", "namespaces", { group: "", namespace: "default", name: "default" }),
      use("create", "selfsubjectaccessreviews", { group: "authorization.k8s.io", namespace: "", name: "" }),
    ];
    assert.deepEqual(compareAccess(grants, [...everything, ...others]).byOthers, [
      "create selfsubjectaccessreviews.authorization.k8s.io",
      "get namespaces.core default/default",
      "patch kongroutes.kjo.dev b/x",
    ]);
  });
});
