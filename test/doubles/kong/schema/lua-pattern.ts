/**
 * Kong's schemas carry Lua patterns; this turns one into a regular expression.
 * Covered: character classes (`%a %d %w …` and their negations), sets, anchors, `* + - ?`, captures and escapes.
 * Not covered, because no schema uses them: `%b`, `%f` and back references.
 */
export function luaPattern(pattern: string): RegExp {
  const known = cache.get(pattern);
  if (known !== undefined) return known;
  const compiled = new RegExp(translate(pattern), "s");
  cache.set(pattern, compiled);
  return compiled;
}

const cache = new Map<string, RegExp>();

const CLASSES: Readonly<Record<string, string>> = {
  a: "A-Za-z",
  c: "\\x00-\\x1f\\x7f",
  d: "0-9",
  l: "a-z",
  p: "!-\\/:-@\\[-`{-~",
  s: "\\t-\\r ",
  u: "A-Z",
  w: "A-Za-z0-9",
  x: "A-Fa-f0-9",
};

function translate(pattern: string): string {
  let out = "";
  let inSet = false;
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern.charAt(i);
    if (char === "%") {
      out += escaped(pattern.charAt(++i), inSet);
    } else if (inSet) {
      if (char === "]") inSet = false;
      out += char === "\\" || char === "[" ? `\\${char}` : char;
    } else if (char === "[") {
      inSet = true;
      out += char;
    } else if (char === "-") {
      out += "*?";
    } else if (char === "^" && i > 0) {
      out += "\\^";
    } else if (char === "$" && i < pattern.length - 1) {
      out += "\\$";
    } else {
      out += "{}|/\\".includes(char) ? `\\${char}` : char;
    }
  }
  return out;
}

function escaped(char: string, inSet: boolean): string {
  const members = CLASSES[char.toLowerCase()];
  if (members === undefined) return /[A-Za-z0-9]/.test(char) ? char : `\\${char}`;
  const negated = char !== char.toLowerCase();
  if (inSet && !negated) return members;
  return `[${negated ? "^" : ""}${members}]`;
}
