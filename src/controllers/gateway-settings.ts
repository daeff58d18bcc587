import type { KongGatewaySpec } from "../api/v1alpha1/kong-gateway.ts";
import { InvalidSpecError } from "../errors.ts";
import type { GatewaySettings } from "../kong/settings.ts";
import type { ObjectKey } from "../model/object-key.ts";
import { secretEntries, type ReadSecret } from "./secret-entries.ts";
import { certificatesIn, checkPair, type SecretText } from "../translate/pem.ts";

/** Header of Kong's RBAC token. Source: Kong Gateway, "Admin API authentication". */
const TOKEN_HEADER = "Kong-Admin-Token";

interface SecretUse {
  readonly field: string;
  readonly name: string;
}

/** The Secrets that a KongGateway's spec names. Takes a spec that has not been parsed: what is not there is not named. */
export function gatewaySecrets(spec: unknown): SecretUse[] {
  const adminApi = (spec as Partial<KongGatewaySpec>).adminApi;
  if (!adminApi) return [];
  const { tls, tokenSecretRef, headersFrom = [] } = adminApi;
  const named: [string, { readonly name: string } | undefined][] = [
    ["spec.adminApi.tls.caSecretRef", tls?.caSecretRef],
    ["spec.adminApi.tls.clientCertSecretRef", tls?.clientCertSecretRef],
    ["spec.adminApi.tokenSecretRef", tokenSecretRef],
    ...headersFrom.map(({ secretRef }, index): [string, { name: string }] => [
      `spec.adminApi.headersFrom[${index}].secretRef`,
      secretRef,
    ]),
  ];
  return named.flatMap(([field, ref]) => (ref ? [{ field, name: ref.name }] : []));
}

/** Host and port of each of a Service's Pods, those that are ready first. @throws RefNotFoundError */
export type PodsOf = (namespace: string, name: string, port: string | number) => readonly string[];

/**
 * The spec with its Secrets read: all that a connection needs.
 * @throws RefNotFoundError naming the field, the Secret and what it lacks.
 */
export function gatewaySettings(
  key: ObjectKey,
  spec: KongGatewaySpec,
  secretData: ReadSecret,
  podsOf: PodsOf = () => [],
): GatewaySettings {
  const { value: read } = secretEntries(key.namespace, "spec.adminApi", secretData);
  const readPem = (field: string, name: string, entry: string): SecretText => ({
    where: `spec.adminApi.${field}: Secret ${key.namespace}/${name}, key "${entry}"`,
    text: read(field, name, entry),
  });
  const readHeader = (field: string, name: string, entry: string): string => {
    const value = read(field, name, entry);
    if (HEADER_VALUE.test(value)) return value;
    throw new InvalidSpecError(
      "InvalidSecret",
      `spec.adminApi.${field}: Secret ${key.namespace}/${name}, key "${entry}": holds characters that no header can carry, such as a line break`,
    );
  };
  const { serviceRef, tokenSecretRef, headersFrom = [], workspace, timeoutMs, concurrency } = spec.adminApi;
  const tls = tlsOf(key, spec);
  const headers: Record<string, string> = {};
  if (tokenSecretRef) headers[TOKEN_HEADER] = readHeader("tokenSecretRef", tokenSecretRef.name, tokenSecretRef.key);
  headersFrom.forEach(({ name, secretRef }, index) => {
    headers[name] = readHeader(`headersFrom[${index}].secretRef`, secretRef.name, secretRef.key);
  });
  return {
    url: adminUrl(key, spec),
    ...(serviceRef
      ? {
          pods: podsOf(serviceRef.namespace ?? key.namespace, serviceRef.name, serviceRef.port).map(
            (address) => `${serviceRef.scheme}://${address}`,
          ),
        }
      : {}),
    headers,
    ...(tls
      ? {
          tls: {
            ...(tls.caSecretRef ? caOf(readPem("tls.caSecretRef", tls.caSecretRef.name, tls.caSecretRef.key)) : {}),
            ...(tls.clientCertSecretRef
              ? pairOf(
                  readPem("tls.clientCertSecretRef", tls.clientCertSecretRef.name, "tls.crt"),
                  readPem("tls.clientCertSecretRef", tls.clientCertSecretRef.name, "tls.key"),
                )
              : {}),
            ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
          },
        }
      : {}),
    workspace: workspace ?? "",
    timeoutMs,
    concurrency,
    instance: instanceOf(key, spec),
    ...(spec.takeOver === undefined ? {} : { takeOver: spec.takeOver }),
    driftIntervalMs: spec.drift.intervalSeconds * 1000,
    driftPolicy: spec.drift.policy,
    replaceForeign: spec.dbless.replaceForeign,
  };
}

/** What can stand in a header. Source: RFC 9110, section 5.5. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** @throws InvalidSpecError `InvalidSecret` where the value holds no certificates. */
function caOf(ca: SecretText): { ca: string } {
  certificatesIn(ca);
  return { ca: ca.text };
}

/** @throws InvalidSpecError `InvalidSecret` where the two do not belong together. */
function pairOf(cert: SecretText, key: SecretText): { cert: string; key: string } {
  checkPair(cert, key);
  return { cert: cert.text, key: key.text };
}

/** What names the gateway: its URL, or one made of its Service, whatever Pods that has. */
export function adminUrl(key: Pick<ObjectKey, "namespace">, { adminApi }: Pick<KongGatewaySpec, "adminApi">): string {
  const { url = "", serviceRef } = adminApi;
  if (!serviceRef) return url;
  const { name, namespace = key.namespace, port, scheme } = serviceRef;
  const host = `${name}.${namespace}.svc`;
  return typeof port === "number" ? `${scheme}://${host}:${port}` : `${scheme}://_${port}._tcp.${host}`;
}

/** Pods are reached by their addresses, which stand in no certificate: the Service's name does. */
function tlsOf(key: ObjectKey, { adminApi }: KongGatewaySpec): KongGatewaySpec["adminApi"]["tls"] {
  const { tls, serviceRef } = adminApi;
  if (serviceRef?.scheme !== "https") return tls;
  return { serverName: `${serviceRef.name}.${serviceRef.namespace ?? key.namespace}.svc`, ...tls };
}

/** What our tags call the gateway. */
export function instanceOf(key: ObjectKey, spec: Pick<KongGatewaySpec, "instance">): string {
  return spec.instance ?? `${key.namespace}.${key.name}`;
}
