import { isJsonObject } from "../model/json.ts";
import type { CustomResource, KubeObject, ObjectMeta } from "./resource.ts";

/** Of more different values hardly any is shared. */
const MOST_VALUES = 500;

/**
 * One instance of what is the same in thousands of objects: the conditions of those that are well, finalizers, and the
 * strings that every object carries. They are the larger part of a cached object that has a status.
 *
 * Guarantee: memory is bounded; what has been dropped here is merely not shared with what comes later.
 * Assumption: nobody changes a cached object.
 */
export class SharedValues {
  /** By their JSON. */
  readonly #values = new Map<string, unknown>();

  /** A copy of the object with shared values in the place of equal ones. */
  shareIn<T extends KubeObject>(object: T): T {
    const copy: T = { ...object, apiVersion: this.#share(object.apiVersion), kind: this.#share(object.kind) };
    const { namespace, finalizers } = object.metadata;
    const metadata: ObjectMeta = {
      ...object.metadata,
      ...(namespace === undefined ? {} : { namespace: this.#share(namespace) }),
      ...(finalizers === undefined ? {} : { finalizers: this.#share(finalizers) }),
    };
    const { status } = object as unknown as CustomResource;
    if (!isJsonObject(status) || status["conditions"] === undefined) return { ...copy, metadata };
    return { ...copy, metadata, status: { ...status, conditions: this.#share(status["conditions"]) } };
  }

  #share<T>(value: T): T {
    const text = JSON.stringify(value);
    const known = this.#values.get(text);
    if (known !== undefined) return known as T;
    if (this.#values.size >= MOST_VALUES) this.#values.clear();
    this.#values.set(text, value);
    return value;
  }
}
