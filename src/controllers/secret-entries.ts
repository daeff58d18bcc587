import { RefNotFoundError } from "../errors.ts";
import type { TlsSettings } from "../http/transport.ts";

export type SecretData = Readonly<Record<string, string>>;

/** Decoded data of a labelled Secret of one namespace; undefined where there is none. */
export type ReadSecret = (name: string) => SecretData | undefined;

/** Reads what fields of a spec name in Secrets. Both @throw RefNotFoundError naming the field, the Secret and the remedy. */
export interface SecretEntries {
  data(field: string, name: string): SecretData;
  /** One value, without the blanks around it. */
  value(field: string, name: string, entry: string): string;
}

/** @param prefix of every field in messages: `spec.adminApi`. */
export function secretEntries(namespace: string, prefix: string, secretData: ReadSecret): SecretEntries {
  const data = (field: string, name: string): SecretData => {
    const found = secretData(name);
    if (found) return found;
    throw new RefNotFoundError(
      "SecretNotFound",
      `${prefix}.${field}: Secret ${namespace}/${name} does not exist or lacks the label that lets the operator read it: ` +
        `kubectl label secret -n ${namespace} ${name} kjo.dev/secret=true`,
    );
  };
  const value = (field: string, name: string, entry: string): string => {
    const found = data(field, name)[entry]?.trim();
    if (found) return found;
    throw new RefNotFoundError(
      "SecretKeyMissing",
      `${prefix}.${field}: Secret ${namespace}/${name} lacks the key "${entry}"; add it`,
    );
  };
  return { data, value };
}

/** A spec's `tls` with its Secrets read; nothing where it has none. @throws RefNotFoundError */
export function tlsFrom(
  tls:
    | {
        readonly caSecretRef?: { readonly name: string; readonly key: string } | undefined;
        readonly clientCertSecretRef?: { readonly name: string } | undefined;
        readonly serverName?: string | undefined;
      }
    | undefined,
  { value }: SecretEntries,
): { readonly tls?: TlsSettings } {
  if (!tls) return {};
  const { caSecretRef: ca, clientCertSecretRef: client, serverName } = tls;
  return {
    tls: {
      ...(ca ? { ca: value("tls.caSecretRef", ca.name, ca.key) } : {}),
      ...(client
        ? {
            cert: value("tls.clientCertSecretRef", client.name, "tls.crt"),
            key: value("tls.clientCertSecretRef", client.name, "tls.key"),
          }
        : {}),
      ...(serverName === undefined ? {} : { serverName }),
    },
  };
}
