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
  /** Values by their first characters, longest first, so that a text is scanned once however many values there are. */
  readonly #byPrefix = new Map<string, string[]>();

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
    const candidates = this.#byPrefix.get(text.slice(index, index + PREFIX_LENGTH));
    return candidates?.find((value) => text.startsWith(value, index));
  }

  #hold(value: string): void {
    const holders = this.#holders.get(value) ?? 0;
    this.#holders.set(value, holders + 1);
    if (holders > 0) return;
    const prefix = value.slice(0, PREFIX_LENGTH);
    const values = [...(this.#byPrefix.get(prefix) ?? []), value].sort((a, b) => b.length - a.length);
    this.#byPrefix.set(prefix, values);
  }

  #release(value: string): void {
    const holders = this.#holders.get(value) ?? 0;
    if (holders > 1) {
      this.#holders.set(value, holders - 1);
      return;
    }
    this.#holders.delete(value);
    const prefix = value.slice(0, PREFIX_LENGTH);
    const rest = (this.#byPrefix.get(prefix) ?? []).filter((other) => other !== value);
    if (rest.length === 0) this.#byPrefix.delete(prefix);
    else this.#byPrefix.set(prefix, rest);
  }
}
