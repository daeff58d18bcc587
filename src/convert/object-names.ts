/** Longest name that leaves room for what is put behind it. */
const LONGEST = 200;

/** Names of Kubernetes objects made of Kong's names: valid, and each once a kind. */
export class ObjectNames {
  readonly #taken = new Set<string>();

  /** `users`, and `users-2` for the next that would be called so. */
  take(kind: string, wanted: string): string {
    const base = objectName(wanted);
    let name = base;
    for (let count = 2; this.#taken.has(`${kind}/${name}`); count++) name = `${base}-${count}`;
    this.#taken.add(`${kind}/${name}`);
    return name;
  }
}

/** The text as the name of an object: lower-case letters, digits, `-` and `.`. */
export function objectName(text: string): string {
  const plain = text
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^-.a-z0-9]+/g, "-")
    .replaceAll(/[-.]*\.[-.]*/g, ".")
    .slice(0, LONGEST)
    .replaceAll(/^[-.]+|[-.]+$/g, "");
  return plain === "" ? "unnamed" : plain;
}
