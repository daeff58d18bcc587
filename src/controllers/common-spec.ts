import type { GatewayRefFields } from "./gateway-ref.ts";

/** The fields of a spec that the flow itself reads; every gateway kind has them. */
export interface CommonSpec {
  readonly gatewayRef?: GatewayRefFields | undefined;
  readonly adopt?: { readonly mode: "match" | "override"; readonly id?: string | undefined } | undefined;
}
