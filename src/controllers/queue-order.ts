import { formatKey, type ObjectKey } from "../model/object-key.ts";
import type { Caches } from "./caches.ts";
import { gatewayCandidates, type GatewayRefFields } from "./gateway-ref.ts";
import type { Gateways } from "./gateways.ts";
import { KONG_KINDS } from "./kong-kinds.ts";

/** Gateways first, then kinds in the order in which their entities are created. */
export function priorityOf(key: ObjectKey): number {
  return KONG_KINDS.findIndex(({ definition }) => definition.kind === key.kind) + 1;
}

/** The gateway that the key concerns. */
export function laneOf(
  key: ObjectKey,
  caches: Caches,
  gateways: Pick<Gateways, "choose">,
  operatorNamespace: string,
): string {
  if (key.kind === "KongGateway") return formatKey(key);
  const object = caches.get(key);
  const ref = object?.spec["gatewayRef"] as GatewayRefFields | undefined;
  const chosen = gateways.choose(gatewayCandidates(key.namespace, ref, operatorNamespace));
  return chosen ? formatKey(chosen) : "";
}
