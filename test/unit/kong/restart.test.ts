import assert from "node:assert/strict";
import type { GatewayConnection } from "../../../src/kong/gateway-connection.ts";
import type { JsonObject } from "../../../src/model/json.ts";
import type { KongEntity } from "../../../src/model/kong-entity.ts";
import { membershipId, membershipPart } from "../../../src/model/membership.ts";
import { formatKey } from "../../../src/model/object-key.ts";
import { CA_PEM, CERTIFICATE_PEM, KEY_PEM, PUBLIC_KEY_PEM } from "./pem.ts";
import { entity, keyOf, Rig, route, service } from "./rig.ts";

const SERVICE = service("users");
const UPSTREAM_OWNER = keyOf("KongUpstream", "pool");
const UPSTREAM = entity(UPSTREAM_OWNER, "upstreams", {
  name: "pool.team-a.kjo.invalid",
  healthchecks: { active: { healthy: { interval: 5 }, unhealthy: { http_statuses: [500, 502] } } },
});
const CONSUMER_OWNER = keyOf("KongConsumer", "bob");
const CONSUMER = entity(CONSUMER_OWNER, "consumers", { username: "bob", custom_id: "b-1" }, { tags: ["z", "a", "z"] });
const GROUP = entity(keyOf("KongConsumerGroup", "gold"), "consumer_groups", { name: "team-a.gold" });
const MEMBER: KongEntity = {
  type: "consumer_group_consumers",
  id: membershipId(GROUP.id, CONSUMER.id),
  part: membershipPart("gold"),
  owner: CONSUMER_OWNER,
  fields: { consumer: { id: CONSUMER.id }, consumer_group: { id: GROUP.id } },
};
const CERTIFICATE = entity(keyOf("KongCertificate", "web"), "certificates", {
  cert: CERTIFICATE_PEM,
  key: KEY_PEM,
  snis: ["web.test", "a.web.test"],
});
/** Made by somebody else: a certificate of ours would take the SNI entity for its own. */
const OTHER_CERTIFICATE_ID = "3d0c6f0e-5a52-4b41-9d1c-1c1f7d9b1a11";
const CA = entity(keyOf("KongCACertificate", "ca"), "ca_certificates", { cert: CA_PEM });

const upstream = { id: UPSTREAM.id };
const consumer = { id: CONSUMER.id };

function target(address: string, fields: JsonObject = {}): KongEntity {
  return entity(
    UPSTREAM_OWNER,
    "targets",
    { target: address, upstream, ...fields },
    { part: `target.${address.toLowerCase()}` },
  );
}

function credential(type: KongEntity["type"], fields: JsonObject): KongEntity {
  return entity(CONSUMER_OWNER, type, { consumer, ...fields }, { part: type });
}

function plugin(name: string, fields: JsonObject): KongEntity {
  return entity(keyOf("KongPluginBinding", name), "plugins", { name, ...fields }, { part: "services.users" });
}

