import type { InformerEvent } from "../kube/informer.ts";
import type { KubeObject } from "../kube/resource.ts";
import { parseKey, type ObjectKey } from "../model/object-key.ts";
import type { Caches, KongObject } from "./caches.ts";
import { isUsable, rivalsOf } from "./plugin-rivals.ts";

/**
 * The key stage: each change in a cache becomes the keys of what has to be looked at again. Our own status writes come
 * back as changes too; they ask for nothing.
 */
export function dispatchChanges(caches: Caches, enqueue: (key: ObjectKey) => void): void {
  for (const [kind, informer] of caches.kinds) {
    informer.addHandler((event) => {
      const key = keyOf(kind, event.object);
      if (event.type === "updated" && !isRelevant(event.old, event.object)) {
        // A KongGateway that is going waits until the status says that the object lives elsewhere.
        if (isUsable(event.old) !== isUsable(event.object)) rivalsOf(caches, kind, event.object).forEach(enqueue);
        if (hasMoved(event.old, event.object)) for (const used of goingUsedBy(caches, kind, event.old)) enqueue(used);
        return;
      }
      enqueue(key);
      // Before the first sync everything is on its way into the queue anyway.
      if (informer.hasSynced) for (const user of caches.usersOf(key)) enqueue(user);
      const before = event.type === "updated" ? event.old : event.object;
      if (informer.hasSynced) for (const each of [before, event.object]) rivalsOf(caches, kind, each).forEach(enqueue);
      if (event.type !== "added") for (const used of goingUsedBy(caches, kind, before)) enqueue(used);
    });
  }
  caches.secrets.addHandler((event) => {
    if (event.type === "added" && !caches.secrets.hasSynced) return;
    for (const user of caches.usersOf(keyOf("Secret", event.object))) enqueue(user);
  });
  caches.services.onChange((service) => {
    for (const user of caches.usersOf(service)) enqueue(user);
  });
  caches.namespaces?.addHandler((event) => {
    // Objects of a new namespace may be seen before the namespace itself.
    const isNew = event.type === "added" && (caches.namespaces?.hasSynced ?? false);
    if (isNew || isRelabelled(event)) for (const key of objectsIn(caches, event.object.metadata.name)) enqueue(key);
  });
}

/** A new spec, a new wish in the metadata, or the beginning of the end; not a mere change of status. */
function isRelevant(old: KongObject, object: KongObject): boolean {
  return (
    old.metadata.generation !== object.metadata.generation ||
    old.metadata.deletionTimestamp !== object.metadata.deletionTimestamp ||
    JSON.stringify(old.metadata.annotations) !== JSON.stringify(object.metadata.annotations) ||
    (object.metadata.deletionTimestamp !== undefined &&
      old.metadata.finalizers?.length !== object.metadata.finalizers?.length)
  );
}

function hasMoved({ status: before }: KongObject, { status: after }: KongObject): boolean {
  return before?.gateway?.name !== after?.gateway?.name || before?.gateway?.namespace !== after?.gateway?.namespace;
}

/** What an object used may be waiting for it to let go. */
function goingUsedBy(caches: Caches, kind: string, object: KongObject): ObjectKey[] {
  return caches
    .usesOf(kind, object)
    .map(parseKey)
    .filter((used) => caches.get(used)?.metadata.deletionTimestamp !== undefined);
}

function isRelabelled(event: InformerEvent<KubeObject>): boolean {
  return (
    event.type === "updated" &&
    JSON.stringify(event.old.metadata.labels) !== JSON.stringify(event.object.metadata.labels)
  );
}

function objectsIn(caches: Caches, namespace: string): ObjectKey[] {
  return [...caches.kinds].flatMap(([kind, informer]) =>
    informer
      .list()
      .filter((object) => object.metadata.namespace === namespace)
      .map((object) => keyOf(kind, object)),
  );
}

export function keyOf(kind: string, object: KubeObject): ObjectKey {
  return { kind, namespace: object.metadata.namespace ?? "", name: object.metadata.name };
}
