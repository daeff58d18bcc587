import type { ConsulBackend } from "../api/v1alpha1/consul-backend.ts";
import type { SecretReference } from "./translation.ts";

/** The Secrets that a backend's token and certificates come from. */
export function consulSecrets(field: string, { secretRef, tls }: ConsulBackend): SecretReference[] {
  const named: [string, { readonly name: string } | undefined][] = [
    [`${field}.secretRef`, secretRef],
    [`${field}.tls.caSecretRef`, tls?.caSecretRef],
    [`${field}.tls.clientCertSecretRef`, tls?.clientCertSecretRef],
  ];
  return named.flatMap(([path, ref]) => (ref ? [{ field: path, name: ref.name }] : []));
}
