import type { Json, JsonObject } from "../../../../src/model/json.ts";
import { isJsonObject } from "../../../../src/model/json.ts";
import { stringify } from "yaml";
import type { Store } from "../store/store.ts";

/** The present configuration as YAML, references by id: what `GET /config` shows. */
export function exportConfiguration(store: Store): string {
  const head = "_transform: false\n_format_version: '3.0'\n";
  const sections = [...store.tables()].flatMap((table) => {
    const rows = [...table.rows.values()].map((row) => withPlainReferences(store, table.shape.name, row));
    return rows.length === 0
      ? []
      : [stringify({ [table.shape.name]: rows }, { nullStr: "~", lineWidth: 0, indentSeq: false })];
  });
  return head + sections.join("");
}

function withPlainReferences(store: Store, type: string, row: JsonObject): JsonObject {
  const output: JsonObject = { ...row };
  for (const [name, field] of store.catalog.entities.get(type)?.record.fields ?? []) {
    const value: Json | undefined = output[name];
    if (field.type === "foreign" && isJsonObject(value)) output[name] = value["id"] as string;
  }
  return output;
}
