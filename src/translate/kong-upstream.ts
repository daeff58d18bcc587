import type { KongUpstreamSpec, Target } from "../api/v1alpha1/kong-upstream.ts";
import { InvalidSpecError } from "../errors.ts";
import type { KongEntity } from "../model/kong-entity.ts";
import { storedTargetAddress } from "../plan/target-address.ts";
import { targetsOfBackends, type WeightedTarget } from "./backend-targets.ts";
import { consulSecrets } from "./consul-references.ts";
import { kongFields } from "./kong-fields.ts";
import {
  endpointsBehind,
  entity,
  type KindTranslation,
  type ObjectReference,
  type TranslationContext,
} from "./translation.ts";

export const kongUpstreamTranslation: KindTranslation<KongUpstreamSpec> = {
  kind: "KongUpstream",

  references(namespace, spec) {
    const ref = spec.clientCertificateRef;
    const consuls = (spec.backends ?? []).flatMap(({ consul }, index) =>
      consul ? [{ field: backendField(index), backend: consul }] : [],
    );
    return {
      objects: ref ? [certificateReference(namespace, ref.name)] : [],
      secrets: consuls.flatMap(({ field, backend }) => consulSecrets(`${field}.consul`, backend)),
      consuls,
      services: (spec.backends ?? []).flatMap(({ serviceRef }, index) =>
        serviceRef ? [{ field: backendField(index), ...serviceRef }] : [],
      ),
    };
  },

  translate(spec, context) {
    const upstream = entity(
      context,
      "upstreams",
      {
        name: context.defaultName,
        ...kongFields(spec, ["targets", "backends", "clientCertificateRef"]),
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
    const named = addressesOf(spec.targets ?? []);
    const backends = (spec.backends ?? []).map(({ weight }, index) => ({
      weight,
      endpoints: endpointsBehind(context, backendField(index)),
    }));
    // What the spec itself says of an address wins over what is found under it.
    const found = targetsOfBackends(backends).filter(({ target }) => !named.has(target.toLowerCase()));
    return [upstream, ...targets, ...foundTargets(context, upstream, found)];
  },
};

/**
 * Targets as Kong stores their addresses.
 * @throws InvalidSpecError where two are one and the same to Kong, which holds an address once.
 */
function addressesOf(targets: readonly Target[]): ReadonlySet<string> {
  const found = new Map<string, number>();
  for (const [index, { target }] of targets.entries()) {
    const address = storedTargetAddress(target).toLowerCase();
    const before = found.get(address);
    if (before !== undefined) {
      throw new InvalidSpecError(
        "InvalidSpec",
        `spec.targets[${index}].target: is the same as spec.targets[${before}].target, which is ${address} to Kong; remove one of them`,
      );
    }
    found.set(address, index);
  }
  return new Set(found.keys());
}

function backendField(index: number): string {
  return `spec.backends[${index}]`;
}

/** Targets that no spec names one by one. */
export function foundTargets(
  context: TranslationContext,
  upstream: KongEntity,
  targets: readonly WeightedTarget[],
): KongEntity[] {
  return targets.map(({ target, weight }) =>
    entity(context, "targets", { target, upstream: { id: upstream.id }, weight }, { part: targetPart(target) }),
  );
}

function certificateReference(namespace: string, name: string): ObjectReference {
  return { field: "spec.clientCertificateRef", to: { kind: "KongCertificate", namespace, name }, type: "certificates" };
}

/** `10.0.0.1:8080` as the part of a tag; Kong itself completes a missing port with 8000, and so do we. */
export function targetPart(target: string): string {
  const bare = /^\[[^\]]*\]$/.test(target) || (!target.includes(":") && !target.startsWith("["));
  return `target.${(bare ? `${target}:8000` : target).toLowerCase()}`;
}
