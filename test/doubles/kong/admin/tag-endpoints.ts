import type { JsonObject } from "../../../../src/model/json.ts";
import type { Store } from "../store/store.ts";
import { tagsOf } from "../store/table.ts";
import { listResponse } from "./entity-endpoints.ts";
import { encodeOffset, parsePageQuery } from "./paging.ts";
import type { Router } from "./router.ts";

/** What Kong answers without a database, where its list of tags runs into a table that is not there. */
const BROKEN_OFFSET = "ratelimiting_metrics|nil";

/** `/tags` and `/tags/{tags}`: every tag with the entity that carries it. */
export function addTagEndpoints(router: Router, store: Store, options: { readonly dbless: boolean }): void {
  if (options.dbless) {
    const broken = (path: string): ReturnType<typeof listResponse> =>
      listResponse(path, { rows: [], offset: BROKEN_OFFSET }, new URLSearchParams());
    router.add("/tags", { GET: () => broken("/tags") });
    router.add("/tags/{tags}", { GET: (_request, [tag = ""]) => broken(`/tags/${encodeURIComponent(tag)}`) });
    return;
  }
  const respond = (path: string, rows: JsonObject[], query: URLSearchParams): ReturnType<typeof listResponse> => {
    const { size, after } = parsePageQuery(query);
    const start = after === undefined ? 0 : Number(after);
    const shown = rows.slice(start, start + size);
    const end = start + shown.length;
    return listResponse(
      path,
      { rows: shown, offset: end < rows.length ? encodeOffset(String(end)) : undefined },
      query,
    );
  };
  router.add("/tags", { GET: ({ query }) => respond("/tags", taggings(store), query) });
  router.add("/tags/{tags}", {
    GET: ({ query }, [tag = ""]) => respond(`/tags/${encodeURIComponent(tag)}`, taggingsOf(store, tag), query),
  });
}

function taggings(store: Store): JsonObject[] {
  const rows: JsonObject[] = [];
  for (const table of store.tables()) {
    for (const [id, row] of table.rows) {
      for (const tag of tagsOf(row)) rows.push(tagging(table.shape.name, id, tag));
    }
  }
  return rows.sort(byEntity);
}

function taggingsOf(store: Store, tag: string): JsonObject[] {
  const rows: JsonObject[] = [];
  for (const table of store.tables()) {
    for (const id of table.taggedIds(tag)) rows.push(tagging(table.shape.name, id, tag));
  }
  return rows.sort(byEntity);
}

function tagging(type: string, id: string, tag: string): JsonObject {
  return { entity_name: type, entity_id: id, tag };
}

function byEntity(left: JsonObject, right: JsonObject): number {
  return String(left["entity_id"]).localeCompare(String(right["entity_id"]));
}
