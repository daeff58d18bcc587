import type { Rule } from "../rules.ts";
import { isSet } from "../rules.ts";
import type { KongUpstreamFields } from "./kong-upstream.ts";

type HashInput = NonNullable<KongUpstreamFields["hash_on"]>;
type HashField = Extract<keyof KongUpstreamFields, `hash_${string}`>;

/** What an input needs to know where to look. A cookie serves both places by one name, because it ends the search. */
const NEEDED: readonly { place: "hash_on" | "hash_fallback"; input: HashInput; field: HashField }[] = [
  { place: "hash_on", input: "header", field: "hash_on_header" },
  { place: "hash_on", input: "cookie", field: "hash_on_cookie" },
  { place: "hash_on", input: "query_arg", field: "hash_on_query_arg" },
  { place: "hash_on", input: "uri_capture", field: "hash_on_uri_capture" },
  { place: "hash_fallback", input: "header", field: "hash_fallback_header" },
  { place: "hash_fallback", input: "cookie", field: "hash_on_cookie" },
  { place: "hash_fallback", input: "query_arg", field: "hash_fallback_query_arg" },
  { place: "hash_fallback", input: "uri_capture", field: "hash_fallback_uri_capture" },
];

const DISTINCT: readonly [HashField, HashField][] = [
  ["hash_on_header", "hash_fallback_header"],
  ["hash_on_query_arg", "hash_fallback_query_arg"],
  ["hash_on_uri_capture", "hash_fallback_uri_capture"],
];

/** Inputs that as a fallback say nothing new beside themselves; another header, argument or capture does. */
const SAME_IS_POINTLESS: readonly HashInput[] = ["consumer", "ip", "path"];

/**
 * Kong's own checks on an upstream.
 * Source: `entity_checks` of Kong 3.9 `GET /schemas/upstreams`.
 */
export const upstreamRules: readonly Rule<KongUpstreamFields>[] = [
  ...NEEDED.map(({ place, input, field }) => ({
    cel: `!has(self.${place}) || self.${place} != '${input}' || has(self.${field})`,
    message: `${field} must be set when ${place} is ${input}`,
    at: field,
    holds: (spec: KongUpstreamFields) => spec[place] !== input || isSet(spec[field]),
  })),
  {
    cel:
      "!has(self.hash_fallback) || self.hash_fallback == 'none' || " +
      "(has(self.hash_on) && !(self.hash_on in ['none', 'cookie']))",
    message:
      "hash_fallback must be none or absent when hash_on is none (the default) or cookie: there is nothing to fall back from",
    at: "hash_fallback",
    holds: ({ hash_on, hash_fallback }) =>
      !isSet(hash_fallback) ||
      hash_fallback === "none" ||
      (isSet(hash_on) && hash_on !== "none" && hash_on !== "cookie"),
  },
  {
    cel: `!has(self.hash_fallback) || !has(self.hash_on) || self.hash_on != self.hash_fallback || !(self.hash_on in [${SAME_IS_POINTLESS.map((input) => `'${input}'`).join(", ")}])`,
    message: "hash_fallback must be another input than hash_on",
    at: "hash_fallback",
    holds: ({ hash_on, hash_fallback }) =>
      hash_on === undefined || hash_on !== hash_fallback || !SAME_IS_POINTLESS.includes(hash_on),
  },
  ...DISTINCT.map(([first, second]) => ({
    cel: `!has(self.${first}) || !has(self.${second}) || self.${first} != self.${second}`,
    message: `${second} must differ from ${first}`,
    at: second,
    holds: (spec: KongUpstreamFields) => !isSet(spec[first]) || spec[first] !== spec[second],
  })),
];
