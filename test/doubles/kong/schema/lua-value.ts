import type { Json } from "../../../../src/model/json.ts";

/** Text of a value as Lua's tostring gives it: `null`, `true`, `0.5`, `1e+15`. */
export function luaText(value: Json): string {
  if (value === null) return "null";
  if (typeof value === "number") return luaNumber(value);
  return typeof value === "object" ? "table" : String(value);
}

/** A number as LuaJIT prints it (`%.14g`). */
export function luaNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e14) return String(value);
  const precise = value.toPrecision(14);
  if (!precise.includes("e")) return precise.includes(".") ? precise.replace(/\.?0+$/, "") : precise;
  const [mantissa, exponent] = precise.split("e") as [string, string];
  const sign = exponent.startsWith("-") ? "-" : "+";
  return `${mantissa.replace(/\.?0+$/, "")}e${sign}${exponent.replace(/^[+-]/, "").padStart(2, "0")}`;
}

/** Lua's equality: scalars by value, tables never. */
export function luaEquals(left: Json, right: Json): boolean {
  return left === right && (left === null || typeof left !== "object");
}

/** Length as Kong's rules count it: bytes of a string, items of a list, keys of a map. */
export function luaLength(value: Json): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  return typeof value === "object" && value !== null ? Object.keys(value).length : 0;
}

/** Kong's emptiness: null, "", [] and {}. */
export function isNonEmpty(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === "") return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}
