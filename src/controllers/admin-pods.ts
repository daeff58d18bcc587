import type { KongGatewaySpec } from "../api/v1alpha1/kong-gateway.ts";
import { formatServiceKey, type Services } from "./services.ts";

/**
 * Host and port of each Pod behind a gateway's Service, those that are ready first. A Pod that is not ready is one of
 * them: a Kong without a database is not ready before it has been given its configuration. One that ends is none.
 * @throws RefNotFoundError where there is no such Service or port.
 */
export function adminPods(
  { services }: { readonly services: Pick<Services, "endpointsOf"> },
  namespace: string,
  name: string,
  port: string | number,
): string[] {
  const field = "spec.adminApi.serviceRef";
  const addresses = (withUnready: boolean): string[] =>
    services
      .endpointsOf(namespace, name, port, field, { withUnready })
      .filter(({ state }) => state === "ready")
      .map((endpoint) => `${bracketed(endpoint.address)}:${endpoint.port}`);
  return [...new Set([...addresses(false), ...addresses(true)])];
}

/** The Services that a KongGateway's spec names, as the index of uses has them. Takes a spec that has not been parsed. */
export function adminServices(namespace: string, spec: unknown): string[] {
  const serviceRef = (spec as Partial<KongGatewaySpec>).adminApi?.serviceRef;
  return serviceRef ? [formatServiceKey(serviceRef.namespace ?? namespace, serviceRef.name)] : [];
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
