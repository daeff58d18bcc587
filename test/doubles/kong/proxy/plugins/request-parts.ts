import { isJsonObject } from "../../../../../src/model/json.ts";
import type { ClientRequest } from "../exchange.ts";

/** The arguments of a form or JSON body; empty for any other body. */
export function bodyArguments(request: ClientRequest): URLSearchParams {
  const type = request.headers.get("content-type") ?? "";
  if (type.includes("application/x-www-form-urlencoded")) return new URLSearchParams(request.body.toString());
  if (!type.includes("application/json")) return new URLSearchParams();
  const body = parseJson(request.body.toString());
  if (!isJsonObject(body)) return new URLSearchParams();
  return new URLSearchParams(
    Object.entries(body).flatMap(([key, value]): [string, string][] =>
      typeof value === "string" ? [[key, value]] : [],
    ),
  );
}

/** The query string without an argument; the others keep their encoding. */
export function withoutQueryArgument(query: string, name: string): string {
  return query
    .split("&")
    .filter((part) => new URLSearchParams(part).get(name) === null)
    .join("&");
}

/** The value, or undefined for text that is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `name:value` entries of the transformer plugins; a missing value is "". */
export function pairOf(entry: string): [name: string, value: string] {
  const at = entry.indexOf(":");
  return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
}
