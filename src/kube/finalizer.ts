import { ConflictError } from "../errors.ts";
import { isNotFound, isTestFailed, KubeApiError } from "./api-error.ts";
import type { JsonPatch, KubeClient } from "./client.ts";
import { refOf, type KubeObject, type ResourceType } from "./resource.ts";

const BEING_DELETED = /no new finalizers can be added/;

/**
 * Puts our finalizer on the object, before anything is made outside the cluster that its deletion has to remove.
 *
 * Guarantees: other finalizers are kept, whoever writes at the same time; an object that is gone, made anew or being
 * deleted gets nothing.
 * @returns the object with the finalizer: the given one where it has it already or is being deleted.
 * @throws ConflictError when the object is no longer what was read.
 */
export async function ensureFinalizer<T extends KubeObject>(
  client: Pick<KubeClient, "patch">,
  type: ResourceType,
  object: T,
  finalizer: string,
): Promise<T> {
  const current = object.metadata.finalizers ?? [];
  if (object.metadata.deletionTimestamp !== undefined || current.includes(finalizer)) return object;
  const patch: JsonPatch = [
    { op: "test", path: "/metadata/uid", value: object.metadata.uid },
    // An absent list equals null. Testing the whole list keeps one that another writes at this moment.
    { op: "test", path: "/metadata/finalizers", value: current.length === 0 ? null : current },
    { op: "add", path: "/metadata/finalizers", value: [...current, finalizer] },
  ];
  try {
    return await client.patch<T>(type, refOf(object), { kind: "json", body: patch });
  } catch (error) {
    throw conflictIfStale(error, object);
  }
}

/**
 * Takes our finalizer away when all that it stood for is done.
 *
 * Guarantee: only ours goes, tested at its place before it is removed.
 * @returns the object afterwards; undefined where it is gone, by this or before.
 * @throws ConflictError when the list is no longer what was read.
 */
export async function removeFinalizer<T extends KubeObject>(
  client: Pick<KubeClient, "patch">,
  type: ResourceType,
  object: T,
  finalizer: string,
): Promise<T | undefined> {
  const index = (object.metadata.finalizers ?? []).indexOf(finalizer);
  if (index < 0) return object;
  const path = `/metadata/finalizers/${index}`;
  const patch: JsonPatch = [
    { op: "test", path: "/metadata/uid", value: object.metadata.uid },
    { op: "test", path, value: finalizer },
    { op: "remove", path },
  ];
  try {
    return await client.patch<T>(type, refOf(object), { kind: "json", body: patch });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw conflictIfStale(error, object);
  }
}

function conflictIfStale(error: unknown, object: KubeObject): unknown {
  if (!(error instanceof KubeApiError)) return error;
  const isStale = isNotFound(error) || isTestFailed(error) || BEING_DELETED.test(error.message);
  if (!isStale) return error;
  const { namespace = "", name } = object.metadata;
  return new ConflictError("Conflict", `${object.kind} ${namespace}/${name} has changed since it was read`, {
    cause: error,
  });
}
