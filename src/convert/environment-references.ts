/*
 * decK puts values of the environment into the text of a file before it reads it as YAML: `${{ env "DECK_KEY" }}`, perhaps
 * through `toInt`, `toBool`, `toFloat` or `indent 6`. Source: decK, "Environment variables".
 */

/** Stands for a reference until the file has been read; what no file holds by chance. */
const TOKEN = /kjo-env-reference-(DECK_\w+?)-end/;
const REFERENCE = /\$\{\{\s*env\s+"([^"]*)"((?:\s*\|\s*\w+(?:\s+\d+)?)*)\s*\}\}/g;

export class ReferenceError extends Error {
  override readonly name = "ReferenceError";
}

/**
 * The text with its references resolved, as decK does it.
 * @throws ReferenceError naming the variable that is not set, or does not begin with DECK_.
 */
export function resolveReferences(text: string, variable: (name: string) => string | undefined): string {
  return replaceReferences(text, (name, filters) => {
    const value = variable(name);
    if (value === undefined) throw new ReferenceError(`the environment variable ${name} is not set`);
    const indent = /indent\s+(\d+)/.exec(filters)?.[1];
    return indent === undefined ? value : value.replaceAll("\n", `\n${" ".repeat(Number(indent))}`);
  });
}

/**
 * The text with a token for each reference, which {@link referenceIn} finds again.
 * @throws ReferenceError
 */
export function markReferences(text: string): string {
  return replaceReferences(text, (name) => `kjo-env-reference-${name}-end`);
}

function replaceReferences(text: string, replace: (name: string, filters: string) => string): string {
  return text.replaceAll(REFERENCE, (_all, name: string, filters: string) => {
    if (!/^DECK_\w+$/.test(name))
      throw new ReferenceError(`${JSON.stringify(name)}: only variables that begin with DECK_ can be named`);
    return replace(name, filters);
  });
}

/** The variable that a value stands for; undefined where it is a value. */
export function referenceIn(value: unknown): string | undefined {
  return typeof value === "string" ? TOKEN.exec(value)?.[1] : undefined;
}

/** The variable that a value consists of. */
export function wholeReferenceIn(value: string): string | undefined {
  const name = referenceIn(value);
  return name !== undefined && value.replace(TOKEN, "").trim() === "" ? name : undefined;
}

/** The value with what its references stand for; undefined where one of them is not set. */
export function resolveValue(value: string, variable: (name: string) => string | undefined): string | undefined {
  let result = value;
  for (let name = referenceIn(result); name !== undefined; name = referenceIn(result)) {
    const found = variable(name);
    if (found === undefined) return undefined;
    result = result.replace(TOKEN, () => found);
  }
  return result;
}
