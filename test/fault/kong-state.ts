import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "../../src/model/json.ts";
import type { Store } from "../doubles/kong/store/store.ts";

/** Everything that a gateway holds, `services/<id>` -> its fields without the times of its writes. */
export type KongState = ReadonlyMap<string, JsonObject>;

export function stateOf(store: Store): KongState {
  const state = new Map<string, JsonObject>();
  for (const table of store.tables()) {
    for (const [id, row] of table.rows) {
      const { created_at: _created, updated_at: _updated, ...fields } = row;
      state.set(`${table.shape.name}/${id}`, fields);
    }
  }
  return state;
}

/** Quicker than `stateOf(store).size`. */
export function sizeOf(store: Store): number {
  return [...store.tables()].reduce((sum, table) => sum + table.rows.size, 0);
}

/** The same as `Store.replaceAll` takes it. */
export type KongRows = readonly (readonly [type: string, row: JsonObject])[];

export function rowsOf(store: Store): KongRows {
  return [...store.tables()].flatMap((table) =>
    [...table.rows.values()].map((row) => [table.shape.name, row] as const),
  );
}

/** What one state has and the other has not, in words; empty where they are the same. */
export function differences(expected: KongState, found: KongState): string[] {
  const missing = [...expected.keys()].filter((key) => !found.has(key));
  const surplus = [...found.keys()].filter((key) => !expected.has(key));
  const changed = [...expected].filter(([key, fields]) => found.has(key) && !isDeepStrictEqual(fields, found.get(key)));
  return [
    ...missing.map((key) => `missing: ${key} ${nameOf(expected.get(key))}`),
    ...surplus.map((key) => `too much: ${key} ${nameOf(found.get(key))}`),
    ...changed.map(
      ([key, fields]) => `other: ${key} ${JSON.stringify(found.get(key))} instead of ${JSON.stringify(fields)}`,
    ),
  ];
}

function nameOf(fields: JsonObject | undefined): string {
  return JSON.stringify(fields?.["name"] ?? fields?.["username"] ?? fields?.["target"] ?? "");
}
