import type { JsonObject } from "../../../../src/model/json.ts";
import { invalidOffset, invalidOptions, invalidSize } from "../errors.ts";
import type { Dao } from "../store/dao.ts";
import type { Table } from "../store/table.ts";
import { tagsOf } from "../store/table.ts";

export interface PageQuery {
  readonly size: number;
  /** Id after which the page begins. */
  readonly after: string | undefined;
  readonly tags: TagFilter | undefined;
}

export interface TagFilter {
  readonly tags: readonly string[];
  readonly all: boolean;
}

export interface Page {
  readonly rows: readonly JsonObject[];
  readonly offset: string | undefined;
}

const DEFAULT_SIZE = 100;
const MAX_SIZE = 1000;
const TAG = "[\\x20-\\x2B\\x2D\\x2E\\x30-\\x7E\\x80-\\u{10FFFF}]+";
const ALL_TAGS = new RegExp(`^(?:${TAG}(?:,|$))+$`, "u");
const ANY_TAG = new RegExp(`^(?:${TAG}(?:/|$))+$`, "u");

/** @throws KongError for a size, offset or tag filter that Kong refuses. */
export function parsePageQuery(query: URLSearchParams): PageQuery {
  const size = parseSize(query.get("size"));
  const tags = parseTags(query.get("tags"));
  const offset = query.get("offset");
  return { size, tags, after: offset === null ? undefined : decodeOffset(offset) };
}

export function parseSize(text: string | null): number {
  if (text === null) return DEFAULT_SIZE;
  const size = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isNaN(size)) throw invalidSize("size must be a number");
  if (!Number.isInteger(size) || size < 1 || size > MAX_SIZE) {
    throw invalidSize(`size must be an integer between 1 and ${String(MAX_SIZE)}`);
  }
  return size;
}

function parseTags(text: string | null): TagFilter | undefined {
  if (text === null) return undefined;
  if (text === "") throw invalidOptions({ tags: "cannot be null" });
  const all = ALL_TAGS.test(text);
  if (!all && !ANY_TAG.test(text)) throw invalidOptions({ tags: "invalid filter syntax" });
  const tags = text.split(all ? "," : "/").filter((tag) => tag !== "");
  if (tags.length > 5) throw invalidOptions({ tags: "cannot query more than 5 tags" });
  return { tags, all };
}

/** Work space in the keys of Kong's store where there is no database. */
const DEFAULT_WORKSPACE = "0dc6f45b-8f8d-40d2-a504-473544ee190b";

/** Kong's offset: the last id of the page, as a JSON list in base64. */
export function encodeOffset(id: string): string {
  return Buffer.from(JSON.stringify([id])).toString("base64url");
}

// Without a database it is the key of the last entity in Kong's store.
function encodeStoreKey(type: string, id: string): string {
  return Buffer.from(`${type}|${DEFAULT_WORKSPACE}|*|${id}\0`).toString("base64url");
}

export function decodeOffset(offset: string): string {
  const text = Buffer.from(offset, "base64url").toString("utf8");
  const storeKey = /^\w+\|[^|]*\|\*\|([0-9a-f-]{36})\0$/.exec(text)?.[1];
  if (storeKey !== undefined) return storeKey;
  if (!/^[A-Za-z0-9+/_=-]*$/.test(offset)) throw invalidOffset(offset, "bad base64 encoding");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidOffset(offset, "bad json encoding");
  }
  const id: unknown = Array.isArray(value) ? value[0] : undefined;
  if (typeof id !== "string") throw invalidOffset(offset, "bad json encoding");
  return id;
}

/**
 * A page of the whole table, or of the given ids of it, in the order of ids. Without a database a full page always has
 * a next one, which may be empty.
 */
export function pageOf(dao: Dao, type: string, query: PageQuery, among?: ReadonlySet<string>): Page {
  const table = dao.store.table(type);
  const ids = candidates(table, query, among);
  const { after, size } = query;
  const more = dao.readOnly ? size : size + 1;
  if (ids === undefined) return cut(dao, table, table.idsAfter(after, more), size);
  const rest = after === undefined ? ids : ids.filter((id) => id > after);
  return cut(dao, table, rest.sort().slice(0, more), size);
}

function candidates(table: Table, query: PageQuery, among: ReadonlySet<string> | undefined): string[] | undefined {
  if (query.tags === undefined) return among === undefined ? undefined : [...among];
  const tagged = taggedIds(table, query.tags);
  return among === undefined ? tagged : tagged.filter((id) => among.has(id));
}

function taggedIds(table: Table, filter: TagFilter): string[] {
  const [first = "", ...others] = filter.tags;
  if (!filter.all) return [...new Set(filter.tags.flatMap((tag) => [...table.taggedIds(tag)]))];
  return [...table.taggedIds(first)].filter((id) => {
    const tags = tagsOf(table.rows.get(id) ?? {});
    return others.every((tag) => tags.includes(tag));
  });
}

function cut(dao: Dao, table: Table, ids: readonly string[], size: number): Page {
  const shown = ids.slice(0, size);
  const rows = shown.map((id) => dao.show(table.rows.get(id) as JsonObject));
  const last = shown.at(-1);
  const hasNext = dao.readOnly ? ids.length === size : ids.length > size;
  if (!hasNext || last === undefined) return { rows, offset: undefined };
  return { rows, offset: dao.readOnly ? encodeStoreKey(table.shape.name, last) : encodeOffset(last) };
}
