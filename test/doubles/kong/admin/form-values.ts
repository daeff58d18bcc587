import type { Json, JsonObject } from "../../../../src/model/json.ts";
import { isJsonObject } from "../../../../src/model/json.ts";
import type { Field, RecordSchema } from "../schema/field.ts";

/** Gives the texts of a form the types of the schema: `port=81` becomes 81, `a=` null, `tags=x` a list. */
export function inferTypes(record: RecordSchema, values: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const field = record.byName.get(name);
      return [name, field === undefined ? value : inferValue(value, field)];
    }),
  );
}

function inferValue(value: Json, field: Field): Json {
  if (value === "") return null;
  switch (field.type) {
    case "number":
    case "integer":
      return typeof value === "string" && value.trim() !== "" && !Number.isNaN(Number(value)) ? Number(value) : value;
    case "boolean":
      return value === "true" ? true : value === "false" ? false : value;
    case "array":
    case "set": {
      const items = Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [value];
      const { elements } = field;
      return elements === undefined ? items : items.map((item) => inferValue(item, elements));
    }
    case "record":
      return isJsonObject(value) && field.record !== undefined ? inferTypes(field.record, value) : value;
    default:
      return value;
  }
}
