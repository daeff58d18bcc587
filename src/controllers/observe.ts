import { parseSpec } from "../api/parse.ts";
import { KongUpstream } from "../api/v1alpha1/kong-upstream.ts";
import { NotReadyError, RefNotFoundError } from "../errors.ts";
import type { ConsulWatches } from "../discovery/consul-watches.ts";
import type { Secret } from "../kube/resource.ts";
import { entityId } from "../model/identity.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import type { BackendProblem } from "../model/outcome.ts";
import { defaultKongName, groupName } from "../translate/names.ts";
import type { ObjectReference, References, SecretReference, TranslationContext } from "../translate/translation.ts";
import { decodedData, type Caches } from "./caches.ts";
import { NO_CONSUL, observeConsul } from "./consul-backends.ts";
import type { Gateway } from "./gateways.ts";
import { caCertificateId } from "./entity-rivals.ts";
import { observeBackends, withoutForbidden } from "./observe-backends.ts";

/** All that a translation may know, and what of it is worth telling. */
export interface Observed extends TranslationContext {
  readonly backendProblems: readonly BackendProblem[];
  /** Not all targets are known. */
  readonly keepTargets: boolean;
}

/**
 * The observe stage: all that a translation needs, read from the caches and the gateway's mirror and nothing else.
 * @throws RefNotFoundError naming what is not there.
 * @throws NotReadyError where it is there but not in Kong yet.
 */
export function observe(options: {
  readonly owner: ObjectKey;
  readonly references: References;
  readonly gateway: Gateway;
  readonly cluster: string;
  readonly caches: Caches;
  /** Where services in Consul are followed. */
  readonly consul?: Pick<ConsulWatches, "follow">;
  /** Secrets that the operator has just made and that are not in the cache yet, by name. */
  readonly madeSecrets?: ReadonlyMap<string, Secret>;
  /** Why requests may not go to an address that was found; undefined where nobody asks. */
  readonly endpointProblem?: ((address: string) => string | undefined) | undefined;
}): Observed {
  const { owner, references, gateway, cluster, caches, consul, madeSecrets, endpointProblem } = options;
  const { connection, instance, workspace } = gateway;
  const naming = gateway.spec.naming ?? "Namespaced";
  const ids = new Map(
    references.objects.map((reference) => [formatKey(reference.to), resolveId(reference, gateway, caches)]),
  );
  const secrets = new Map(
    references.secrets.map((reference) => {
      const secret = caches.secrets.get(owner.namespace, reference.name) ?? madeSecrets?.get(reference.name);
      if (!secret) throw secretNotFound(owner, reference);
      return [reference.name, { data: decodedData(secret), createdAt: Date.parse(secret.metadata.creationTimestamp) }];
    }),
  );
  const consulBackends = observeConsul(consul ?? NO_CONSUL, owner, references.consuls ?? [], {
    stands: () => connection.entitiesOf(owner).length > 0,
    secretData: (name) => secrets.get(name)?.data,
  });
  const found = [...observeBackends(owner.namespace, references, caches), ...consulBackends];
  const backends = endpointProblem ? found.map((backend) => withoutForbidden(backend, endpointProblem)) : found;
  return {
    backendProblems: backends.flatMap(({ problem }) => problem ?? []),
    keepTargets: backends.some(({ isUnknown }) => isUnknown),
    endpoints: (field) => required(backends.find((backend) => backend.field === field)?.endpoints, field),
    owner,
    instance,
    cluster,
    defaultName: defaultKongName(owner, naming),
    idFor: (type, part = "") =>
      connection.idOf(owner, type, part) ?? entityId({ instance, workspace }, type, owner, part),
    idOf: (reference) => required(ids.get(formatKey(reference.to)), reference.field),
    nameOf: (reference) => upstreamName(reference, caches) ?? defaultKongName(reference.to, naming),
    groupName: (group) => groupName(group, owner.namespace, gateway.key.namespace),
    secret: (name) => required(secrets.get(name), name).data,
    secretCreatedAt: (name) => required(secrets.get(name), name).createdAt,
  };
}

function resolveId(reference: ObjectReference, gateway: Gateway, caches: Caches): string {
  const { field, to, type } = reference;
  const informer = caches.kinds.get(to.kind);
  if (!informer) {
    throw new RefNotFoundError(
      "RefNotFound",
      `${field}: ${to.kind} is a kind that this version of the operator does not have`,
    );
  }
  if (!informer.get(to.namespace, to.name)) {
    throw new RefNotFoundError("RefNotFound", `${field}: ${to.kind} ${to.namespace}/${to.name} does not exist`);
  }
  const id =
    (type === "ca_certificates" ? caCertificateId(caches, gateway, to) : undefined) ??
    gateway.connection.idOf(to, type);
  if (id === undefined) {
    const where = `KongGateway ${gateway.key.namespace}/${gateway.key.name}`;
    throw new NotReadyError(
      "RefNotReady",
      `${field}: ${to.kind} ${to.namespace}/${to.name} is not in ${where} yet; see its conditions`,
    );
  }
  return id;
}

/** Only labelled Secrets are in the cache: one without the label looks as if it were not there, and is not read. */
function secretNotFound({ namespace }: ObjectKey, { field, name }: SecretReference): RefNotFoundError {
  return new RefNotFoundError(
    "SecretNotFound",
    `${field}: Secret ${namespace}/${name} does not exist or lacks the label that lets the operator ` +
      `read it: kubectl label secret -n ${namespace} ${name} kjo.dev/secret=true. Until then what stands in Kong stays as it is`,
  );
}

/** A KongUpstream's own name in Kong, where it chooses one. */
function upstreamName(reference: ObjectReference, caches: Caches): string | undefined {
  const object = caches.kinds.get(reference.to.kind)?.get(reference.to.namespace, reference.to.name);
  return object && reference.to.kind === KongUpstream.kind ? parseSpec(KongUpstream, object).name : undefined;
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`not observed: ${what}`);
  return value;
}
