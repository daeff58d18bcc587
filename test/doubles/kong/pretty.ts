import type { Json } from "../../../src/model/json.ts";
import { luaNumber } from "./schema/lua-value.ts";

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;
const RESERVED = new Set(
  "and break do else elseif end false for function goto if in local nil not or repeat return then true until while".split(
    " ",
  ),
);

/** A value the way Kong prints tables into messages, on one line: `{id="…",name="a"}`. */
export function prettyLine(value: Json): string {
  if (typeof value !== "object" || value === null) return scalar(value);
  return `{${members(value)
    .map(([key, inner]) => (key === undefined ? prettyLine(inner) : `${key}=${prettyLine(inner)}`))
    .join(",")}}`;
}

/** The same over several lines, two spaces a level. */
export function prettyNested(value: Json, indent = ""): string {
  if (typeof value !== "object" || value === null) return scalar(value);
  const inside = `${indent}  `;
  const lines = members(value).map(([key, inner]) => {
    const text = prettyNested(inner, inside);
    return `${inside}${key === undefined ? text : `${key} = ${text}`}`;
  });
  return lines.length === 0 ? "{\n" + indent + "}" : `{\n${lines.join(",\n")}\n${indent}}`;
}

// Items up to the first gap carry no key; later ones and names do.
function members(value: object): [key: string | undefined, value: Json][] {
  if (!Array.isArray(value)) {
    return Object.entries(value as Record<string, Json>)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [PLAIN_KEY.test(key) && !RESERVED.has(key) ? key : `[${scalar(key)}]`, inner]);
  }
  const items = value as Json[];
  const gap = items.indexOf(null);
  const dense = gap < 0 ? items.length : gap;
  return items.flatMap((inner, index): [string | undefined, Json][] => {
    if (inner === null) return [];
    return [[index < dense ? undefined : `[${String(index + 1)}]`, inner]];
  });
}

function scalar(value: Json): string {
  if (typeof value === "string") return quote(value);
  return typeof value === "number" ? luaNumber(value) : String(value);
}

// Long brackets where the text has line breaks or brackets of that kind, as Penlight does.
function quote(text: string): string {
  const levels = [...`${text}]`.matchAll(/([[\]])(=*)(?=\1)/g)].map((match) => (match[2] as string).length);
  if ((text.includes("\n") || levels.length > 0) && !text.includes("\r")) {
    const signs = "=".repeat(levels.length === 0 ? 0 : Math.max(...levels) + 1);
    return `[${signs}[${text.startsWith("\n") ? "\n" : ""}${text}]${signs}]`;
  }
  const escaped = text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\r", "\\r");
  return `"${escaped}"`;
}
