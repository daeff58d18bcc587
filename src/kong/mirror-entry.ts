import { parseOwnershipTags, TAG_CLUSTER, TAG_INSTANCE } from "../model/identity.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { KongEntityType } from "../model/kong-entity.ts";
import type { ActualEntity } from "../plan/kong.ts";

/** An entity that Kong holds under our instance's mark. */
export interface MirrorEntry extends ActualEntity {
  /** uid of the cluster in its tag. */
  readonly cluster: string;
  /** The mirror's clock when this was learnt: a list that began earlier says nothing about it. */
  readonly seenAt: number;
  /** A write whose answer was lost: Kong holds this or what was before. */
  readonly uncertain: boolean;
  /** Hash of the desired fields that this is the answer to, or was found equal to. Set by the mirror alone. */
  desiredHash?: string | undefined;
  /** True while the entity stands as Kong answered to our own write of `desiredHash`. */
  readonly isAnswer: boolean;
}

/** Fields that change by themselves and that nobody asks for. */
const VOLATILE: ReadonlySet<string> = new Set(["id", "created_at", "updated_at", "ttl"]);

export type ReadEntity = Pick<MirrorEntry, "type" | "id" | "part" | "fields" | "owner" | "cluster">;

/**
 * An entity from Kong's answer, without nulls and without what changes by itself; undefined where it lacks our tags.
 * Tags of instance and cluster are the same strings throughout, whatever number of entities carry them.
 */
export function readEntity(type: KongEntityType, raw: Json, intern: Map<string, string>): ReadEntity | undefined {
  if (!isJsonObject(raw) || typeof raw["id"] !== "string" || !Array.isArray(raw["tags"])) return undefined;
  const tags = raw["tags"].filter((tag) => typeof tag === "string").map((tag) => internedTag(tag, intern));
  const marks = parseOwnershipTags(tags);
  if (!marks) return undefined;
  const fields: JsonObject = {};
  for (const [name, value] of Object.entries(raw)) {
    if (value === null || VOLATILE.has(name)) continue;
    fields[name] = name === "tags" ? tags : withoutNulls(value);
  }
  return { type, id: raw["id"], part: marks.part, fields, owner: marks.owner, cluster: marks.cluster };
}

function internedTag(tag: string, intern: Map<string, string>): string {
  if (!tag.startsWith(TAG_INSTANCE) && !tag.startsWith(TAG_CLUSTER)) return tag;
  const known = intern.get(tag);
  if (known !== undefined) return known;
  intern.set(tag, tag);
  return tag;
}

/** A copy without null members: to Kong, absent and null are the same. */
export function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return value.some((item) => typeof item === "object") ? value.map(withoutNulls) : value;
  if (!isJsonObject(value)) return value;
  const copy: JsonObject = {};
  for (const [name, member] of Object.entries(value)) if (member !== null) copy[name] = withoutNulls(member);
  return copy;
}

/** Equality of what two answers of Kong say; an empty list may come as `{}`. */
export function sameAnswer(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const namesA = Object.keys(a);
  const namesB = Object.keys(b);
  if (namesA.length !== namesB.length) return false;
  const [left, right] = [a as JsonObject, b as JsonObject];
  return namesA.every((name) => sameAnswer(left[name], right[name]));
}
