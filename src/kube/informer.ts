import type { BackoffOptions } from "../runtime/backoff.ts";
import type { Logger } from "../runtime/logger.ts";
import type { KubeClient } from "./client.ts";
import { ObjectStore, storeKey, storeKeyOf, type IndexFunction } from "./object-store.ts";
import { Reflector, type ListWatchSource, type ReflectorIncident, type ReflectorSink } from "./reflector.ts";
import { compareResourceVersions, type KubeObject, type ObjectMeta, type ResourceType } from "./resource.ts";
import { SharedValues } from "./shared-values.ts";

/** One change of the cache. `object` is the last known state where it was deleted. */
export type InformerEvent<T> =
  | { readonly type: "added"; readonly object: T }
  | { readonly type: "updated"; readonly object: T; readonly old: T }
  | { readonly type: "deleted"; readonly object: T };

export type InformerHandler<T> = (event: InformerEvent<T>) => void;

export interface InformerOptions<T> {
  readonly type: ResourceType;
  readonly client: Pick<KubeClient, "listPages" | "listAtOnce" | "watch">;
  readonly logger: Logger;
  /** Namespaces to watch; all where absent or empty, and always for cluster-scoped kinds. */
  readonly namespaces?: readonly string[];
  readonly labelSelector?: string;
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
  /** Changes a fresh object before it is cached; {@link stripBookkeeping} has been done. */
  readonly transform?: (object: T) => T;
  /** Freezes what is handed out, so that a caller who changes it fails. Costs time: for tests. */
  readonly freeze?: boolean;
  readonly onIncident?: (incident: ReflectorIncident) => void;
  readonly backoff?: BackoffOptions;
  readonly silenceMs?: number;
}

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * A cache of one resource that follows the API server.
 *
 * Guarantees: handlers see each change of the cache once, in order, after the cache shows it; a deletion in a gap of the
 * watch is seen; an object never goes back to an older version.
 * Assumption: nobody changes what is handed out; it is shared.
 */
export class Informer<T extends KubeObject> {
  readonly type: ResourceType;
  readonly #options: InformerOptions<T>;
  readonly #store: ObjectStore<T>;
  readonly #reflectors: Reflector<T>[];
  readonly #handlers: InformerHandler<T>[] = [];
  readonly #shared = new SharedValues();
  #whenSynced: (() => void)[] = [];

  constructor(options: InformerOptions<T>) {
    this.type = options.type;
    this.#options = options;
    this.#store = new ObjectStore(options.indexes);
    const namespaces = options.type.namespaced && options.namespaces?.length ? options.namespaces : [""];
    this.#reflectors = [...new Set(namespaces)].map((namespace) => this.#createReflector(namespace));
  }

  /** Objects in the cache. */
  get size(): number {
    return this.#store.size;
  }

  /** True once everything that was there at the start is in the cache. */
  get hasSynced(): boolean {
    return this.#reflectors.every((reflector) => reflector.hasListed);
  }

  /** Why it has not synced or does not follow at the moment; undefined where all is well. */
  get problem(): string | undefined {
    return this.#reflectors.map((reflector) => reflector.problem).find((problem) => problem !== undefined);
  }

  /** `namespace` is "" for a cluster-scoped object. */
  get(namespace: string, name: string): T | undefined {
    return this.#store.get(storeKey(namespace, name));
  }

  list(): T[] {
    return [...this.#store.values()];
  }

  /** @throws Error when the informer has no such index. */
  byIndex(index: string, value: string): T[] {
    return this.#store.byIndex(index, value);
  }

  /** The handler gets what is there already as `added`. It returns soon, and what it throws is logged as a bug. */
  addHandler(handler: InformerHandler<T>): void {
    this.#handlers.push(handler);
    for (const object of this.#store.values()) this.#call(handler, { type: "added", object });
  }

  /** Follows the API server until the signal aborts; resolves when every connection has ended. Never rejects. */
  async start(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.run(signal)));
    this.#tellSynced();
  }

