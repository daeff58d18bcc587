import type { JenkinsServerSpec } from "../../api/v1alpha1/jenkins-server.ts";
import { RefNotFoundError } from "../../errors.ts";
import type { JenkinsIdentity, JenkinsSettings } from "../../jenkins/settings.ts";
import type { ObjectKey } from "../../model/object-key.ts";
import { secretEntries, tlsFrom, type ReadSecret, type SecretEntries } from "../secret-entries.ts";

/** Names of the Secrets that a JenkinsServer's spec names. Takes a spec that has not been parsed. */
export function jenkinsSecrets(spec: unknown): string[] {
  const { credentialsSecretRef, tls } = (spec ?? {}) as Partial<JenkinsServerSpec>;
  return [credentialsSecretRef, tls?.caSecretRef, tls?.clientCertSecretRef].flatMap((ref) => ref?.name ?? []);
}

/**
 * The spec with its Secrets read.
 * @throws RefNotFoundError naming the field, the Secret and what it lacks.
 */
export function jenkinsSettings(key: ObjectKey, spec: JenkinsServerSpec, secretData: ReadSecret): JenkinsSettings {
  const secrets = secretEntries(key.namespace, "spec", secretData);
  const { url, tls, timeoutMs } = spec;
  return {
    url: url.replace(/\/+$/, ""),
    identity: identityOf(spec, secrets),
    timeoutMs,
    ...tlsFrom(tls, secrets),
  };
}

function identityOf(
  { credentialsSecretRef: ref }: JenkinsServerSpec,
  { data: dataOf, value: read }: SecretEntries,
): JenkinsIdentity {
  if (!ref) return { kind: "anonymous" };
  const field = "credentialsSecretRef";
  const data = dataOf(field, ref.name);
  const user = read(field, ref.name, ref.userKey);
  if (data[ref.tokenKey]?.trim()) return { kind: "token", user, token: read(field, ref.name, ref.tokenKey) };
  if (data[ref.passwordKey]?.trim())
    return { kind: "password", user, password: read(field, ref.name, ref.passwordKey) };
  throw new RefNotFoundError(
    "SecretKeyMissing",
    `spec.${field}: Secret ${ref.name} lacks the key "${ref.tokenKey}" with an API token (or "${ref.passwordKey}"); add it`,
  );
}