/** Objects with at least one entity of each type, and with values that Kong stores in another form than it is given. */
const OBJECTS: readonly (readonly KongEntity[])[] = [
  [CA],
  [CERTIFICATE],
  [entity(keyOf("KongCertificate", "sni"), "snis", { name: "other.test", certificate: { id: OTHER_CERTIFICATE_ID } })],
  [SERVICE],
  [
    service("tls", {
      protocol: "https",
      port: 443,
      tls_verify: true,
      ca_certificates: [CA.id],
      client_certificate: { id: CERTIFICATE.id },
    }),
  ],
  [
    route("users", SERVICE.id, {
      methods: ["POST", "GET"],
      headers: { "X-A": ["1", "2"] },
      hosts: ["b.test", "a.test"],
    }),
  ],
  [route("tcp", SERVICE.id, { paths: null, protocols: ["tcp"], destinations: [{ port: 9000 }, { ip: "10.0.0.0/8" }] })],
  [route("grpc", SERVICE.id, { protocols: ["grpc"] })],
  [
    UPSTREAM,
    target("10.0.0.1", { weight: 10 }),
    target("[::1]:80"),
    target("host.test:443", { tags: [] }),
    target("10.0.0.9:1", { weight: 0 }),
  ],
  [GROUP],
  [
    CONSUMER,
    MEMBER,
    credential("acls", { group: "g1" }),
    { ...credential("keyauth_credentials", { key: "a-long-key" }), lifetime: { seconds: 3600 } },
    credential("jwt_secrets", { key: "issuer", algorithm: "RS256", rsa_public_key: PUBLIC_KEY_PEM }),
    credential("basicauth_credentials", { username: "bob", password: "open sesame" }),
    credential("hmacauth_credentials", { username: "bob", secret: "s3cret" }),
    credential("oauth2_credentials", {
      name: "app",
      client_id: "cid",
      client_secret: "csecret",
      redirect_uris: ["https://a.test/"],
    }),
  ],
  [
    plugin("rate-limiting", {
      service: { id: SERVICE.id },
      config: { minute: 5, policy: "redis", redis_host: "redis.test", redis_timeout: 100 },
    }),
  ],
  [plugin("response-ratelimiting", { service: { id: SERVICE.id }, config: { limits: { video: { minute: 10 } } } })],
  [
    plugin("http-log", {
      service: { id: SERVICE.id },
      config: { http_endpoint: "https://log.test/", headers: { "X-B": "c" }, queue: { max_batch_size: 10 } },
    }),
  ],
  [plugin("ip-restriction", { config: { allow: ["10.0.0.0/8"] } })],
  [
    plugin("session", {
      service: { id: SERVICE.id },
      config: { secret: "abcdefgh", cookie_lifetime: 60, cookie_samesite: "Lax" },
    }),
  ],
  [plugin("request-transformer", { service: { id: SERVICE.id }, config: { add: { headers: ["x:1"] } } })],
  [
    plugin("statsd", {
      service: { id: SERVICE.id },
      config: { metrics: [{ name: "request_count", stat_type: "counter", sample_rate: 1 }] },
    }),
  ],
];

describe("kong/gateway-connection: restart", () => {
  let rig: Rig;

  beforeEach(async () => {
    rig = await Rig.start({ edition: "enterprise" });
    await rig.admin("PUT", `/certificates/${OTHER_CERTIFICATE_ID}`, { cert: CERTIFICATE_PEM, key: KEY_PEM });
  });
  afterEach(() => rig.stop());

  async function syncAll(connection: GatewayConnection): Promise<Record<string, string[]>> {
    const written: Record<string, string[]> = {};
    for (const entities of OBJECTS) {
      const [main] = entities;
      if (!main) continue;
      const { operations } = await connection.sync(main.owner, entities, { inSyncBefore: true });
      const changes = operations.flatMap(({ action, entity: { type }, changes: paths }) => [
        `${action} ${type}`,
        ...paths.map(({ path }) => path),
      ]);
      if (changes.length > 0) written[formatKey(main.owner)] = changes;
    }
    return written;
  }

  it("writes nothing for objects that are in sync, whatever their types", async () => {
    const first = await rig.ready();
    await syncAll(first);
    assert.equal(Object.keys(first.state.counts).length, 17, "one entity of each type");
    const second = await rig.ready();
    assert.deepEqual(await syncAll(second), {});
    assert.equal(rig.writes, 0);
  });

  it("writes nothing either when the same process looks again", async () => {
    const connection = await rig.ready();
    await syncAll(connection);
    rig.double.resetCounts();
    assert.deepEqual(await syncAll(connection), {});
    assert.equal(rig.double.count(), 0);
  });

  it("reads nothing but the node, one list a type, the lists of targets and the schemas", async () => {
    const first = await rig.ready();
    await syncAll(first);
    rig.double.resetCounts();
    await syncAll(await rig.connectAndWait());
    const kinds = Map.groupBy(rig.double.requests, ({ method, path }) => `${method} ${path.split(/[/?]/)[1] ?? ""}`);
    assert.equal(kinds.get("GET services")?.length, 1);
    // The health of targets is asked for behind everything else.
    const upstreams = kinds.get("GET upstreams")?.filter(({ path }) => !path.includes("/health"));
    assert.equal(upstreams?.length, 2, "the upstreams, and the targets of the only one");
    assert.equal(kinds.get("GET ")?.length, 1);
  });

  it("sees a changed password and a changed secret behind a hash", async () => {
    const connection = await rig.ready();
    await syncAll(connection);
    const changed = [CONSUMER, credential("basicauth_credentials", { username: "bob", password: "another" })];
    const { operations } = await (await rig.ready()).sync(CONSUMER_OWNER, changed);
    const update = operations.find(({ action }) => action === "update");
    assert.deepEqual(update?.changes, [{ path: "password" }]);
  });
});
