import type { JenkinsServerSpec } from "../../api/v1alpha1/jenkins-server.ts";
import { RefNotFoundError } from "../../errors.ts";
import type { JenkinsIdentity, JenkinsSettings } from "../../jenkins/settings.ts";
import type { ObjectKey } from "../../model/object-key.ts";

type SecretData = Readonly<Record<string, string>>;

/** Names of the Secrets that a JenkinsServer's spec names. Takes a spec that has not been parsed. */
export function jenkinsSecrets(spec: unknown): string[] {
  const { credentialsSecretRef, tls } = (spec ?? {}) as Partial<JenkinsServerSpec>;
  return [credentialsSecretRef, tls?.caSecretRef, tls?.clientCertSecretRef].flatMap((ref) => ref?.name ?? []);
}

/**
 * The spec with its Secrets read.
 * @throws RefNotFoundError naming the field, the Secret and what it lacks.
 */
export function jenkinsSettings(
  key: ObjectKey,
  spec: JenkinsServerSpec,
  secretData: (name: string) => SecretData | undefined,
): JenkinsSettings {
  const dataOf = (field: string, name: string): SecretData => {
    const data = secretData(name);
    if (data) return data;
    throw new RefNotFoundError(
      "SecretNotFound",
      `spec.${field}: Secret ${key.namespace}/${name} does not exist or lacks the label that lets the operator read it: ` +
        `kubectl label secret -n ${key.namespace} ${name} kjo.dev/secret=true`,
    );
  };
  const read = (field: string, name: string, entry: string): string => {
    const value = dataOf(field, name)[entry]?.trim();
    if (value) return value;
    throw new RefNotFoundError(
      "SecretKeyMissing",
      `spec.${field}: Secret ${key.namespace}/${name} lacks the key "${entry}"; add it`,
    );
  };
  const { url, tls, timeoutMs } = spec;
  const { caSecretRef: ca, clientCertSecretRef: client, serverName } = tls ?? {};
  return {
    url: url.replace(/\/+$/, ""),
    identity: identityOf(spec, dataOf, read),
    timeoutMs,
    ...(tls
      ? {
          tls: {
            ...(ca ? { ca: read("tls.caSecretRef", ca.name, ca.key) } : {}),
            ...(client
              ? {
                  cert: read("tls.clientCertSecretRef", client.name, "tls.crt"),
                  key: read("tls.clientCertSecretRef", client.name, "tls.key"),
                }
              : {}),
            ...(serverName === undefined ? {} : { serverName }),
          },
        }
      : {}),
  };
}

function identityOf(
  { credentialsSecretRef: ref }: JenkinsServerSpec,
  dataOf: (field: string, name: string) => SecretData,
  read: (field: string, name: string, entry: string) => string,
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
