/** Shorter values would blot out ordinary text. */
const SHORTEST_LENGTH = 5;
const PREFIX_LENGTH = 4;

export const REDACTED = "[redacted]";

/**
 * Values that must not appear in any text that leaves the process, by who holds them.
 *
 * Guarantee: {@link redact} replaces each remembered value, and its base64 and URL-encoded form.
 * Assumption: values shorter than 5 characters are no secrets worth the name; they are not replaced.
 */
export class SecretValues {
  readonly #byOwner = new Map<string, readonly string[]>();
  /** How many owners hold the value. */
  readonly #holders = new Map<string, number>();
  /** Lengths of the values by their first characters, so that a text is scanned once however many values there are. */
  readonly #byPrefix = new Map<string, Lengths>();

  /** Replaces what is remembered for the owner, such as `Secret/team-a/api-key`. */
  remember(owner: string, values: Iterable<string>): void {
    const forms = new Set<string>();
    for (const value of values) {
      if (value.trim().length < SHORTEST_LENGTH) continue;
      forms.add(value.trim());
      forms.add(Buffer.from(value).toString("base64"));
      forms.add(encodeURIComponent(value));
    }
    const earlier = this.#byOwner.get(owner) ?? [];
    for (const form of forms) this.#hold(form);
    for (const form of earlier) this.#release(form);
    if (forms.size === 0) this.#byOwner.delete(owner);
    else this.#byOwner.set(owner, [...forms]);
  }

  forget(owner: string): void {
    this.remember(owner, []);
  }

  /** The text with every remembered value replaced. Costs one look-up a character. */
  redact(text: string): string {
    if (this.#byPrefix.size === 0 || text.length < SHORTEST_LENGTH) return text;
    let result = "";
    let copiedTo = 0;
    for (let index = 0; index + PREFIX_LENGTH <= text.length;) {
      const value = this.#valueAt(text, index);
      if (value === undefined) {
        index++;
        continue;
      }
      result += text.slice(copiedTo, index) + REDACTED;
      index += value.length;
      copiedTo = index;
    }
    return copiedTo === 0 ? text : result + text.slice(copiedTo);
  }

  #valueAt(text: string, index: number): string | undefined {
    const lengths = this.#byPrefix.get(text.slice(index, index + PREFIX_LENGTH));
    for (const length of lengths?.longestFirst ?? []) {
      const value = text.slice(index, index + length);
      if (value.length === length && this.#holders.has(value)) return value;
    }
    return undefined;
  }

  #hold(value: string): void {
    const holders = this.#holders.get(value) ?? 0;
    this.#holders.set(value, holders + 1);
    if (holders > 0) return;
    const prefix = value.slice(0, PREFIX_LENGTH);
    const lengths = this.#byPrefix.get(prefix) ?? new Lengths();
    lengths.add(value.length);
    this.#byPrefix.set(prefix, lengths);
  }

  #release(value: string): void {
    const holders = this.#holders.get(value) ?? 0;
    if (holders > 1) {
      this.#holders.set(value, holders - 1);
      return;
    }
    this.#holders.delete(value);
    const prefix = value.slice(0, PREFIX_LENGTH);
    const lengths = this.#byPrefix.get(prefix);
    lengths?.remove(value.length);
    if (lengths?.longestFirst.length === 0) this.#byPrefix.delete(prefix);
  }
}

/**
 * How many values have which length. One Secret can hold tens of thousands of values that begin alike; whoever fills it
 * so must not hold up everyone: each further value costs the same.
 */
class Lengths {
  readonly #counts = new Map<number, number>();
  longestFirst: readonly number[] = [];

  add(length: number): void {
    const count = this.#counts.get(length) ?? 0;
    this.#counts.set(length, count + 1);
    if (count === 0) this.longestFirst = [...this.#counts.keys()].sort((a, b) => b - a);
  }

  remove(length: number): void {
    const count = this.#counts.get(length) ?? 0;
    if (count > 1) {
      this.#counts.set(length, count - 1);
      return;
    }
    this.#counts.delete(length);
    this.longestFirst = this.longestFirst.filter((each) => each !== length);
  }
}