  /** Resolves with true once it has synced, with false when it was stopped before. */
  async waitForSync(): Promise<boolean> {
    if (!this.hasSynced) await new Promise<void>((resolve) => this.#whenSynced.push(resolve));
    return this.hasSynced;
  }

  /**
   * Puts in what the API server answered to our own write, so that the cache is not behind it. Ignored where the cache
   * has a newer version, or no longer this object: a write never brings a deleted object back.
   */
  noteWritten(object: T): void {
    const cached = this.#store.get(storeKeyOf(object));
    if (cached && cached.metadata.uid === object.metadata.uid) this.#upsert(object);
  }

  #createReflector(namespace: string): Reflector<T> {
    const { client, type, labelSelector, logger, onIncident, backoff, silenceMs } = this.#options;
    const scope = { namespace, ...(labelSelector === undefined ? {} : { labelSelector }) };
    const source: ListWatchSource<T> = {
      listPages: (signal) => client.listPages<T>(type, { ...scope, signal }),
      listAtOnce: (signal) => client.listAtOnce<T>(type, { ...scope, signal }),
      watch: (resourceVersion, timeoutSeconds, signal) =>
        client.watch<T>(type, { ...scope, resourceVersion, timeoutSeconds, signal }),
    };
    const sink: ReflectorSink<T> = {
      replace: (objects) => this.#replace(namespace, objects),
      apply: (event, object) => (event === "DELETED" ? this.#remove(object) : this.#upsert(object)),
    };
    return new Reflector<T>({
      source,
      sink,
      logger: logger.child({ resource: type.plural, ...(namespace ? { namespace } : {}) }),
      onState: (state) => state.name === "Watching" && this.#tellSynced(),
      ...(onIncident ? { onIncident } : {}),
      ...(backoff ? { backoff } : {}),
      ...(silenceMs === undefined ? {} : { silenceMs }),
    });
  }

  #tellSynced(): void {
    const stopped = this.#reflectors.every((reflector) => reflector.state === "Stopped");
    if (!this.hasSynced && !stopped) return;
    for (const resolve of this.#whenSynced.splice(0)) resolve();
  }

  #replace(namespace: string, objects: T[]): void {
    const listed = new Set(objects.map(storeKeyOf));
    const gone = this.list().filter(
      (cached) => (namespace === "" || cached.metadata.namespace === namespace) && !listed.has(storeKeyOf(cached)),
    );
    for (const cached of gone) this.#remove(cached);
    for (const object of objects) this.#upsert(object);
  }

  #upsert(fresh: T): void {
    const old = this.#store.get(storeKeyOf(fresh));
    if (old && old.metadata.uid !== fresh.metadata.uid) {
      // Deleted and made again within a gap.
      this.#remove(old);
      this.#upsert(fresh);
      return;
    }
    const order = old && compareResourceVersions(fresh.metadata.resourceVersion, old.metadata.resourceVersion);
    // The same version again, or one that our own write has overtaken.
    if (order !== undefined && order <= 0) return;
    const object = this.#prepare(fresh);
    this.#store.set(object);
    this.#dispatch(old ? { type: "updated", object, old } : { type: "added", object });
  }

  #remove(last: T): void {
    const key = storeKeyOf(last);
    const cached = this.#store.get(key);
    // Another object of that name is there by now.
    if (!cached || cached.metadata.uid !== last.metadata.uid) return;
    this.#store.delete(key);
    this.#dispatch({ type: "deleted", object: cached === last ? cached : this.#prepare(last) });
  }

  #prepare(fresh: T): T {
    const stripped = this.#shared.shareIn(stripBookkeeping(fresh));
    const object = this.#options.transform ? this.#options.transform(stripped) : stripped;
    return this.#options.freeze ? deepFreeze(object) : object;
  }

  #dispatch(event: InformerEvent<T>): void {
    for (const handler of this.#handlers) this.#call(handler, event);
  }

  #call(handler: InformerHandler<T>, event: InformerEvent<T>): void {
    try {
      handler(event);
    } catch (error) {
      this.#options.logger.error("informer handler failed by a bug", {
        resource: this.type.plural,
        event: event.type,
        error,
      });
    }
  }
}

/** A copy without `managedFields` and kubectl's last-applied annotation: half of an object's size, of no use here. */
export function stripBookkeeping<T extends KubeObject>(object: T): T {
  const metadata: ObjectMeta = without(object.metadata, "managedFields");
  const { annotations } = metadata;
  if (annotations?.[LAST_APPLIED] === undefined) return { ...object, metadata };
  return { ...object, metadata: { ...metadata, annotations: without(annotations, LAST_APPLIED) } };
}

/** Built up member by member: what `{ [name]: _, ...rest }` gives is a hash table to V8, and several times as large. */
function without<T extends object>(object: T, name: string): T {
  const copy: Record<string, unknown> = {};
  for (const [member, value] of Object.entries(object)) if (member !== name) copy[member] = value;
  return copy as T;
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
