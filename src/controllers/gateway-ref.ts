import { DEFAULT_GATEWAY_NAME } from "../api/names.ts";
import type { ObjectKey } from "../model/object-key.ts";

/** A gatewayRef of a spec, parsed or not. */
export interface GatewayRefFields {
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
}

/**
 * The KongGateways that an object could mean, in order of precedence: the one it names, else the one named `default` in
 * its own namespace, else that in the operator's.
 */
export function gatewayCandidates(
  namespace: string,
  ref: GatewayRefFields | undefined,
  operatorNamespace: string,
): ObjectKey[] {
  if (ref?.name) return [{ kind: "KongGateway", namespace: ref.namespace ?? namespace, name: ref.name }];
  const candidates = [{ kind: "KongGateway", namespace, name: DEFAULT_GATEWAY_NAME }];
  if (operatorNamespace !== namespace)
    candidates.push({ kind: "KongGateway", namespace: operatorNamespace, name: DEFAULT_GATEWAY_NAME });
  return candidates;
}
