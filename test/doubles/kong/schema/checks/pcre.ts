/**
 * The complaint of Kong's regular expression engine, undefined where there is none.
 * JavaScript decides whether the expression is fine; the wording for the common faults is PCRE's own.
 */
export function pcreError(pattern: string): string | undefined {
  try {
    new RegExp(toJavaScript(pattern));
    return undefined;
  } catch {
    const { message, offset } = faultOf(pattern);
    const rest = offset === undefined || offset >= pattern.length ? "" : ` at "${pattern.slice(offset)}"`;
    return `pcre2_compile() failed: ${message} in "${pattern}"${rest}`;
  }
}

// The spellings that PCRE knows and JavaScript does not.
function toJavaScript(pattern: string): string {
  return pattern
    .replaceAll("(?P<", "(?<")
    .replace(/^\(\?[a-z]+\)/, "")
    .replace(/\((\?>|\?\|)/g, "(?:")
    .replace(/([*+?}])\+/g, "$1")
    .replaceAll("\\A", "^")
    .replaceAll("\\z", "$")
    .replaceAll("\\Z", "$")
    .replace(/\[\[:(\w+):\]\]/g, "\\w");
}

function faultOf(pattern: string): { message: string; offset?: number } {
  let depth = 0;
  let canRepeat = false;
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern.charAt(i);
    if (char === "\\") {
      if (i === pattern.length - 1) return { message: "\\ at end of pattern" };
      i++;
    } else if (char === "[") {
      const close = pattern.indexOf("]", pattern.charAt(i + 1) === "^" ? i + 3 : i + 2);
      if (close < 0) return { message: "missing terminating ] for character class" };
      i = close;
    } else if (char === "(") {
      depth++;
      canRepeat = false;
      continue;
    } else if (char === ")") {
      if (depth === 0) return { message: "unmatched closing parenthesis", offset: i };
      depth--;
    } else if ("*+?".includes(char) && !canRepeat) {
      return { message: "quantifier does not follow a repeatable item", offset: i };
    }
    canRepeat = char !== "|" && char !== "^";
  }
  return { message: depth > 0 ? "missing closing parenthesis" : "internal error" };
}
