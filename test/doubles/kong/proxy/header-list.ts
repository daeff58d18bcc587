/**
 * HTTP headers in the order and spelling in which they go over the wire; names are compared without case.
 *
 * Node's own header objects lose the spelling (incoming) or the order of repeated names, and both are visible to a
 * backend behind a gateway.
 */
export class HeaderList {
  #entries: [name: string, value: string][] = [];

  /** @param raw Name and value in turn, as `IncomingMessage.rawHeaders`. */
  static fromRaw(raw: readonly string[]): HeaderList {
    const list = new HeaderList();
    for (let i = 0; i + 1 < raw.length; i += 2) list.add(raw[i] as string, raw[i + 1] as string);
    return list;
  }

  /** All values of the name, in order. */
  all(name: string): string[] {
    const wanted = name.toLowerCase();
    return this.#entries.filter(([key]) => key.toLowerCase() === wanted).map(([, value]) => value);
  }

  get(name: string): string | undefined {
    return this.all(name)[0];
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  add(name: string, value: string): void {
    this.#entries.push([name, value]);
  }

  /** Replaces all values of the name, at the place of the first one. */
  set(name: string, value: string): void {
    const wanted = name.toLowerCase();
    const at = this.#entries.findIndex(([key]) => key.toLowerCase() === wanted);
    if (at < 0) {
      this.add(name, value);
      return;
    }
    this.#entries[at] = [name, value];
    this.#entries = this.#entries.filter(([key], i) => i <= at || key.toLowerCase() !== wanted);
  }

  delete(name: string): void {
    const wanted = name.toLowerCase();
    this.#entries = this.#entries.filter(([key]) => key.toLowerCase() !== wanted);
  }

  entries(): readonly (readonly [name: string, value: string])[] {
    return this.#entries;
  }

  /** Name and value in turn, as `http.request` and `writeHead` take them. */
  toRaw(): string[] {
    return this.#entries.flat();
  }

  /** Lower-case names; several values are joined as in a log entry. */
  toRecord(): Record<string, string> {
    const record: Record<string, string> = {};
    for (const [name, value] of this.#entries) {
      const key = name.toLowerCase();
      record[key] = record[key] === undefined ? value : `${record[key]}, ${value}`;
    }
    return record;
  }

  /** Bytes on the wire: each header with its separator and line end. */
  get sizeBytes(): number {
    return this.#entries.reduce(
      (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value) + 4,
      0,
    );
  }
}
