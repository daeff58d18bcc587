import type { Json, JsonObject } from "../../../../src/model/json.ts";
import { isJsonObject } from "../../../../src/model/json.ts";
import type { AdminResponse } from "./response.ts";
import { UNEXPECTED, htmlError } from "./response.ts";

export type ParsedBody = { readonly body: JsonObject } | { readonly refusal: AdminResponse };

const CANNOT_PARSE: AdminResponse = { status: 400, json: { message: "Cannot parse JSON body" } };

const BODY_TYPES = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"];
const YAML_TYPES = ["text/yaml", "application/yaml"];

/** Kong answers 415 to a body of a type that it does not know, also to one of no type. */
export function refuseContentType(path: string, contentType: string, hasBody: boolean): AdminResponse | undefined {
  if (contentType === "") return hasBody ? htmlError(415, "Unsupported Media Type") : undefined;
  const type = contentType.toLowerCase();
  const known = path === "/config" ? [...BODY_TYPES, ...YAML_TYPES] : BODY_TYPES;
  return known.some((start) => type.startsWith(start)) ? undefined : htmlError(415, "Unsupported Media Type");
}

/** Parses JSON and forms; a JSON list is an empty table to Kong when it is empty, and beyond it otherwise. */
export function parseBody(contentType: string, text: string): ParsedBody {
  const type = contentType.toLowerCase();
  if (type.startsWith("application/x-www-form-urlencoded")) return { body: parseForm(new URLSearchParams(text)) };
  if (type.startsWith("multipart/form-data")) return { body: parseForm(multipartValues(contentType, text)) };
  if (!type.startsWith("application/json")) return { body: {} };
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return { refusal: CANNOT_PARSE };
  }
  if (Array.isArray(value) && value.length === 0) return { body: {} };
  return isJsonObject(value) ? { body: value } : { refusal: UNEXPECTED };
}

// `a.b=1`, `tags[]=x`, `tags[1]=x` and repeated names make objects and lists; types are inferred later, by schema.
function parseForm(values: Iterable<[name: string, value: string]>): JsonObject {
  const body: JsonObject = {};
  for (const [name, value] of values) {
    const names = name.split(".").filter((part) => part !== "");
    let table = body;
    for (const part of names.slice(0, -1)) {
      const inner = table[part];
      table = isJsonObject(inner) ? inner : ((table[part] = {}) as JsonObject);
    }
    setFormValue(table, names.at(-1) ?? name, value);
  }
  return body;
}

function setFormValue(table: JsonObject, name: string, value: string): void {
  const listName = /^(.+)\[\d*\]$/.exec(name)?.[1];
  const key = listName ?? name;
  const present = table[key];
  if (Array.isArray(present)) present.push(value);
  else if (listName !== undefined) table[key] = [value];
  else if (present !== undefined) table[key] = [present, value];
  else table[key] = value;
}

/** True for the two kinds of body whose values are all texts. */
export function isForm(contentType: string): boolean {
  return /^(application\/x-www-form-urlencoded|multipart\/form-data)/i.test(contentType);
}

function* multipartValues(contentType: string, text: string): Generator<[string, string]> {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (boundary === undefined) return;
  for (const part of text.split(`--${boundary}`).slice(1, -1)) {
    const end = part.indexOf("\r\n\r\n");
    const name = /name="([^"]*)"/i.exec(part.slice(0, end))?.[1];
    if (name !== undefined) yield [name, part.slice(end + 4).replace(/\r\n$/, "")];
  }
}
