import type { Json } from "../model/json.ts";

export interface FoundString {
  /** Dotted path from where the search began: `redis.host`, `headers.0`. */
  readonly path: string;
  readonly text: string;
  /** The name of the member at `path`, as against its value. */
  readonly isName?: boolean;
}

/** Every string in a value, names of members included: a map's names are data too. */
export function stringsIn(value: Json | undefined, path = ""): FoundString[] {
  if (typeof value === "string") return [{ path, text: value }];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const below = path === "" ? name : `${path}.${name}`;
    return [
      ...(Array.isArray(value) ? [] : [{ path: below, text: name, isName: true }]),
      ...stringsIn(member as Json, below),
    ];
  });
}
