import type { KubeObject } from "./resource.ts";

/** The values under which an index finds the object. */
export type IndexFunction<T> = (object: T) => readonly string[];

/** Objects by namespace and name, with indexes that follow every change. */
export class ObjectStore<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  readonly #indexFunctions: ReadonlyMap<string, IndexFunction<T>>;
  /** Index name -> value -> keys. No set is empty. */
  readonly #indexes = new Map<string, Map<string, Set<string>>>();

  constructor(indexFunctions: Readonly<Record<string, IndexFunction<T>>> = {}) {
    this.#indexFunctions = new Map(Object.entries(indexFunctions));
    for (const name of this.#indexFunctions.keys()) this.#indexes.set(name, new Map());
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  values(): IterableIterator<T> {
    return this.#objects.values();
  }

  /** @throws Error when there is no such index. */
  byIndex(index: string, value: string): T[] {
    const values = this.#indexes.get(index);
    if (!values) throw new Error(`no index ${JSON.stringify(index)}`);
    const found: T[] = [];
    for (const key of values.get(value) ?? []) {
      const object = this.#objects.get(key);
      if (object) found.push(object);
    }
    return found;
  }

  set(object: T): void {
    const key = storeKeyOf(object);
    const old = this.#objects.get(key);
    this.#objects.set(key, object);
    for (const [name, index] of this.#indexes) {
      const valuesOf = this.#indexFunctions.get(name)!;
      if (old) removeFrom(index, valuesOf(old), key);
      for (const value of valuesOf(object)) {
        const keys = index.get(value);
        if (keys) keys.add(key);
        else index.set(value, new Set([key]));
      }
    }
  }

  delete(key: string): void {
    const old = this.#objects.get(key);
    if (!old) return;
    this.#objects.delete(key);
    for (const [name, index] of this.#indexes) removeFrom(index, this.#indexFunctions.get(name)!(old), key);
  }
}

/** `team-a/users`; `/default` for the cluster-scoped. */
export function storeKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

export function storeKeyOf(object: KubeObject): string {
  return storeKey(object.metadata.namespace ?? "", object.metadata.name);
}

function removeFrom(index: Map<string, Set<string>>, values: readonly string[], key: string): void {
  for (const value of values) {
    const keys = index.get(value);
    keys?.delete(key);
    if (keys?.size === 0) index.delete(value);
  }
}
