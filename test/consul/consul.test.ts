import assert from "node:assert/strict";
import { openBackend, type KongBackend } from "../e2e/setup-backends.ts";
import { conditionOf } from "../e2e/setup-cluster.ts";
import { eventually } from "../e2e/setup-eventually.ts";
import { echoOf, isDbless } from "../e2e/setup-kong.ts";
import { useScene, type Scene, type Spec } from "../e2e/setup-scene.ts";
import { env } from "../e2e/setup.ts";
import { ConsulAgent, consulOrSkip } from "./agent.ts";

const NAMES = ["one", "two", "three"] as const;
type Name = (typeof NAMES)[number];
const REQUESTS = 120;

/** Servers that stand for the instances of a service. */
class Instances {
  readonly #backends = new Map<string, KongBackend>();

  async open(): Promise<void> {
    for (const name of NAMES) this.#backends.set(name, await openBackend(name, process.env["KJO_E2E_HOST"]));
  }

  address(name: Name): string {
    return this.#backends.get(name)?.address ?? "";
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#backends.values()].map((backend) => backend.stop()));
  }
}

/** How many of {@link REQUESTS} requests each instance got. */
async function counts(path: string, requests = REQUESTS): Promise<Partial<Record<string, number>>> {
  const found: Record<string, number> = {};
  for (let sent = 0; sent < requests; sent += 20) {
    const replies = await Promise.all(Array.from({ length: 20 }, () => env().kong.get(path)));
    for (const { backend } of replies.map(echoOf)) found[backend] = (found[backend] ?? 0) + 1;
  }
  return found;
}

/** Waits until the requests are spread over these instances in equal parts, and over no others. */
async function expectEqualShares(path: string, ...names: readonly Name[]): Promise<void> {
  await eventually(async () => {
    const found = await counts(path);
    assert.deepEqual(Object.keys(found).sort(), [...names].sort());
    for (const [name, count] of Object.entries(found)) {
      assert.ok(
        Math.abs((count ?? 0) - REQUESTS / names.length) <= REQUESTS / 10,
        `${name} got ${count} of ${REQUESTS}`,
      );
    }
  });
}

async function targetsInKong(scene: Scene, upstream: string): Promise<Record<string, number>> {
  const { id } = await scene.inKong("upstreams", `${upstream}.${scene.namespace}.kjo.invalid`);
  const targets = await env().kong.list(`/upstreams/${id}/targets`);
  return Object.fromEntries(targets.map(({ target, weight }) => [String(target), Number(weight)]));
}

/** A path whose requests go to an upstream. */
async function route(scene: Scene, upstream: string, backends: readonly Spec[]): Promise<string> {
  const path = scene.path(`/${upstream}`);
  await scene.apply(
    ["KongUpstream", upstream, { backends }],
    ["KongService", upstream, { upstreamRef: { name: upstream } }],
    ["KongRoute", upstream, { serviceRef: { name: upstream }, paths: [path] }],
  );
  return path;
}

const DRIFT = { drift: { intervalSeconds: 3600 } };

