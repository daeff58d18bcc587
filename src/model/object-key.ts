/** What names one object of the cluster: the unit of the work queue. */
export interface ObjectKey {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** The key as one string, `KongRoute/team-a/users`: work-queue key, log field and message text. */
export function formatKey(key: ObjectKey): string {
  return `${key.kind}/${key.namespace}/${key.name}`;
}

/**
 * The inverse of {@link formatKey}.
 * @throws Error when the text has not exactly three parts.
 */
export function parseKey(text: string): ObjectKey {
  const [kind, namespace, name, ...rest] = text.split("/");
  if (!kind || namespace === undefined || !name || rest.length > 0) {
    throw new Error(`not an object key: ${JSON.stringify(text)}`);
  }
  return { kind, namespace, name };
}
