import { NotReadyError } from "../errors.ts";
import type { ConsulBackend } from "../api/v1alpha1/consul-backend.ts";
import type { Endpoint } from "../model/endpoint.ts";
import type { JsonObject } from "../model/json.ts";
import type { KongEntity, KongEntityType, Lifetime } from "../model/kong-entity.ts";
import { ownershipTags } from "../model/identity.ts";
import type { ObjectKey } from "../model/object-key.ts";
import type { Verification } from "../model/verification.ts";

/** A spec's reference to another object of ours. */
export interface ObjectReference {
  /** Path in the spec, for messages: `spec.serviceRef`. */
  readonly field: string;
  readonly to: ObjectKey;
  /** The entity of the referred object whose id or name is needed. */
  readonly type: KongEntityType;
}

/** A spec's reference to a Secret of its namespace. */
export interface SecretReference {
  /** Path in the spec, for messages: `spec.credentials[0].secretRef`. */
  readonly field: string;
  readonly name: string;
  /** The credential that the operator makes and puts there where the Secret does not exist. */
  readonly generate?: GeneratedCredential;
}

export interface GeneratedCredential {
  readonly type: "jwt" | "key-auth" | "basic-auth" | "hmac-auth" | "oauth2";
  /** Of a jwt credential. */
  readonly algorithm?: string | undefined;
}

/** A spec's reference to a port of a Kubernetes Service of its namespace. */
export interface ServiceReference {
  /** Path in the spec: `spec.backends[0]`. */
  readonly field: string;
  readonly name: string;
  /** Name or number of the Service's port. */
  readonly port: string | number;
}

/** A spec's reference to a service in Consul. */
export interface ConsulReference {
  /** Path in the spec: `spec.backends[0]`. */
  readonly field: string;
  readonly backend: ConsulBackend;
}

export interface References {
  readonly objects: readonly ObjectReference[];
  readonly secrets: readonly SecretReference[];
  readonly services?: readonly ServiceReference[];
  readonly consuls?: readonly ConsulReference[];
}

/** All that a translation may know besides the spec; made by the observe stage. */
export interface TranslationContext {
  readonly owner: ObjectKey;
  readonly instance: string;
  readonly cluster: string;
  /** The name in Kong for an object that does not choose one. */
  readonly defaultName: string;
  /** Id of one of the object's own entities: the one it has in Kong, else the one it will get. */
  idFor(type: KongEntityType, part?: string): string;
  /** Id in Kong of what a reference names. */
  idOf(reference: ObjectReference): string;
  /** Name in Kong of what a reference names. */
  nameOf(reference: ObjectReference): string;
  /** A group of the acl plugin as Kong has it: groups count on everyone's routes, so a tenant's bear its namespace. */
  groupName(group: string): string;
  /** What stands behind a reference to where servers are found, by the reference's path (`spec.backends[0]`); absent without a cluster. */
  endpoints?(field: string): readonly Endpoint[];
  /** Decoded data of a Secret. */
  secret(name: string): Readonly<Record<string, string>>;
  /** When a Secret was made, in milliseconds since the epoch; absent where Secrets do not come from a cluster. */
  secretCreatedAt?(name: string): number | undefined;
}

/** How one kind becomes Kong entities. Both functions are pure. */
export interface KindTranslation<Spec> {
  readonly kind: string;
  /** What the object needs from others, so that it waits on them and is told when they change. */
  references(namespace: string, spec: Spec): References;
  /**
   * The entities in Kong that the spec asks for, in creation order.
   * @throws InvalidSpecError where a field cannot be used, naming it and the remedy.
   */
  translate(spec: Spec, context: TranslationContext): KongEntity[];
  /**
   * The request that shows whether the object serves; undefined where the spec asks for none.
   * @throws InvalidSpecError, RefNotFoundError as `translate` does.
   */
  verification?(spec: Spec, context: TranslationContext): Verification | undefined;
}

export const NO_REFERENCES: References = { objects: [], secrets: [] };

/** Builds an entity with our tags before the user's. */
export function entity(
  context: TranslationContext,
  type: KongEntityType,
  fields: JsonObject,
  options: {
    part?: string;
    tags?: readonly string[] | undefined;
    secretPaths?: readonly string[];
    lifetime?: Lifetime | undefined;
  } = {},
): KongEntity {
  const part = options.part ?? "";
  return {
    type,
    id: context.idFor(type, part),
    fields: { ...fields, tags: [...ownershipTags(context, context.owner, part), ...(options.tags ?? [])] },
    owner: context.owner,
    part,
    ...(options.secretPaths && options.secretPaths.length > 0 ? { secretPaths: options.secretPaths } : {}),
    ...(options.lifetime ? { lifetime: options.lifetime } : {}),
  };
}

/** @throws NotReadyError where there is no cluster in which servers are found. */
export function endpointsBehind(context: TranslationContext, field: string): readonly Endpoint[] {
  if (context.endpoints) return context.endpoints(field);
  throw new NotReadyError("ClusterNeeded", `${field}: its servers are found in a cluster only, by the operator`);
}
