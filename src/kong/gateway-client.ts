import { KongUnavailableError } from "../errors.ts";
import { AdminClient } from "./admin-client.ts";
import type { GatewayConnectionOptions } from "./connection-options.ts";
import { failoverTransport } from "./failover-transport.ts";
import { parseNodeInfo, type NodeInfo } from "./node-info.ts";
import { addressesOf, type GatewaySettings } from "./settings.ts";
import { httpTransport } from "./transport.ts";

/** For the Admin API at one of the addresses that the settings name, whichever answers. */
export function gatewayClient(
  settings: GatewaySettings,
  { transport = httpTransport, onRequest }: Pick<GatewayConnectionOptions, "transport" | "onRequest">,
): AdminClient {
  const [first, ...others] = addressesOf(settings).map((url) => transport({ ...settings, url }));
  const reached = first && others.length === 0 ? first : failoverTransport(first ? [first, ...others] : []);
  return new AdminClient({ settings, transport: reached, onRequest });
}

/** What the gateway says of itself. @throws KongUnavailableError, GatewayAuthError, AdminRejection */
export async function askNode(client: AdminClient): Promise<NodeInfo> {
  const info = parseNodeInfo(await client.request("GET", "/", "node"));
  if (info) return info;
  throw new KongUnavailableError("NotAnAdminAPI", "what answers at spec.adminApi is no Kong Admin API");
}
