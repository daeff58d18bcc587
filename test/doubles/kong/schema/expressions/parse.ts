/** What stands on the right of a comparison. */
export type Literal =
  | { readonly type: "String"; readonly text: string; readonly from: number; readonly to: number }
  | { readonly type: "Int" | "IpAddr" | "IpCidr"; readonly from: number; readonly to: number };

/** One comparison of an expression. */
export interface Predicate {
  readonly field: string;
  readonly functions: readonly string[];
  readonly operator: string;
  readonly literal: Literal;
}

/** An expression that cannot be read; the message shows the place as Kong's parser does. */
export class ExpressionError extends Error {}

const OPERATORS = ["==", "!=", "~", "^=", "=^", ">=", ">", "<=", "<", "in", "not in", "contains"];

/**
 * Reads an expression and returns its comparisons; how they are combined does not matter for judging it.
 * @throws ExpressionError
 */
export function parseExpression(source: string): readonly Predicate[] {
  const parser = new Parser(source);
  parser.expression();
  parser.end();
  return parser.predicates;
}

class Parser {
  readonly predicates: Predicate[] = [];
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  expression(): void {
    this.#term();
    while (this.#take(/&&|\|\|/y) !== undefined) this.#term();
  }

  end(): void {
    this.#space();
    if (this.#at < this.#source.length) this.#fail("EOI, and_op, or or_op");
  }

  #term(): void {
    this.#space();
    const start = this.#at;
    const open = /!?\s*\(/y;
    open.lastIndex = start;
    if (open.test(this.#source)) {
      this.#at = open.lastIndex;
      this.expression();
      if (this.#take(/\)/y) === undefined) this.#fail("and_op or or_op");
      return;
    }
    const { field, functions } = this.#left();
    this.predicates.push({ field, functions, operator: this.#operator(), literal: this.#literal() });
  }

  #left(): { field: string; functions: string[] } {
    this.#space();
    const start = this.#at;
    const name = this.#take(/[A-Za-z][A-Za-z0-9._]*(?:\.\*)?/y);
    if (name === undefined) this.#fail("term", start);
    if (this.#take(/\(/y) === undefined) return { field: name, functions: [] };
    const inner = this.#left();
    if (this.#take(/\)/y) === undefined) this.#fail("lhs");
    if (name !== "lower" && name !== "any") {
      throw new ExpressionError(showSpan(this.#source, start, this.#at, `unknown transformation function: ${name}`));
    }
    return { field: inner.field, functions: [...inner.functions, name] };
  }

  #operator(): string {
    const operator = this.#take(/==|!=|~|\^=|=\^|>=|>|<=|<|not\s+in\b|in\b|contains\b/y)?.replace(/\s+/, " ");
    if (operator === undefined || !OPERATORS.includes(operator)) this.#fail("binary_operator");
    return operator;
  }

  #literal(): Literal {
    this.#space();
    const from = this.#at;
    const raw = this.#take(/r#"(?:(?!"#)[\s\S])*"#/y);
    if (raw !== undefined) return { type: "String", text: raw.slice(3, -2), from, to: this.#at };
    const text = this.#take(/"(?:[^"\\]|\\["\\nrt])*"/y);
    if (text !== undefined) return { type: "String", text: unescape(text.slice(1, -1)), from, to: this.#at };
    const address = this.#take(/(?:\d{1,3}\.){3}\d{1,3}(?:\/\d{1,2})?|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+(?:\/\d{1,3})?/y);
    if (address !== undefined) return { type: address.includes("/") ? "IpCidr" : "IpAddr", from, to: this.#at };
    const number = this.#take(/-?(?:0x[0-9A-Fa-f]+|\d+)/y);
    if (number === undefined) this.#fail("rhs");
    return { type: "Int", from, to: this.#at };
  }

  #space(): void {
    while (/\s/.test(this.#source.charAt(this.#at))) this.#at++;
  }

  #take(pattern: RegExp): string | undefined {
    this.#space();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #fail(expected: string, at = this.#at): never {
    throw new ExpressionError(showPlace(this.#source, at, "^---", `expected ${expected}`));
  }
}

/** An error about a part of the expression, underlined. */
export function showSpan(source: string, from: number, to: number, message: string): string {
  const length = Math.max(1, to - from);
  const mark = length === 1 ? "^" : `^${"-".repeat(length - 2)}^`;
  return showPlace(source, from, mark, message);
}

function showPlace(source: string, at: number, mark: string, message: string): string {
  const before = source.slice(0, at).split("\n");
  const line = String(before.length);
  const column = (before.at(-1) ?? "").length + 1;
  const text = source.split("\n")[before.length - 1] ?? "";
  const margin = " ".repeat(line.length);
  return [
    `${margin}--> ${line}:${String(column)}`,
    `${margin} |`,
    `${line} | ${text}`,
    `${margin} | ${" ".repeat(column - 1)}${mark}`,
    `${margin} |`,
    `${margin} = ${message}`,
  ].join("\n");
}

function unescape(text: string): string {
  const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };
  return text.replace(/\\(.)/g, (_match, char: string) => escapes[char] ?? char);
}
