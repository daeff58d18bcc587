import type { Json } from "../../../../src/model/json.ts";
import type { Field, ValidationError } from "./field.ts";
import { luaPattern } from "./lua-pattern.ts";
import { luaEquals, luaLength, luaText } from "./lua-value.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** True for the only form of UUID that Kong takes. */
export function isUuid(text: string): boolean {
  return text.length === 36 && UUID.test(text);
}

/**
 * The rules of one field for a value of the right type, in Kong's order; the first that fails is the error.
 * Source: the wording that Kong 3.9 answers with for each rule.
 */
export function checkRules(field: Field, value: Json): ValidationError | undefined {
  const choice = checkChoice(field, value);
  if (choice !== undefined) return choice;
  if (typeof value === "number") {
    const range = checkNumber(field, value);
    if (range !== undefined) return range;
  } else if (typeof value === "string") {
    const text = checkString(field, value);
    if (text !== undefined) return text;
  } else {
    const length = checkLength(field, value);
    if (length !== undefined) return length;
    if (field.contains !== undefined && !includes(value, field.contains)) {
      return `expected to contain: ${luaText(field.contains)}`;
    }
  }
  return field.custom?.(value) ?? checkSubsets(field, value);
}

function checkChoice(field: Field, value: Json): string | undefined {
  if (field.eq !== undefined && !luaEquals(value, field.eq)) return `value must be ${luaText(field.eq)}`;
  if (field.ne !== undefined && luaEquals(value, field.ne)) return `value must not be ${luaText(field.ne)}`;
  if (field.notOneOf?.some((option) => luaEquals(value, option)) === true) {
    return `must not be one of: ${field.notOneOf.map(luaText).join(", ")}`;
  }
  if (field.oneOf !== undefined && !field.oneOf.some((option) => luaEquals(value, option))) {
    return `expected one of: ${field.oneOf.map(luaText).join(", ")}`;
  }
  return undefined;
}

function checkNumber(field: Field, value: number): string | undefined {
  if (field.gt !== undefined && !(value > field.gt)) return `value must be greater than ${luaText(field.gt)}`;
  if (field.timestamp && !(value > 0)) return "expected a valid timestamp";
  if (field.between !== undefined && (value < field.between[0] || value > field.between[1])) {
    return `value should be between ${String(field.between[0])} and ${String(field.between[1])}`;
  }
  return undefined;
}

function checkString(field: Field, value: string): string | undefined {
  if (field.uuid && !isUuid(value)) return "expected a valid UUID";
  if (field.isRegex && !isRegex(value)) return `not a valid regex: ${value}`;
  const length = checkLength(field, value);
  if (length !== undefined) return length;
  if (field.startsWith !== undefined && !value.startsWith(field.startsWith))
    return `should start with: ${field.startsWith}`;
  if (field.notMatch !== undefined && luaPattern(field.notMatch).test(value)) return `invalid value: ${value}`;
  const forbidden = field.matchNone?.find((rule) => luaPattern(rule.pattern).test(value));
  if (forbidden !== undefined) return forbidden.err ?? `invalid value: ${value}`;
  if (field.match !== undefined && !luaPattern(field.match).test(value)) return `invalid value: ${value}`;
  const missing = field.matchAll?.find((rule) => !luaPattern(rule.pattern).test(value));
  if (missing !== undefined) return missing.err ?? `invalid value: ${value}`;
  if (field.matchAny !== undefined && !field.matchAny.patterns.some((pattern) => luaPattern(pattern).test(value))) {
    return field.matchAny.err ?? `invalid value: ${value}`;
  }
  return undefined;
}

function checkLength(field: Field, value: Json): string | undefined {
  if (field.lenEq === undefined && field.lenMin === undefined && field.lenMax === undefined) return undefined;
  const length = luaLength(value);
  if (field.lenEq !== undefined && length !== field.lenEq) return `length must be ${String(field.lenEq)}`;
  if (field.lenMin !== undefined && length < field.lenMin) return `length must be at least ${String(field.lenMin)}`;
  if (field.lenMax !== undefined && length > field.lenMax) return `length must be at most ${String(field.lenMax)}`;
  return undefined;
}

function includes(value: Json, wanted: Json): boolean {
  return Array.isArray(value) && value.some((item) => luaEquals(item, wanted));
}

// The subsets are named in the order in which the value touches them.
function checkSubsets(field: Field, value: Json): string | undefined {
  const subsets = field.mutuallyExclusiveSubsets;
  if (subsets === undefined || !Array.isArray(value)) return undefined;
  const touched = new Set(value.flatMap((item) => subsets.filter((subset) => subset.includes(item as string))));
  if (touched.size < 2) return undefined;
  const shown = [...touched].map((subset) => `(${subset.map((member) => `'${member}'`).join(", ")})`).join(", ");
  return `these sets are mutually exclusive: ${shown}`;
}

function isRegex(value: string): boolean {
  try {
    new RegExp(value);
    return true;
  } catch {
    return false;
  }
}
