import { parseSpec } from "../api/parse.ts";
import { KongUpstream } from "../api/v1alpha1/kong-upstream.ts";
import { NotReadyError, RefNotFoundError } from "../errors.ts";
import type { KongEntityType } from "../model/kong-entity.ts";
import { entityId } from "../model/identity.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import { defaultKongName, groupName, type Naming } from "../translate/names.ts";
import type { ObjectReference, TranslationContext } from "../translate/translation.ts";
import type { ObjectSet } from "./object-set.ts";

export interface Identity {
  readonly instance: string;
  readonly cluster: string;
  readonly workspace: string;
  readonly naming: Naming;
  /** Of the KongGateway; undefined where there is none, and every object's own stands for it. */
  readonly namespace: string | undefined;
}

export interface OfflineContextOptions {
  readonly set: ObjectSet;
  readonly identity: Identity;
  /** The id that an object's entity has, or is about to get; undefined where that is not known. */
  readonly idOf: (owner: ObjectKey, type: KongEntityType, part: string) => string | undefined;
  /** Objects of the set that could not be brought to the gateway. */
  readonly hasFailed: (owner: ObjectKey) => boolean;
}

/**
 * What the observe stage is in the cluster: all that a translation may know, from files and from what the gateway holds.
 * @throws RefNotFoundError, NotReadyError from the functions of the context.
 */
export function offlineContext(owner: ObjectKey, options: OfflineContextOptions): TranslationContext {
  const { set, identity, idOf, hasFailed } = options;
  const { instance, cluster, workspace, naming } = identity;
  const resolve = ({ field, to, type }: ObjectReference): string => {
    if (hasFailed(to)) {
      throw new NotReadyError("RefNotReady", `${field}: ${formatKey(to)} failed itself; see there`);
    }
    const id = idOf(to, type, "");
    if (id !== undefined) return id;
    if (set.get(to)) return entityId({ instance, workspace }, type, to, "");
    throw new RefNotFoundError(
      "RefNotFound",
      `${field}: ${to.kind} ${to.namespace}/${to.name} is not in the files, nor in the gateway under this instance`,
    );
  };
  return {
    owner,
    instance,
    cluster,
    defaultName: defaultKongName(owner, naming),
    idFor: (type, part = "") => idOf(owner, type, part) ?? entityId({ instance, workspace }, type, owner, part),
    idOf: resolve,
    nameOf: (reference) => {
      // A service must not go over to an upstream that is not there.
      resolve(reference);
      return upstreamName(reference, set) ?? defaultKongName(reference.to, naming);
    },
    secret: (name) => secretData(set, owner, name),
    groupName: (group) => groupName(group, owner.namespace, identity.namespace ?? owner.namespace),
  };
}

function upstreamName({ to }: ObjectReference, set: ObjectSet): string | undefined {
  const object = to.kind === KongUpstream.kind ? set.get(to) : undefined;
  return object ? parseSpec(KongUpstream, object.manifest).name : undefined;
}

function secretData(set: ObjectSet, { namespace }: ObjectKey, name: string): Readonly<Record<string, string>> {
  const variable = set.missingVariable(namespace, name);
  if (variable !== undefined) {
    throw new RefNotFoundError(
      "SecretKeyMissing",
      `Secret ${namespace}/${name} holds a placeholder: set the environment variable ${variable}`,
    );
  }
  const data = set.secretData(namespace, name);
  if (data) return data;
  throw new RefNotFoundError(
    "SecretNotFound",
    `Secret ${namespace}/${name} is not in the files: add it, or leave this object to the operator in the cluster`,
  );
}
