import { isDeepStrictEqual } from "node:util";
import { ConflictError } from "../errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { isTestFailed } from "./api-error.ts";
import type { JsonPatch, KubeClient } from "./client.ts";
import type { CustomResource, KubeObject, ResourceType } from "./resource.ts";
import { formatTime } from "./time.ts";

/**
 * A status with its conditions; `lastTransitionTime` is set here, so that whoever decides needs no clock.
 * Source: meta/v1 Condition.
 */
export interface StatusWithConditions {
  readonly conditions?: readonly StatusCondition[];
}

export interface StatusCondition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
}

export interface WriteStatusOptions {
  readonly now: Date;
  /** Fail with ConflictError where the object has changed since it was read: for what another writes too. */
  readonly withResourceVersion?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Writes the whole status where it differs from the object's. `object` itself is not changed.
 *
 * Guarantee: an object of the same name that was made since gets nothing. (A uid in a merge patch to `/status` is
 * ignored, measured; a `test` is not.)
 * @returns the object that the API server answered; undefined where nothing differed and nothing was written.
 * @throws ConflictError where the object was made anew since, or has changed and `withResourceVersion` is set.
 */
export async function writeStatus<T extends KubeObject>(
  client: Pick<KubeClient, "patch">,
  type: ResourceType,
  object: T,
  status: StatusWithConditions,
  options: WriteStatusOptions,
): Promise<T | undefined> {
  const value = statusToWrite(currentStatus(object), status, options.now);
  if (!value) return undefined;
  const { uid, resourceVersion, namespace = "", name } = object.metadata;
  const patch: JsonPatch = [
    { op: "test", path: "/metadata/uid", value: uid },
    ...(options.withResourceVersion
      ? [{ op: "test" as const, path: "/metadata/resourceVersion", value: resourceVersion }]
      : []),
    { op: "add", path: "/status", value },
  ];
  try {
    const target = { subresource: "status", ...(options.signal ? { signal: options.signal } : {}) };
    return await client.patch<T>(type, { namespace, name }, { kind: "json", body: patch }, target);
  } catch (error) {
    if (!isTestFailed(error)) throw error;
    throw new ConflictError("Conflict", `${object.kind} ${namespace}/${name} has changed since it was read`, {
      cause: error,
    });
  }
}

/** The status of the object, `{}` where it has none yet. */
export function currentStatus(object: KubeObject): JsonObject {
  const { status } = object as CustomResource;
  return isJsonObject(status) ? status : {};
}

/** `next` with its transition times; undefined where nothing but those would change. */
export function statusToWrite(current: JsonObject, next: StatusWithConditions, now: Date): JsonObject | undefined {
  // What is undefined or null is not there: the API server drops both, so that writing them again would have no end.
  const plain = JSON.parse(
    JSON.stringify(next, (_name, value: unknown) => (value === null ? undefined : value)),
  ) as JsonObject;
  const completed = withTransitionTimes(current, plain, now);
  return isDeepStrictEqual(current, completed) ? undefined : completed;
}

/** A transition time changes only with the condition's status. */
function withTransitionTimes(current: JsonObject, next: JsonObject, now: Date): JsonObject {
  if (!Array.isArray(next["conditions"])) return next;
  const earlier = Array.isArray(current["conditions"]) ? current["conditions"].filter(isJsonObject) : [];
  const conditions = next["conditions"].map((condition): Json => {
    if (!isJsonObject(condition)) return condition;
    const before = earlier.find((other) => other["type"] === condition["type"]);
    const unchanged = before?.["status"] === condition["status"] ? before?.["lastTransitionTime"] : undefined;
    return { ...condition, lastTransitionTime: unchanged ?? formatTime(now) };
  });
  return { ...next, conditions };
}