describe("consul: upstream order, its instances coming and going", () => {
  const instances = new Instances();
  let program: string;
  let consul: ConsulAgent;
  before(async function () {
    program = await consulOrSkip(this);
    await instances.open();
    consul = await ConsulAgent.start(program);
    await consul.register("order-1", { service: "order", address: instances.address("one"), tags: ["v1"] });
  });
  after(async () => {
    await consul?.stop();
    await instances.stop();
  });
  const scene = useScene("consul", { gateway: DRIFT });
  const order = (fields: Spec = {}): Spec => ({ consul: { address: consul.url, service: "order", ...fields } });
  let path: string;

  it("sends requests to the one instance that there is", async () => {
    path = await route(scene, "order", [order()]);
    await scene.ready("KongUpstream", "order");
    await scene.served(path);
    await expectEqualShares(path, "one");
  });

  it("follows an instance that is registered after a deploy, with one write and no read", async () => {
    scene.front.reset();
    await consul.register("order-2", { service: "order", address: instances.address("two"), tags: ["v1", "v2"] });
    await expectEqualShares(path, "one", "two");
    assert.equal(scene.front.writes.length, 1);
    // The Pods of a gateway without a database are looked at all the time.
    if (!isDbless(process.env)) assert.deepEqual(scene.front.reads, []);
  });

  it("follows one whose check fails, and passes again", async () => {
    await consul.fail("order-1");
    await expectEqualShares(path, "two");
    await consul.pass("order-1");
    await expectEqualShares(path, "one", "two");
  });

  it("follows one that is deregistered", async () => {
    await consul.register("order-3", { service: "order", address: instances.address("three"), tags: ["v2"] });
    await expectEqualShares(path, ...NAMES);
    await consul.deregister("order-3");
    await expectEqualShares(path, "one", "two");
  });

  it("takes only instances that carry all of the tags", async () => {
    const tagged = await route(scene, "tagged", [order({ tags: ["V2", "v1"] })]);
    await scene.ready("KongUpstream", "tagged");
    await expectEqualShares(tagged, "two");
  });

  it("weighs instances as they are registered, and backends as the spec says, whatever their number of instances", async () => {
    await consul.register("order-3", {
      service: "order",
      address: instances.address("three"),
      tags: ["v3"],
      weight: 3,
    });
    await scene.apply(["KongUpstream", "shared", { backends: [order()] }]);
    await scene.ready("KongUpstream", "shared");
    const [one, two, three] = NAMES.map((name) => instances.address(name)) as [string, string, string];
    assert.deepEqual(await targetsInKong(scene, "shared"), { [one]: 100, [two]: 100, [three]: 300 });
    const shares = [
      { ...order({ tags: ["v1"] }), weight: 90 },
      { ...order({ tags: ["v3"] }), weight: 10 },
    ];
    await scene.patch("KongUpstream", "shared", { backends: shares });
    await eventually(async () =>
      assert.deepEqual(await targetsInKong(scene, "shared"), { [one]: 4500, [two]: 4500, [three]: 1000 }),
    );
    await consul.deregister("order-3");
    for (const upstream of ["order", "shared"])
      await eventually(async () => assert.ok(!((await targetsInKong(scene, upstream))[three] ?? 0)));
  });

  it("keeps the last known targets while Consul is away, and says so", async () => {
    scene.front.reset();
    await consul.kill();
    const away = { status: "True", reason: "ConsulUnavailable", message: /2 instances last known are kept/ } as const;
    await scene.condition("KongUpstream", "order", "Ready", away);
    await expectEqualShares(path, "one", "two");
    assert.deepEqual(scene.front.writes, []);
    assert.ok((await env().operator.metric("kjo_consul_watches", { state: "stale" })) >= 1);
    const events = await eventually(async () => {
      const found = await scene.events("KongUpstream", "order", "ConsulUnavailable");
      assert.equal(found.length, 1);
      return found;
    });
    assert.match(events[0]?.note ?? "", /spec\.backends\[0\]/);
  });

  it("keeps the targets that stand in Kong where the operator starts while Consul is away", async () => {
    await env().operator.stop();
    scene.front.reset();
    await env().operator.start();
    const unknown = { status: "True", reason: "ConsulUnavailable", message: /targets that are in Kong stay/ } as const;
    await scene.condition("KongUpstream", "order", "Ready", unknown);
    await expectEqualShares(path, "one", "two");
    assert.deepEqual(scene.front.writes, []);
    assert.equal((await scene.get("KongUpstream", "order")).status?.["targets"], 2);
  });

  it("lets an upstream that is new wait for Consul, and changes the rest of one that is not", async () => {
    await scene.apply(["KongUpstream", "new", { backends: [order()] }]);
    const waiting = { status: "Unknown", reason: "ConsulUnavailable" } as const;
    await scene.condition("KongUpstream", "new", "Ready", waiting);
    await scene.patch("KongUpstream", "order", { algorithm: "least-connections" });
    await eventually(async () => {
      const upstream = await scene.inKong("upstreams", `order.${scene.namespace}.kjo.invalid`);
      assert.equal(upstream["algorithm"], "least-connections");
    });
    assert.equal(Object.keys(await targetsInKong(scene, "order")).length, 2);
    await scene.patch("KongUpstream", "order", { algorithm: null });
  });

  it("follows again when Consul is back, and writes nothing where nothing has changed meanwhile", async () => {
    await scene.ready("KongUpstream", "order");
    scene.front.reset();
    await consul.start();
    await scene.condition("KongUpstream", ["order", "new"], "Ready", { status: "True", reason: "Programmed" });
    const upstreams = scene.front.writes.filter(({ path }) => path.startsWith("/upstreams/"));
    const { id } = await scene.inKong("upstreams", `order.${scene.namespace}.kjo.invalid`);
    assert.deepEqual(
      upstreams.filter(({ path }) => path.includes(id)),
      [],
    );
    await consul.deregister("order-1");
    await expectEqualShares(path, "two");
    await consul.register("order-1", { service: "order", address: instances.address("one"), tags: ["v1"] });
    await expectEqualShares(path, "one", "two");
  });

  it("writes nothing when the operator starts again", async () => {
    await env().operator.stop();
    scene.front.reset();
    await env().operator.start();
    await eventually(async () =>
      assert.ok((await env().operator.metric("kjo_consul_watches", { state: "known" })) >= 2),
    );
    await scene.reconcile("KongUpstream", "order");
    assert.deepEqual(scene.front.writes, []);
  });

  it("believes that no instance passes: the upstream has no targets, and says so", async () => {
    await consul.fail("order-1");
    await consul.fail("order-2");
    const empty = { status: "True", reason: "NoEndpoints", message: /no instance of "order" passes/ } as const;
    await scene.condition("KongUpstream", "order", "Ready", empty);
    await eventually(async () => assert.deepEqual(await targetsInKong(scene, "order"), {}));
    await scene.answered(503, path);
    await consul.pass("order-1");
    await expectEqualShares(path, "one");
  });

  it("drops no request while instances are replaced", async () => {
    await consul.pass("order-2");
    await expectEqualShares(path, "one", "two");
    let isOver = false;
    const statuses: number[] = [];
    const traffic = Array.from({ length: 4 }, async () => {
      while (!isOver || statuses.length < 200) statuses.push((await env().kong.get(path)).status);
    });
    await consul.register("order-3", { service: "order", address: instances.address("three"), tags: ["v1"] });
    await expectEqualShares(path, ...NAMES);
    await consul.deregister("order-1");
    await expectEqualShares(path, "two", "three");
    isOver = true;
    await Promise.all(traffic);
    assert.deepEqual([...new Set(statuses)], [200]);
  });

  it("ends its watches with the last upstream that follows", async () => {
    const names = ["order", "tagged", "shared", "new"];
    await scene.delete("KongRoute", "order");
    await scene.delete("KongRoute", "tagged");
    await scene.delete("KongService", "order");
    await scene.delete("KongService", "tagged");
    for (const name of names) await scene.delete("KongUpstream", name);
    for (const name of names) await scene.gone("KongUpstream", name);
    await eventually(async () => {
      for (const state of ["known", "stale", "unknown"])
        assert.equal(await env().operator.metric("kjo_consul_watches", { state }), 0);
    });
  });
});

