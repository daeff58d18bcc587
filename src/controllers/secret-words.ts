import type { Secret } from "../kube/resource.ts";

/**
 * Keys of a Secret whose values are words and names. Remembered as secrets they would blot out the same words in every
 * log line: `HS256`, `public`, the user name `admin`.
 */
const WORDS: ReadonlySet<string> = new Set([
  "algorithm",
  "client_type",
  "hash_secret",
  "name",
  "redirect_uris",
  "ttl",
  "username",
]);

/** Decoded values of a Secret that no text may show. */
export function secretValuesOf({ data = {} }: Pick<Secret, "data">): string[] {
  return Object.entries(data)
    .filter(([key]) => !WORDS.has(key))
    .map(([, value]) => Buffer.from(value, "base64").toString("utf8"));
}
