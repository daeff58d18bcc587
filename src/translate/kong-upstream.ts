import type { KongUpstreamSpec } from "../api/v1alpha1/kong-upstream.ts";
import type { KongEntity } from "../model/kong-entity.ts";
import { kongFields } from "./kong-fields.ts";
import { entity, type KindTranslation, type ObjectReference } from "./translation.ts";

export const kongUpstreamTranslation: KindTranslation<KongUpstreamSpec> = {
  kind: "KongUpstream",

  references(namespace, spec) {
    const ref = spec.clientCertificateRef;
    return { objects: ref ? [certificateReference(namespace, ref.name)] : [], secrets: [] };
  },

  translate(spec, context) {
    const upstream = entity(
      context,
      "upstreams",
      {
        name: context.defaultName,
        ...kongFields(spec, ["targets", "clientCertificateRef"]),
        ...(spec.clientCertificateRef
          ? {
              client_certificate: {
                id: context.idOf(certificateReference(context.owner.namespace, spec.clientCertificateRef.name)),
              },
            }
          : {}),
      },
      { tags: spec.tags },
    );
    const targets = (spec.targets ?? []).map((target): KongEntity =>
      // The address is the identity of a target: another address is another target, another weight is the same one.
      entity(
        context,
        "targets",
        {
          target: target.target,
          upstream: { id: upstream.id },
          ...(target.weight === undefined ? {} : { weight: target.weight }),
        },
        { part: targetPart(target.target), tags: target.tags },
      ),
    );
    return [upstream, ...targets];
  },
};

function certificateReference(namespace: string, name: string): ObjectReference {
  return { field: "spec.clientCertificateRef", to: { kind: "KongCertificate", namespace, name }, type: "certificates" };
}

/** `10.0.0.1:8080` as the part of a tag; Kong itself completes a missing port with 8000, and so do we. */
export function targetPart(target: string): string {
  const bare = /^\[[^\]]*\]$/.test(target) || (!target.includes(":") && !target.startsWith("["));
  return `target.${(bare ? `${target}:8000` : target).toLowerCase()}`;
}
