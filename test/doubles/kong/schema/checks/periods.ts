import type { Json } from "../../../../../src/model/json.ts";
import { isJsonObject } from "../../../../../src/model/json.ts";
import type { CustomCheck } from "../field.ts";

const PERIODS = ["second", "minute", "hour", "day", "month", "year"];

/** A longer period cannot allow less than a shorter one. */
export const periodsOrder: CustomCheck = (limit: Json) => {
  if (!isJsonObject(limit)) return undefined;
  for (const [index, lower] of PERIODS.entries()) {
    const floor = limit[lower];
    if (typeof floor !== "number") continue;
    for (const upper of PERIODS.slice(index + 1)) {
      const value = limit[upper];
      if (typeof value === "number" && value < floor) {
        return `The limit for ${upper}(${value.toFixed(1)}) cannot be lower than the limit for ${lower}(${floor.toFixed(1)})`;
      }
    }
  }
  return undefined;
};
