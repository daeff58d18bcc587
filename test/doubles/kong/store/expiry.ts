import type { JsonObject } from "../../../../src/model/json.ts";
import type { Store } from "./store.ts";

/** Credentials with a time to live: shows what is left of it, and removes them when it is over. */
export class Expiry {
  readonly #store: Store;
  /** Milliseconds since the epoch, by id. */
  readonly #endsMs = new Map<string, number>();

  constructor(store: Store) {
    this.#store = store;
  }

  expire(type: string, id: string, seconds: number): void {
    const endMs = Date.now() + seconds * 1000;
    this.#endsMs.set(id, endMs);
    // The longest delay of a timer is about 24 days; who waits longer than that has other troubles.
    const timer = setTimeout(
      () => {
        if (this.#endsMs.get(id) === endMs) this.#remove(type, id);
      },
      Math.min(seconds * 1000, 2 ** 31 - 1),
    );
    timer.unref();
  }

  show(row: JsonObject): JsonObject {
    if (typeof row["ttl"] !== "number") return row;
    const endMs = this.#endsMs.get(row["id"] as string);
    return endMs === undefined ? row : { ...row, ttl: Math.max(0, Math.floor((endMs - Date.now() - 1) / 1000)) };
  }

  #remove(type: string, id: string): void {
    this.#endsMs.delete(id);
    if (this.#store.table(type).rows.has(id)) this.#store.remove(type, id);
  }
}
