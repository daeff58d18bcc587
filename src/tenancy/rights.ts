import type { KongGatewaySpec } from "../api/v1alpha1/kong-gateway.ts";
import { matchesSelector, type Labels } from "./label-selector.ts";

/** What a namespace may do beyond what is open to every tenant. */
export interface TenantRights {
  readonly hosts: readonly string[];
  readonly destinations: readonly string[];
  readonly plugins: { readonly allow: ReadonlySet<string>; readonly deny: ReadonlySet<string> };
  readonly globalPlugins: boolean;
  readonly consumers: boolean;
  readonly vaultRefs: ReadonlySet<string>;
  readonly customNames: boolean;
}

/**
 * The rights of a namespace: all that the entries about it open, taken together, and all plugins that any of them
 * denies. `labels` is undefined where they cannot be read: no selector matches then.
 */
export function rightsOf(
  { tenants = [] }: Pick<KongGatewaySpec, "tenants">,
  namespace: string,
  labels: Labels | undefined,
): TenantRights {
  const entries = tenants.filter(({ namespaces: { names = [], selector } }) => {
    if (names.includes(namespace)) return true;
    return selector !== undefined && labels !== undefined && matchesSelector(labels, selector);
  });
  return {
    hosts: entries.flatMap(({ hosts = [] }) => hosts.map((host) => host.toLowerCase())),
    destinations: entries.flatMap(({ destinations = [] }) => destinations.map((each) => each.toLowerCase())),
    plugins: {
      allow: new Set(entries.flatMap(({ plugins }) => plugins?.allow ?? [])),
      deny: new Set(entries.flatMap(({ plugins }) => plugins?.deny ?? [])),
    },
    globalPlugins: entries.some(({ globalPlugins }) => globalPlugins),
    consumers: entries.some(({ consumers }) => consumers),
    vaultRefs: new Set(entries.flatMap(({ vaultRefs = [] }) => vaultRefs)),
    customNames: entries.some(({ customNames }) => customNames),
  };
}