describe("consul: with ACLs that deny by default", () => {
  const instances = new Instances();
  let consul: ConsulAgent;
  let token: string;
  const RULES = 'service "order" { policy = "read" } node_prefix "" { policy = "read" }';
  before(async function () {
    const program = await consulOrSkip(this);
    await instances.open();
    consul = await ConsulAgent.start(program, { acl: true });
    await consul.register("order-1", { service: "order", address: instances.address("one") });
    token = await consul.makeToken(RULES);
  });
  after(async () => {
    await consul?.stop();
    await instances.stop();
  });
  const scene = useScene("consul-acl", { gateway: DRIFT });
  const backend = (): Spec => ({ consul: { address: consul.url, service: "order", secretRef: { name: "consul" } } });
  let path: string;

  it("waits for the Secret, then for a token that may see the service", async () => {
    path = await route(scene, "order", [backend()]);
    await scene.condition("KongUpstream", "order", "Ready", { status: "False", reason: "SecretNotFound" });
    await scene.secret("consul", { token: await consul.makeToken('key_prefix "" { policy = "read" }') });
    await scene.condition("KongUpstream", "order", "Ready", { status: "Unknown", reason: "ConsulDenied" });
    await scene.secret("consul", { token });
    await scene.ready("KongUpstream", "order");
    await scene.served(path);
    await expectEqualShares(path, "one");
  });

  it("says that nobody sees anything without a token, and does not take it for a service without instances", async () => {
    await scene.patch("KongUpstream", "order", { backends: [{ consul: { address: consul.url, service: "order" } }] });
    const denied = { status: "True", reason: "ConsulDenied", message: /set secretRef/ } as const;
    await scene.condition("KongUpstream", "order", "Ready", denied);
    await expectEqualShares(path, "one");
    await scene.patch("KongUpstream", "order", { backends: [backend()] });
    await scene.condition("KongUpstream", "order", "Ready", { status: "True", reason: "Programmed" });
  });

  it("takes up another token without a restart, keeping what it knew where that one is refused", async () => {
    await scene.secret("consul", { token: "00000000-dead-4000-8000-000000000000" });
    const denied = { status: "True", reason: "ConsulDenied", message: /the 1 instance last known is kept/ } as const;
    await scene.condition("KongUpstream", "order", "Ready", denied);
    await expectEqualShares(path, "one");
    const next = await consul.makeToken(RULES);
    await scene.secret("consul", { token: next });
    await scene.condition("KongUpstream", "order", "Ready", { status: "True", reason: "Programmed" });
    await consul.deleteToken(token);
    await consul.register("order-2", { service: "order", address: instances.address("two") });
    await expectEqualShares(path, "one", "two");
  });
});

