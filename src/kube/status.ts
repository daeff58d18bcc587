import { isDeepStrictEqual } from "node:util";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { KubeClient } from "./client.ts";
import { refOf, type CustomResource, type KubeObject, type ResourceType } from "./resource.ts";
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
  const patch = statusPatch(currentStatus(object), status, options.now);
  if (!patch) return undefined;
  const { uid, resourceVersion } = object.metadata;
  // The uid makes the API server refuse where an object of the same name was made anew.
  const metadata = options.withResourceVersion ? { uid, resourceVersion } : { uid };
  return client.patch<T>(
    type,
    refOf(object),
    { kind: "merge", body: { metadata, status: patch } },
    { subresource: "status", ...(options.signal ? { signal: options.signal } : {}) },
  );
}

/** The status of the object, `{}` where it has none yet. */
export function currentStatus(object: KubeObject): JsonObject {
  const { status } = object as CustomResource;
  return isJsonObject(status) ? status : {};
}

/** The JSON merge patch that makes `next` of `current`; undefined where they are the same but for transition times. */
export function statusPatch(current: JsonObject, next: StatusWithConditions, now: Date): JsonObject | undefined {
  // A round trip drops what is undefined, as the API server would.
  const plain = JSON.parse(JSON.stringify(next)) as JsonObject;
  const completed = withTransitionTimes(current, plain, now);
  return isDeepStrictEqual(current, completed) ? undefined : mergePatch(current, completed);
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

/** RFC 7386: null removes a key; lists are replaced whole. */
function mergePatch(current: JsonObject, next: JsonObject): JsonObject {
  const patch: JsonObject = {};
  for (const name of Object.keys(current)) if (!(name in next)) patch[name] = null;
  for (const [name, value] of Object.entries(next)) {
    const before = current[name];
    if (isDeepStrictEqual(before, value)) continue;
    patch[name] = isJsonObject(before) && isJsonObject(value) ? mergePatch(before, value) : value;
  }
  return patch;
}
