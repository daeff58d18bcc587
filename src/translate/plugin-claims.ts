/** A target of a KongPluginBinding's spec, parsed or not. */
type Target = Readonly<Record<string, { readonly name?: unknown } | undefined>>;

const REFERENCES = ["serviceRef", "routeRef", "consumerRef", "consumerGroupRef"];

/**
 * What a binding claims for itself, one text a target and in their order: Kong takes a plugin once for each place. Two
 * bindings with an equal claim on one gateway meet. References never leave the namespace, so only global plugins of
 * different namespaces can.
 */
export function pluginClaims(namespace: string, spec: Readonly<Record<string, unknown>>): string[] {
  const { plugin, scope, targets } = spec;
  if (scope === "Global") return [`${String(plugin)} everywhere`];
  if (!Array.isArray(targets)) return [];
  return (targets as Target[]).map((target) => {
    const names = REFERENCES.map((reference) => String(target[reference]?.name ?? ""));
    return [String(plugin), namespace, ...names].join(" ");
  });
}

/** What decides between two bindings that meet: the older one, and of equally old ones the one whose name comes first. */
export function isOlder(
  a: { readonly createdAt: string; readonly namespace: string; readonly name: string },
  b: { readonly createdAt: string; readonly namespace: string; readonly name: string },
): boolean {
  const [left, right] = [a, b].map(({ createdAt, namespace, name }) => [createdAt, name, namespace].join(" "));
  return (left ?? "") < (right ?? "");
}
