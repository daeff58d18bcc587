import { toManifests } from "../../../src/convert/to-manifests.ts";
import type { JsonObject } from "../../../src/model/json.ts";
import { checkManifests } from "../../../src/offline/check-manifests.ts";
import { openGateways, type OpenOptions } from "../../../src/offline/gateways.ts";
import { readGateway, type LiveEntities } from "../../../src/offline/live-entities.ts";
import { parseManifests } from "../../../src/offline/manifest-files.ts";
import { ObjectSet } from "../../../src/offline/object-set.ts";
import { runSet, type Change, type SetResult } from "../../../src/offline/run-set.ts";
import { manifestText } from "../../../src/offline/write-files.ts";
import { CA_CERTIFICATE, LEAF_CERTIFICATE, LEAF_KEY } from "../doubles/kong/pem-fixtures.ts";

export const CLUSTER = "kjo-sync";

/** Manifests against a gateway, as the commands do it. */
export async function run(
  url: string,
  text: string,
  options: {
    write?: boolean;
    prune?: boolean;
    variable?: (name: string) => string | undefined;
  } & Partial<OpenOptions> = {},
): Promise<SetResult> {
  const { write = true, prune = false, variable = () => undefined, ...rest } = options;
  const set = new ObjectSet(parseManifests(text, "in.yaml"), { namespace: "team-a", variable });
  const { cluster = CLUSTER } = rest;
  const open = await openGateways({ set, given: { url, headers: {} }, cluster, ...rest });
  try {
    return await runSet({ set, open, cluster, operatorNamespace: "", write, prune });
  } finally {
    await open.close();
  }
}

/** `+ services users`, `~ routes users: strip_path false → true`: what changed, without the objects. */
export function lines({ changes }: SetResult): string[] {
  return changes.map(line).sort();
}

function line({ action, type, name, fields }: Change): string {
  const shown = fields.map(({ path, before, after, isSecret }) =>
    isSecret ? path : `${path} ${JSON.stringify(before)} → ${JSON.stringify(after)}`,
  );
  return `${action} ${type} ${name}${shown.length === 0 ? "" : `: ${shown.join(", ")}`}`;
}

export function live(url: string, tag?: string): Promise<LiveEntities> {
  return readGateway({ url, headers: {} }, { tag });
}

/** What a live gateway holds as manifests, secrets included. */
export async function manifestsOf(url: string, adopt: "match" | undefined = "match"): Promise<string> {
  const { entities, isSecret } = await live(url);
  const made = toManifests(entities, { namespace: "team-a", adopt, withSecrets: true, isSecret, isTransformed: true });
  return manifestText(checkManifests(made.objects).objects, []);
}

export async function post(url: string, path: string, body: JsonObject): Promise<{ id: string }> {
  const response = await fetch(url + path, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });
  if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as { id: string };
}

/** One entity of every type and scope that an open-source Kong has, made by hand. */
export async function populate(url: string): Promise<void> {
  const make = (path: string, body: JsonObject): Promise<{ id: string }> => post(url, path, body);
  const ca = await make("/ca_certificates", { cert: CA_CERTIFICATE, tags: ["hand"] });
  const certificate = await make("/certificates", {
    cert: LEAF_CERTIFICATE,
    key: LEAF_KEY,
    snis: ["a.example", "*.b.example"],
  });
  const upstream = await make("/upstreams", { name: "orders.internal", healthchecks: { active: { http_path: "/h" } } });
  await make(`/upstreams/${upstream.id}/targets`, { target: "10.0.0.1:80", weight: 7, tags: ["hand"] });
  await make(`/upstreams/${upstream.id}/targets`, { target: "host.example" });
  const users = await make("/services", {
    name: "Users_API",
    url: "https://users.example:8443/v1",
    client_certificate: { id: certificate.id },
    ca_certificates: [ca.id],
    tls_verify: true,
    retries: 2,
    tags: ["hand", "team-a"],
  });
  const orders = await make("/services", { name: "orders", host: "orders.internal" });
  const route = await make("/routes", {
    name: "users",
    paths: ["/users", "~/u/(?<id>\\d+)$"],
    headers: { "x-a": ["b"] },
    service: { id: users.id },
    strip_path: false,
  });
  const ordersRoute = await make("/routes", { name: "orders", paths: ["/orders"], service: { id: orders.id } });
  const free = await make("/routes", { name: "free", hosts: ["free.example"] });
  const alice = await make("/consumers", { username: "alice@example.com", custom_id: "c-1", tags: ["hand"] });
  const bob = await make("/consumers", { username: "bob" });
  await make(`/consumers/${bob.id}/acls`, { group: "gold" });
  await make(`/consumers/${bob.id}/acls`, { group: "silver users" });
  for (const key of ["canary-key-1", "canary-key-2"]) await make(`/consumers/${bob.id}/key-auth`, { key });
  await make(`/consumers/${bob.id}/jwt`, { key: "canary-issuer", secret: "canary-jwt-secret" });
  await make(`/consumers/${bob.id}/basic-auth`, { username: "canary-user", password: "canary-password" });
  await make(`/consumers/${bob.id}/hmac-auth`, { username: "canary-hmac", secret: "canary-hmac-secret" });
  await make(`/consumers/${bob.id}/oauth2`, {
    name: "app",
    client_id: "canary-client",
    client_secret: "canary-client-secret",
    redirect_uris: ["https://app.example/callback"],
  });
  await make("/plugins", { name: "correlation-id", config: { header_name: "X-Request" } });
  await make("/plugins", { name: "key-auth", service: { id: users.id } });
  await make("/plugins", { name: "cors", route: { id: route.id }, config: { origins: ["https://a.example"] } });
  const redis = { host: "redis.example", password: "canary-redis" };
  await make("/plugins", {
    name: "rate-limiting",
    consumer: { id: alice.id },
    config: { minute: 5, policy: "redis", redis },
  });
  await make("/plugins", {
    name: "request-termination",
    route: { id: free.id },
    consumer: { id: bob.id },
    instance_name: "stop-bob",
    enabled: false,
    config: { status_code: 418 },
  });
  await make("/plugins", {
    name: "http-log",
    route: { id: ordersRoute.id },
    config: { http_endpoint: "http://logs.example/canary-path", headers: { Authorization: "canary-header" } },
  });
  await make("/plugins", { name: "jwt", service: { id: orders.id }, route: { id: ordersRoute.id } });
  await make("/vaults", { name: "env", prefix: "my-env", config: { prefix: "KONG_" } });
}
