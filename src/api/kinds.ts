import type { KindDefinition } from "./kind.ts";
import { KongGateway } from "./v1alpha1/kong-gateway.ts";
import { KongRoute } from "./v1alpha1/kong-route.ts";
import { KongService } from "./v1alpha1/kong-service.ts";

export { API_VERSION, GROUP, VERSION } from "./names.ts";

/** Every kind, in the order in which people meet them. */
export const KINDS: readonly KindDefinition[] = [KongGateway, KongService, KongRoute];
