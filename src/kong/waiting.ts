import { formatKey, type ObjectKey } from "../model/object-key.ts";

/** Objects that can go on only when something happens to an entity of the mirror. */
export class Waiting {
  readonly #byEntity = new Map<string, Map<string, ObjectKey>>();

  /** `owner` is to be told when the entity with this id appears, changes or goes. */
  add(entityId: string, owner: ObjectKey): void {
    const owners = this.#byEntity.get(entityId) ?? new Map<string, ObjectKey>();
    owners.set(formatKey(owner), owner);
    this.#byEntity.set(entityId, owners);
  }

  /** Those who waited for the entity; they do no longer. */
  take(entityId: string): ObjectKey[] {
    const owners = this.#byEntity.get(entityId);
    if (!owners) return [];
    this.#byEntity.delete(entityId);
    return [...owners.values()];
  }

  clear(): void {
    this.#byEntity.clear();
  }
}
