import { parseAllDocuments } from "yaml";

/** A Kubernetes object as a manifest writes it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly [field: string]: unknown;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: string[];
  readonly env?: { name: string; value?: string; valueFrom?: { fieldRef?: { fieldPath: string } } }[];
  readonly [field: string]: unknown;
}

/** The objects of a file of several documents. */
export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((object) => object !== null);
}

/** @throws Error unless exactly one object is of the kind (and has the name, where one is given). */
export function only(manifests: readonly Manifest[], kind: string, name?: string): Manifest {
  const found = manifests.filter(
    (object) => object.kind === kind && (name === undefined || object.metadata.name === name),
  );
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} objects of kind ${kind} ${name ?? ""}`);
  return found[0];
}

export function podSpecOf(
  deployment: Manifest,
): { serviceAccountName: string; containers: Container[] } & Record<string, unknown> {
  const { template } = deployment["spec"] as { template: { spec: ReturnType<typeof podSpecOf> } };
  return template.spec;
}

/** What the kubelet would give the operator's container: its arguments, and its environment with the Pod's own facts. */
export function commandLineOf(
  deployment: Manifest,
  pod: { readonly name: string; readonly namespace: string },
): { args: string[]; env: Record<string, string> } {
  const [container] = podSpecOf(deployment).containers;
  const facts: Record<string, string> = { "metadata.name": pod.name, "metadata.namespace": pod.namespace };
  const env: Record<string, string> = {};
  for (const { name, value, valueFrom } of container?.env ?? []) {
    const resolved = value ?? facts[valueFrom?.fieldRef?.fieldPath ?? ""];
    if (resolved === undefined)
      throw new Error(`environment variable ${name}: this test does not know where its value comes from`);
    env[name] = resolved;
  }
  return { args: container?.args ?? [], env };
}
