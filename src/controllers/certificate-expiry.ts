import { KongCACertificate } from "../api/v1alpha1/kong-ca-certificate.ts";
import { KongCertificate } from "../api/v1alpha1/kong-certificate.ts";
import { InvalidSpecError } from "../errors.ts";
import { certificateInfo } from "../model/certificate.ts";
import type { KongEntity } from "../model/kong-entity.ts";
import type { ConditionDraft } from "../report/conditions.ts";
import { expiryOf, type DatedCertificate } from "../report/expiry.ts";
import type { Caches, KongObject } from "./caches.ts";
import type { ControllerContext } from "./context.ts";

/** A timer for longer is none that Node takes, and a look a day costs nothing. */
const LONGEST_LOOK_MS = 86_400_000;

export interface ExpiryCheck {
  /** What is said of certificates that end soon; empty for all others and for other kinds. */
  readonly conditions: readonly ConditionDraft[];
  /** When to look again; undefined for other kinds. */
  readonly lookAgainMs: number | undefined;
}

/**
 * Looks at the dates of an object's certificates, and tells once by an Event when one of them ends soon.
 * @throws InvalidSpecError `InvalidSecret` for one that has ended: what Kong has in its place stays.
 */
export function checkExpiry(
  context: ControllerContext,
  object: KongObject,
  entities: readonly KongEntity[],
): ExpiryCheck {
  const found = datedCertificates(object, entities).map((each) => ({
    ...each,
    ...expiryOf(each, context.now().getTime()),
  }));
  if (found.length === 0) return { conditions: [], lookAgainMs: undefined };
  const expired = found.find(({ isExpired }) => isExpired);
  if (expired) {
    throw new InvalidSpecError(
      "InvalidSecret",
      `${expired.where}: the certificate expired on ${expired.notAfter}; put its successor into the Secret`,
    );
  }
  const [condition] = found.flatMap((each) => each.condition ?? []);
  if (condition && !isTold(object, condition)) {
    const { reason, message } = condition;
    context.events.record(object, { type: "Warning", reason, message, action: "Renew" });
  }
  const lookAgainMs = Math.min(LONGEST_LOOK_MS, ...found.map(({ changesInMs }) => changesInMs));
  return { conditions: condition ? [condition] : [], lookAgainMs };
}

/** The object of a certificate that stands in Kong, and the Unix time in seconds when it ends. */
export interface CertificateEnd {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly seconds: number;
}

/** All that the objects' statuses tell of. */
export function* certificateEnds(caches: Caches): Iterable<CertificateEnd> {
  for (const { kind } of [KongCertificate, KongCACertificate]) {
    for (const { metadata, status } of caches.kinds.get(kind)?.list() ?? []) {
      const { notAfter } = (status as { certificate?: { notAfter?: string } } | undefined)?.certificate ?? {};
      if (notAfter === undefined) continue;
      yield { kind, namespace: metadata.namespace ?? "", name: metadata.name, seconds: Date.parse(notAfter) / 1000 };
    }
  }
}

/** Field of the entity -> reference of the spec that it comes from, and the usual key. */
const SOURCES = [
  { type: "certificates", field: "cert", ref: "secretRef", usualKey: "tls.crt" },
  { type: "certificates", field: "cert_alt", ref: "altSecretRef", usualKey: "tls.crt" },
  { type: "ca_certificates", field: "cert", ref: "secretRef", usualKey: "ca.crt" },
] as const;

function datedCertificates({ spec, metadata }: KongObject, entities: readonly KongEntity[]): DatedCertificate[] {
  return entities.flatMap(({ type, fields }) =>
    SOURCES.flatMap((source) => {
      const text = source.type === type ? fields[source.field] : undefined;
      const info = typeof text === "string" ? certificateInfo(text) : undefined;
      if (!info) return [];
      const { name, key = source.usualKey } = (spec[source.ref] ?? {}) as { name?: string; key?: string };
      return [{ ...info, where: `spec.${source.ref}: Secret ${metadata.namespace}/${name}, key "${key}"` }];
    }),
  );
}

function isTold({ status }: KongObject, { type, message }: ConditionDraft): boolean {
  return status?.conditions?.some((told) => told.type === type && told.message === message) ?? false;
}
