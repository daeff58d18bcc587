import { parseSpec } from "../api/parse.ts";
import { KongGateway } from "../api/v1alpha1/kong-gateway.ts";
import { gatewayCandidates, type GatewayRefFields } from "../controllers/gateway-ref.ts";
import { instanceOf } from "../controllers/gateway-settings.ts";
import type { FlatEntity, Lost } from "../convert/flat.ts";
import { OperatorError } from "../errors.ts";
import { TAG_PREFIX } from "../model/identity.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import { UsageError } from "./gateways.ts";
import type { KongSetObject, ObjectSet } from "./object-set.ts";
import { requireNoCluster } from "./run-set.ts";
import { offlineContext, type Identity } from "./offline-context.ts";

/**
 * What the objects of a set become in Kong, translated as the operator does.
 * @param only the KongGateway whose objects are meant; needed where there are several.
 * @throws UsageError where it must be said which gateway is meant.
 */
export function entitiesOfSet(
  set: ObjectSet,
  options: {
    readonly only?: { readonly namespace: string; readonly name: string } | undefined;
    readonly operatorNamespace: string;
  },
): { entities: FlatEntity[]; secretPaths: ReadonlyMap<string, readonly string[]>; lost: Lost[] } {
  const entities: FlatEntity[] = [];
  const secretPaths = new Map<string, readonly string[]>();
  const lost: Lost[] = [];
  const failed = new Set<string>();
  const gateways = set.ofKind(KongGateway.kind);
  if (!options.only && gateways.length > 1) {
    const names = gateways.map(({ key }) => `${key.namespace}/${key.name}`).join(", ");
    throw new UsageError(
      `there are several KongGateways (${names}): say with --gateway NAMESPACE/NAME whose objects are meant`,
    );
  }
  for (const object of set.kongObjects().flat()) {
    const { key, kind, manifest } = object;
    if (options.only && !isOf(object, options.only, set, options.operatorNamespace)) continue;
    try {
      const spec = parseSpec(kind.definition, manifest);
      const context = offlineContext(key, {
        set,
        identity: identityFor(set, options.only),
        idOf: () => undefined,
        hasFailed: (owner) => failed.has(formatKey(owner)),
      });
      requireNoCluster(kind.translation.references(key.namespace, spec));
      const made = kind.translation.translate(spec, context);
      entities.push(
        ...made.map(({ type, id, fields }) => ({ type, id, hasOwnId: false, fields: withoutMarks(fields) })),
      );
      made.forEach((entity) => secretPaths.set(entity.id, entity.secretPaths ?? []));
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      failed.add(formatKey(key));
      lost.push({ entity: formatKey(key), why: error.message });
    }
  }
  return { entities, secretPaths, lost };
}

function isOf(
  { key, manifest }: KongSetObject,
  only: { readonly namespace: string; readonly name: string },
  set: ObjectSet,
  operatorNamespace: string,
): boolean {
  const { gatewayRef } = (manifest.spec ?? {}) as { readonly gatewayRef?: GatewayRefFields };
  const chosen = gatewayCandidates(key.namespace, gatewayRef, operatorNamespace).find((candidate) =>
    set.get(candidate),
  );
  return chosen?.namespace === only.namespace && chosen.name === only.name;
}

function identityFor(
  set: ObjectSet,
  only: { readonly namespace: string; readonly name: string } | undefined,
): Identity {
  const gateways = set.ofKind(KongGateway.kind);
  const found = only ? set.get({ kind: KongGateway.kind, ...only }) : gateways[0];
  if (!found)
    return { instance: "export", cluster: "export", workspace: "", naming: "Namespaced", namespace: undefined };
  const key: ObjectKey = found.key;
  const spec = parseSpec(KongGateway, found.manifest);
  const instance = instanceOf(key, spec);
  return {
    instance,
    cluster: "export",
    workspace: spec.adminApi.workspace ?? "",
    naming: spec.naming,
    namespace: key.namespace,
  };
}

function withoutMarks(fields: FlatEntity["fields"]): FlatEntity["fields"] {
  const { tags, ...rest } = fields;
  const kept = Array.isArray(tags) ? tags.filter((tag) => !String(tag).startsWith(TAG_PREFIX)) : [];
  return kept.length > 0 ? { ...rest, tags: kept } : rest;
}