describe("consul: over TLS, for clients with a certificate", () => {
  const instances = new Instances();
  let consul: ConsulAgent;
  before(async function () {
    const program = await consulOrSkip(this);
    await instances.open();
    consul = await ConsulAgent.start(program, { tls: true });
    await consul.register("order-1", { service: "order", address: instances.address("one") });
  });
  after(async () => {
    await consul?.stop();
    await instances.stop();
  });
  const scene = useScene("consul-tls", { gateway: DRIFT });

  it("trusts the CA of a Secret, names whom it expects and shows its own certificate", async () => {
    await scene.secret("consul-ca", { "ca.crt": await consul.pem("ca") });
    await scene.secret("consul-client", {
      "tls.crt": await consul.pem("client"),
      "tls.key": await consul.pem("client-key"),
    });
    const tls = {
      caSecretRef: { name: "consul-ca" },
      clientCertSecretRef: { name: "consul-client" },
      serverName: "server.dc1.consul",
    };
    const path = await route(scene, "order", [{ consul: { address: consul.url, service: "order", tls } }]);
    await scene.ready("KongUpstream", "order");
    await scene.served(path);
    const wrong = [
      // Told only when the first request breaks, and not in so many words.
      { without: "clientCertSecretRef", reason: /^Consul(TLSFailed|Unavailable)$/ },
      { without: "caSecretRef", reason: /^ConsulTLSFailed$/ },
    ];
    for (const { without, reason } of wrong) {
      const left = Object.fromEntries(Object.entries(tls).filter(([name]) => name !== without));
      await scene.patch("KongUpstream", "order", {
        backends: [{ consul: { address: consul.url, service: "order", tls: left } }],
      });
      await eventually(async () => {
        const ready = conditionOf(await scene.get("KongUpstream", "order"), "Ready");
        assert.match(ready?.reason ?? "", reason);
        assert.match(ready?.message ?? "", /the 1 instance last known is kept/);
      });
    }
    await expectEqualShares(path, "one");
  });
});
