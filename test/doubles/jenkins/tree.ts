/** A JSON object of Jenkins' API. */
export type Node = { readonly [name: string]: unknown };

/** `tree=` that cannot be read: Jenkins answers 500. */
export class TreeSyntaxError extends Error {}

interface Field {
  readonly name: string;
  readonly fields: readonly Field[] | undefined;
  readonly range: readonly [number, number] | undefined;
}

/**
 * What `tree=` leaves of an object: `builds[number,result]{0,2}`, `actions[*]`. `_class` always stays, unknown names are
 * left out without a word. Source: Jenkins, "Remote access API".
 */
export function applyTree(node: unknown, tree: string): unknown {
  const parser = new TreeParser(tree);
  return select(node, parser.parse());
}

function select(value: unknown, fields: readonly Field[] | undefined): unknown {
  if (Array.isArray(value)) return value.map((item) => select(item, fields));
  if (typeof value !== "object" || value === null) return value;
  const node = value as Node;
  const chosen: Record<string, unknown> = "_class" in node ? { _class: node["_class"] } : {};
  for (const { name, fields: inner, range } of fields ?? []) {
    for (const key of name === "*" ? Object.keys(node) : [name]) {
      if (!(key in node)) continue;
      const list = node[key];
      const part = range && Array.isArray(list) ? list.slice(...range) : list;
      chosen[key] = name === "*" && inner === undefined ? part : select(part, inner);
    }
  }
  return chosen;
}

class TreeParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Field[] {
    const fields = this.#list();
    if (this.#at < this.#text.length) throw new TreeSyntaxError(this.#text);
    return fields;
  }

  #list(): Field[] {
    const fields: Field[] = [];
    do {
      const name = /[^,[\]{}]*/y;
      name.lastIndex = this.#at;
      const found = name.exec(this.#text)?.[0] ?? "";
      this.#at += found.length;
      let inner: Field[] | undefined;
      if (this.#take("[")) {
        inner = this.#list();
        if (!this.#take("]")) throw new TreeSyntaxError(this.#text);
      }
      fields.push({ name: found.trim(), fields: inner, range: this.#range() });
    } while (this.#take(","));
    return fields;
  }

  #range(): [number, number] | undefined {
    if (!this.#take("{")) return undefined;
    const end = this.#text.indexOf("}", this.#at);
    if (end < 0) throw new TreeSyntaxError(this.#text);
    const [from = "", to] = this.#text.slice(this.#at, end).split(",");
    this.#at = end + 1;
    if (to === undefined) return [Number(from), Number(from) + 1];
    return [from === "" ? 0 : Number(from), to === "" ? Number.MAX_SAFE_INTEGER : Number(to)];
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }
}
