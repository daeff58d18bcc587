import type { KongRouteSpec } from "../api/v1alpha1/kong-route.ts";
import { SAFE_METHODS } from "../api/v1alpha1/kong-route-verify.ts";
import { InvalidSpecError, RefNotFoundError } from "../errors.ts";
import type { Verification } from "../model/verification.ts";
import type { SecretReference, TranslationContext } from "./translation.ts";

/** Before a value of a route's header: it is a regular expression. */
const REGEX = "~*";

/** The Secrets that a route's verification takes header values from. */
export function verificationSecrets({ verify }: KongRouteSpec): SecretReference[] {
  return (verify?.headersFrom ?? []).map(({ secretRef }, index) => ({
    field: `spec.verify.headersFrom[${index}].secretRef`,
    name: secretRef.name,
  }));
}

/**
 * The request that verifies a route: what the spec leaves open is taken from what the route matches.
 * @returns undefined for a route without `verify`.
 * @throws InvalidSpecError where the route matches by a header of which no value can be made up.
 * @throws RefNotFoundError where a Secret lacks its key.
 */
export function verificationOf(spec: KongRouteSpec, context: TranslationContext): Verification | undefined {
  const { verify, hosts = [], paths = [], methods, snis = [], protocols = ["http", "https"] } = spec;
  if (!verify) return undefined;
  const host = verify.host ?? hosts.find((name) => !name.includes("*"));
  const serverName = snis.find((name) => !name.includes("*"));
  return {
    method: verify.method ?? SAFE_METHODS.find((safe) => !methods || methods.includes(safe)) ?? "GET",
    path: verify.path ?? paths.find((path) => path.startsWith("/")) ?? "/",
    ...(host === undefined ? {} : { host }),
    ...(serverName === undefined ? {} : { serverName }),
    headers: headersOf(spec, verify, context),
    schemes: (["http", "https"] as const).filter((scheme) => protocols.includes(scheme)),
    ...(verify.expectStatus ? { expectStatus: verify.expectStatus } : {}),
    required: verify.required,
    intervalMs: verify.intervalSeconds * 1000,
    timeoutMs: verify.timeoutSeconds * 1000,
    deadlineMs: verify.deadlineSeconds * 1000,
  };
}

function headersOf(
  spec: KongRouteSpec,
  { headers = [], headersFrom = [] }: NonNullable<KongRouteSpec["verify"]>,
  context: TranslationContext,
): Record<string, string> {
  const given = new Map(headers.map(({ name, value }) => [name.toLowerCase(), value]));
  headersFrom.forEach(({ name, secretRef }, index) => {
    const value = context.secret(secretRef.name)[secretRef.key]?.trim();
    const field = `spec.verify.headersFrom[${index}].secretRef`;
    const where = `${field}: Secret ${context.owner.namespace}/${secretRef.name}`;
    if (!value) throw new RefNotFoundError("SecretKeyMissing", `${where} lacks the key "${secretRef.key}"; add it`);
    // A line break would begin another header, and other characters cannot be sent.
    if (!/^[\x20-\x7e]+$/.test(value))
      throw new InvalidSpecError(
        "InvalidSecret",
        `${where}: "${secretRef.key}" is no header value: it must be printable ASCII`,
      );
    given.set(name.toLowerCase(), value);
  });
  for (const [name, values] of Object.entries(spec.headers ?? {})) {
    if (given.has(name.toLowerCase())) continue;
    const value = values.find((candidate) => !candidate.startsWith(REGEX));
    if (value === undefined) {
      throw new InvalidSpecError(
        "InvalidSpec",
        `spec.verify.headers: the route wants the header ${name} by a regular expression, of which no value can be made; set one`,
      );
    }
    given.set(name.toLowerCase(), value);
  }
  return Object.fromEntries(given);
}
