import { isJsonObject } from "../../../../src/model/json.ts";
import type { Json, JsonObject } from "../../../../src/model/json.ts";

/** Reads one field of an entity; each function answers the neutral value where the field is absent or of another type. */

export function textOf(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function numberOf(value: Json | undefined, fallback: number): number {
  return typeof value === "number" ? value : fallback;
}

export function textsOf(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

export function recordOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** The id of a reference, `{"id": "…"}`. */
export function referenceOf(value: Json | undefined): string | undefined {
  return isJsonObject(value) ? textOf(value["id"]) : undefined;
}
