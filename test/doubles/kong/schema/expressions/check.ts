import type { JsonObject } from "../../../../../src/model/json.ts";
import { isNonEmpty } from "../lua-value.ts";
import { routeExpression } from "./build.ts";
import type { Predicate } from "./parse.ts";
import { ExpressionError, parseExpression, showSpan } from "./parse.ts";

const CLASSIC = ["snis", "sources", "destinations", "methods", "hosts", "paths", "headers"];
const CLASSIC_SHOWN = "'methods', 'hosts', 'paths', 'headers', 'snis', 'sources' or 'destinations'";
const PREFIX = "Router Expression failed validation: ";

const SEGMENTS = "http.path.segments.";

/** Judges a route as the router will read it: by an expression, its own or one made of its classic fields. */
export function checkRouteExpression(route: JsonObject): string | undefined {
  const hasExpression = route["expression"] !== undefined && route["expression"] !== null;
  const hasClassic = CLASSIC.some((name) => isNonEmpty(route[name]));
  if (!hasExpression && !hasClassic) return undefined;
  if (hasExpression && hasClassic) return `${PREFIX}cannot set 'expression' with ${CLASSIC_SHOWN} simultaneously`;
  if (hasExpression && isSet(route["regex_priority"])) {
    return `${PREFIX}cannot set 'regex_priority' with 'expression' simultaneously`;
  }
  if (hasClassic && isSet(route["priority"])) {
    return `${PREFIX}cannot set 'priority' with ${CLASSIC_SHOWN} simultaneously`;
  }
  const problem = judge(routeExpression(route));
  return problem === undefined ? undefined : PREFIX + problem;
}

function isSet(value: JsonObject[string] | undefined): boolean {
  return value !== undefined && value !== null && value !== 0;
}

function judge(source: string): string | undefined {
  try {
    const predicates = parseExpression(source);
    for (const predicate of predicates) {
      const problem = judgePredicate(source, predicate);
      if (problem !== undefined) return problem;
    }
    return predicates.some(({ field }) => isIllFormedSegment(field))
      ? "illformed http.path.segments.* field"
      : undefined;
  } catch (error) {
    if (error instanceof ExpressionError) return error.message;
    throw error;
  }
}

function judgePredicate(source: string, { field, functions, operator, literal }: Predicate): string | undefined {
  if (operator === "~" && literal.type !== "String") {
    return showSpan(source, literal.from, literal.to, "regex operator can only be used with String operands");
  }
  const type = typeOf(field);
  if (type === undefined) return "Unknown LHS field";
  if (functions.includes("lower") && type !== "String") {
    return "lower-case transformation function only supported with String type fields";
  }
  switch (operator) {
    case "in":
    case "not in":
      return type === "IpAddr" && literal.type === "IpCidr" ? undefined : "In/NotIn operators only supports IP in CIDR";
    case "==":
    case "!=":
    case "contains":
    case "~":
      if (type !== literal.type) return "Type mismatch between the LHS and RHS values of predicate";
      return operator === "contains" && literal.type !== "String"
        ? "Contains operator only supports string operands"
        : undefined;
    case "^=":
    case "=^":
      if (type !== literal.type) return "Type mismatch between the LHS and RHS values of predicate";
      return literal.type === "String" ? undefined : "Regex/Prefix/Postfix operators only supports string operands";
    default:
      if (type !== literal.type) return "Type mismatch between the LHS and RHS values of predicate";
      return literal.type === "Int"
        ? undefined
        : "Greater/GreaterOrEqual/Lesser/LesserOrEqual operators only supports integer operands";
  }
}

function typeOf(field: string): "String" | "Int" | "IpAddr" | undefined {
  if (field === "net.src.ip" || field === "net.dst.ip") return "IpAddr";
  if (field === "net.src.port" || field === "net.dst.port" || field === "http.path.segments.len") return "Int";
  const texts = ["net.protocol", "tls.sni", "http.method", "http.host", "http.path"];
  if (texts.includes(field)) return "String";
  return /^http\.(headers|queries|path\.segments)\../.test(field) ? "String" : undefined;
}

function isIllFormedSegment(field: string): boolean {
  if (!field.startsWith(SEGMENTS)) return false;
  const suffix = field.slice(SEGMENTS.length);
  if (suffix === "len") return false;
  const match = /^(0|[1-9]\d*)(?:_([1-9]\d*))?$/.exec(suffix);
  return match === null || (match[2] !== undefined && Number(match[1]) >= Number(match[2]));
}
