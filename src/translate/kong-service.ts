import type { KongServiceSpec } from "../api/v1alpha1/kong-service.ts";
import { InvalidSpecError } from "../errors.ts";
import type { JsonObject } from "../model/json.ts";
import type { KongEntity } from "../model/kong-entity.ts";
import { targetsOfBackends } from "./backend-targets.ts";
import { kongFields } from "./kong-fields.ts";
import { foundTargets } from "./kong-upstream.ts";
import { backendUpstreamName } from "./names.ts";
import {
  endpointsBehind,
  entity,
  type KindTranslation,
  type ObjectReference,
  type TranslationContext,
} from "./translation.ts";

/** The path of the reference to where a service's own upstream finds its servers, and the part of that upstream. */
const BACKEND = { field: "spec.backend", part: "backend" };
const OWN_FIELDS = ["url", "upstreamRef", "backend", "clientCertificateRef", "caCertificateRefs"];

export const kongServiceTranslation: KindTranslation<KongServiceSpec> = {
  kind: "KongService",

  references(namespace, spec) {
    const objects: ObjectReference[] = [];
    if (spec.upstreamRef) objects.push(upstreamReference(namespace, spec.upstreamRef.name));
    if (spec.clientCertificateRef) {
      objects.push(certificateReference(namespace, "spec.clientCertificateRef", spec.clientCertificateRef.name));
    }
    spec.caCertificateRefs?.forEach((ref, index) => {
      objects.push(caCertificateReference(namespace, `spec.caCertificateRefs[${index}]`, ref.name));
    });
    const services = spec.backend ? [{ field: BACKEND.field, ...spec.backend.serviceRef }] : [];
    return { objects, secrets: [], services };
  },

  translate(spec, context) {
    const { namespace } = context.owner;
    const fields: JsonObject = {
      name: context.defaultName,
      ...kongFields(spec, OWN_FIELDS),
      ...(spec.url === undefined ? {} : splitUrl(spec.url)),
    };
    if (spec.upstreamRef) fields["host"] = context.nameOf(upstreamReference(namespace, spec.upstreamRef.name));
    if (spec.clientCertificateRef) {
      const reference = certificateReference(namespace, "spec.clientCertificateRef", spec.clientCertificateRef.name);
      fields["client_certificate"] = { id: context.idOf(reference) };
    }
    if (spec.caCertificateRefs) {
      fields["ca_certificates"] = spec.caCertificateRefs.map((ref, index) =>
        context.idOf(caCertificateReference(namespace, `spec.caCertificateRefs[${index}]`, ref.name)),
      );
    }
    if (spec.backend) fields["host"] = backendUpstreamName(context.owner);
    const service = entity(context, "services", fields, { tags: spec.tags });
    return spec.backend ? [service, ...backendEntities(context, fields["host"] as string, spec.tags)] : [service];
  },
};

/** The service's own upstream and the targets in it. */
function backendEntities(context: TranslationContext, name: string, tags: readonly string[] | undefined): KongEntity[] {
  const upstream = entity(context, "upstreams", { name }, { part: BACKEND.part, tags });
  const targets = targetsOfBackends([{ endpoints: endpointsBehind(context, BACKEND.field) }]);
  return [upstream, ...foundTargets(context, upstream, targets)];
}

function upstreamReference(namespace: string, name: string): ObjectReference {
  return { field: "spec.upstreamRef", to: { kind: "KongUpstream", namespace, name }, type: "upstreams" };
}

function certificateReference(namespace: string, field: string, name: string): ObjectReference {
  return { field, to: { kind: "KongCertificate", namespace, name }, type: "certificates" };
}

function caCertificateReference(namespace: string, field: string, name: string): ObjectReference {
  return { field, to: { kind: "KongCACertificate", namespace, name }, type: "ca_certificates" };
}

/** Ports that Kong gives a `url` without one. Source: Kong's `url` shorthand of the services schema. */
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443, ws: 80, wss: 443 };

/**
 * Kong's `url` shorthand taken apart, `https://api.example:8443/v1` -> protocol, host, port, path.
 * Kong never returns `url`, so what is compared and written are its parts.
 */
export function splitUrl(url: string): JsonObject {
  const match = /^(?<protocol>[a-z]+):\/\/(?<host>\[[^\]]+\]|[^/:]+)(?::(?<port>\d+))?(?<path>\/.*)?$/.exec(url);
  if (!match?.groups) {
    throw new InvalidSpecError("InvalidSpec", `spec.url: ${JSON.stringify(url)} is not PROTOCOL://HOST[:PORT][/PATH]`);
  }
  const { protocol = "http", host = "", port, path } = match.groups;
  const portNumber = port === undefined ? DEFAULT_PORTS[protocol] : Number(port);
  return {
    protocol,
    host,
    ...(portNumber === undefined ? {} : { port: portNumber }),
    ...(path === undefined ? {} : { path }),
  };
}
