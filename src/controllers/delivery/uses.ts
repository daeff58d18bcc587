import type { JenkinsBuildSpec } from "../../api/v1alpha1/jenkins-build.ts";
import { formatKey, type ObjectKey } from "../../model/object-key.ts";
import { jenkinsSecrets } from "./jenkins-settings.ts";

/** Kinds that concern Jenkins and not a gateway. */
export const DELIVERY_KINDS = ["JenkinsServer", "JenkinsBuild"] as const;

export function isDeliveryKind(kind: string): boolean {
  return (DELIVERY_KINDS as readonly string[]).includes(kind);
}

/** The JenkinsServer that a spec names, parsed or not; undefined where it names none. */
export function serverOf(namespace: string, spec: Readonly<Record<string, unknown>>): ObjectKey | undefined {
  const ref = spec["jenkinsRef"] as Partial<JenkinsBuildSpec["jenkinsRef"]> | undefined;
  if (ref?.name === undefined) return undefined;
  return { kind: "JenkinsServer", namespace: ref.namespace ?? namespace, name: ref.name };
}

/** Keys of all that an object of a delivery kind uses, as text. */
export function deliveryUses(kind: string, namespace: string, spec: Readonly<Record<string, unknown>>): string[] {
  const secret = (name: string): string => formatKey({ kind: "Secret", namespace, name });
  if (kind === "JenkinsServer") return jenkinsSecrets(spec).map(secret);
  const server = serverOf(namespace, spec);
  const token = spec["tokenSecretRef"] as { readonly name?: string } | undefined;
  return [...(server ? [formatKey(server)] : []), ...(token?.name === undefined ? [] : [secret(token.name)])];
}
