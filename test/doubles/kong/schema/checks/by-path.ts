import type { JsonObject } from "../../../../../src/model/json.ts";
import type { CustomCheck } from "../field.ts";

/** The check that Kong has in code for a field, found by its path or by the type that its description names. */
export function fieldCheck(_path: string, _raw: JsonObject): CustomCheck | undefined {
  return undefined;
}
