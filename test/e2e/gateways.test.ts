import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describeWithDatabase, needsDatabase } from "./setup-database.ts";
import { isDbless } from "./setup-kong.ts";
import { conditionOf } from "./setup-cluster.ts";
import { eventually } from "./setup-eventually.ts";
import { RUN, RUN_TAG } from "./setup-run.ts";
import { useScene } from "./setup-scene.ts";
import { env, namespaceObject, OPERATOR_NAMESPACE } from "./setup.ts";

describe("e2e: a gateway's token", () => {
  const scene = useScene("token", { gateway: false });
  const tokens = ["first", "second"].map((name) => `${RUN}-${name}-token`) as [string, string];

  before(async () => {
    scene.front.requireToken(tokens[0]);
    await scene.secret("admin", { token: tokens[0] });
    const adminApi = { url: scene.front.url, tokenSecretRef: { name: "admin" } };
    await scene.apply(
      ["KongGateway", "default", { adminApi, drift: { intervalSeconds: 1 } }],
      ["KongService", "shop", { url: env().backends.a.url }],
      ["KongRoute", "shop", { serviceRef: { name: "shop" }, paths: [scene.path("/shop")] }],
    );
  });

  it("is sent with every request", async () => {
    await scene.ready("KongGateway", "default");
    await scene.ready("KongRoute", "shop");
    await scene.served(scene.path("/shop"));
    assert.deepEqual(
      scene.front.requests.filter(({ status }) => status === 401),
      [],
    );
  });

  it("that is refused is said by the KongGateway alone; its objects stay as they are", async () => {
    const before = await scene.get("KongRoute", "shop");
    scene.front.requireToken(tokens[1]);
    const expected = { status: "False", message: /401/ } as const;
    await scene.condition("KongGateway", "default", "Ready", expected);
    assert.match(conditionOf(await scene.get("KongGateway", "default"), "Ready")?.reason ?? "", /Auth|Unauthorized/);
    await scene.patch("KongService", "shop", { retries: 3 });
    // What is to be written cannot be; what is in step stays so.
    await scene.condition("KongService", "shop", "Programmed", { status: "Unknown" });
    const sent = scene.front.requests.length;
    await scene.served(scene.path("/shop"));
    assert.equal((await scene.get("KongRoute", "shop")).metadata.resourceVersion, before.metadata.resourceVersion);
    assert.ok(scene.front.requests.length - sent < 50, "a storm of refused requests");
  });

  it("that is rotated in its Secret connects again, and what changed meanwhile comes to Kong", async () => {
    await scene.secret("admin", { token: tokens[1] });
    await scene.ready("KongGateway", "default");
    await scene.ready("KongService", "shop");
    assert.equal((await scene.inKong("services", scene.kongName("shop")))["retries"], 3);
  });

  it("whose Secret is gone leaves the connection as it is and says what is missing", async () => {
    await scene.deleteSecret("admin");
    const message = /spec\.adminApi\.tokenSecretRef.*kubectl label secret/;
    await scene.condition("KongGateway", "default", "ResolvedRefs", { status: "False", message });
    await scene.patch("KongService", "shop", { retries: 4 });
    await eventually(async () => assert.equal((await scene.inKong("services", scene.kongName("shop")))["retries"], 4));
    await scene.secret("admin", { token: tokens[1] });
    await scene.ready("KongGateway", "default");
  });
});

describe("e2e: gateways and namespaces", () => {
  // Closed in this order: the guests' objects leave before the gateway.
  const guests = useScene("guests", { gateway: false });
  const scene = useScene("host", { gateway: { drift: { intervalSeconds: 3600 } } });
  const gatewayRef = { name: "default", namespace: scene.namespace };
  /** A guest may not send requests to the machine of the Kong. */
  const GUEST_URL = "http://guest.example.test";

  before(async () => {
    await guests.apply(["KongService", "guest", { url: GUEST_URL, gatewayRef }]);
  });

  it("takes objects of its own namespace only by default", async () => {
    const expected = { status: "False", reason: "NamespaceNotAllowed", message: /allowedNamespaces/ } as const;
    await guests.condition("KongService", "guest", "ResolvedRefs", expected);
    assert.deepEqual(await scene.ownedInKong(), []);
  });

  it("takes objects of every namespace with from: All", async () => {
    await scene.patch("KongGateway", "default", { allowedNamespaces: { from: "All" } });
    await guests.ready("KongService", "guest");
    assert.deepEqual(await scene.ownedInKong(), [`services/${guests.kongName("guest")}`]);
  });

  it("takes objects of namespaces that a selector finds, and learns of a new label", async () => {
    const selector = { matchLabels: { e2e: RUN } };
    await scene.patch("KongGateway", "default", { allowedNamespaces: { from: "Selector", selector } });
    await guests.apply(["KongService", "late", { url: GUEST_URL, gatewayRef }]);
    await guests.condition("KongService", "late", "ResolvedRefs", { status: "False", reason: "NamespaceNotAllowed" });
    await env().cluster.apply(namespaceObject(guests.namespace, { e2e: RUN }));
    await guests.ready("KongService", "late");
  });

  it("named default in the operator's namespace is that of namespaces without one", async function () {
    needsDatabase(this, "a second KongGateway needs a gateway of its own");
    const { cluster } = env();
    const spec = { adminApi: { url: scene.front.url }, allowedNamespaces: { from: "All" } };
    const metadata = { name: "default", namespace: OPERATOR_NAMESPACE };
    await cluster.apply({ ...scene.object(["KongGateway", "default", spec]), metadata });
    await guests.apply(["KongService", "by-default", { url: GUEST_URL }]);
    await guests.ready("KongService", "by-default");
    const { status } = await guests.get("KongService", "by-default");
    assert.equal((status?.["gateway"] as { namespace: string }).namespace, OPERATOR_NAMESPACE);
    await guests.delete("KongService", "by-default");
    await guests.gone("KongService", "by-default");
    await cluster.delete("KongGateway", OPERATOR_NAMESPACE, "default");
    await eventually(async () =>
      assert.equal(await cluster.find("KongGateway", OPERATOR_NAMESPACE, "default"), undefined),
    );
  });
});

describeWithDatabase(
  "e2e: two KongGateways on one Kong",
  "it has one owner, whose configuration is all it holds",
  () => {
    const scene = useScene("two", { gateway: { drift: { intervalSeconds: 1 } } });
    const second = { name: "second" };

    before(async () => {
      await scene.apply(
        ["KongGateway", "second", { adminApi: { url: scene.front.url }, drift: { intervalSeconds: 1 } }],
        ["KongService", "mine", { url: env().backends.a.url }],
        ["KongService", "other", { url: env().backends.b.url, gatewayRef: second }],
        ["KongRoute", "other", { serviceRef: { name: "other" }, paths: [scene.path("/other")], gatewayRef: second }],
      );
      await scene.ready("KongService", "mine", "other");
      await scene.ready("KongRoute", "other");
    });

    it("leave each other's entities alone", async () => {
      const { kong } = env();
      const before = await kong.list(`/services?tags=kjo.instance:${scene.namespace}.second`);
      scene.front.reset();
      await eventually(() => assert.ok(scene.front.checks >= 6));
      assert.deepEqual(scene.front.writes, []);
      assert.deepEqual(await kong.list(`/services?tags=kjo.instance:${scene.namespace}.second`), before);
      assert.deepEqual(await scene.ownedInKong(), [`services/${scene.kongName("mine")}`]);
    });

    it("tell the instance that has a name already", async () => {
      const name = scene.kongName("mine");
      await scene.apply(["KongService", "clash", { name, url: "http://clash.invalid", gatewayRef: second }]);
      const message = new RegExp(`belongs to .*${scene.namespace}[./]default|belongs to .*${scene.namespace}[./]mine`);
      const expected = { status: "False", reason: "Conflict", message } as const;
      await scene.condition("KongService", "clash", "Programmed", expected);
      await scene.delete("KongService", "clash");
      await scene.gone("KongService", "clash");
      assert.equal((await scene.inKong("services", name))["host"], new URL(env().backends.a.url).hostname);
    });

    it("let an object move from one to the other, whether it keeps its name or not", async () => {
      const tagsOf = async (username: string) => String((await scene.inKong("consumers", username)).tags);
      await scene.apply(["KongConsumer", "mover", {}], ["KongConsumer", "renamed", {}]);
      await scene.ready("KongConsumer", "mover", "renamed");
      await scene.patch("KongConsumer", "mover", { gatewayRef: second });
      await scene.patch("KongConsumer", "renamed", { username: `${RUN}-renamed`, gatewayRef: second });
      await scene.ready("KongConsumer", "mover", "renamed");
      assert.ok((await tagsOf(scene.kongName("mover"))).includes(`kjo.instance:${scene.namespace}.second`));
      assert.ok((await tagsOf(`${RUN}-renamed`)).includes(`kjo.instance:${scene.namespace}.second`));
      assert.equal(await env().kong.find("consumers", scene.kongName("renamed")), undefined);
    });

    it("let objects that refer to each other move one by one, with their ids, by one write each and without a hole", async () => {
      await scene.apply(
        ["KongUpstream", "moved", { targets: [{ target: env().backends.a.address }] }],
        ["KongService", "moved", { upstreamRef: { name: "moved" } }],
        ["KongRoute", "moved", { serviceRef: { name: "moved" }, paths: [scene.path("/moved")] }],
        [
          "KongPluginBinding",
          "moved",
          { plugin: "cors", targets: [{ routeRef: { name: "moved" } }, { serviceRef: { name: "moved" } }] },
        ],
      );
      await scene.ready("KongPluginBinding", "moved");
      await scene.served(scene.path("/moved"));
      const before = await Promise.all(
        ["services", "routes"].map((each) => scene.inKong(each, scene.kongName("moved"))),
      );
      scene.front.reset();
      const statuses: number[] = [];
      let isMoving = true;
      const asking = (async () => {
        while (isMoving) statuses.push((await env().kong.get(scene.path("/moved"))).status);
      })();
      const kinds = ["KongUpstream", "KongService", "KongRoute", "KongPluginBinding"];
      for (const kind of kinds) await scene.patch(kind, "moved", { gatewayRef: second });
      for (const kind of kinds) {
        await eventually(async () => {
          const { status } = await scene.get(kind, "moved");
          assert.equal((status?.["gateway"] as { name: string }).name, "second", `${kind}: ${JSON.stringify(status)}`);
        });
        await scene.ready(kind, "moved");
      }
      isMoving = false;
      await asking;
      const after = await Promise.all(
        ["services", "routes"].map((each) => scene.inKong(each, scene.kongName("moved"))),
      );
      assert.deepEqual(
        after.map(({ id }) => id),
        before.map(({ id }) => id),
      );
      assert.deepEqual([...new Set(statuses)], [200], `${statuses.length} requests`);
      assert.deepEqual(scene.front.writes.map(({ method }) => method).sort(), [
        "PATCH",
        "PUT",
        "PUT",
        "PUT",
        "PUT",
        "PUT",
      ]);
      for (const kind of kinds.reverse()) await scene.delete(kind, "moved");
      await scene.gone("KongUpstream", "moved");
    });

    it("go one by one: the first with its objects leaves the second's served", async () => {
      await scene.delete("KongService", "mine");
      await scene.delete("KongGateway", "default");
      await scene.gone("KongService", "mine");
      await scene.gone("KongGateway", "default");
      await scene.served(scene.path("/other"));
    });
  },
);

describeWithDatabase(
  "e2e: an instance that another cluster has",
  "it has one owner, whose configuration is all it holds",
  () => {
    const scene = useScene("instance", { gateway: false });
    const cluster = randomUUID();
    const name = `${RUN}-of-another-cluster`;

    before(async () => {
      const tags = [
        `kjo.instance:${scene.namespace}.default`,
        `kjo.cluster:${cluster}`,
        `kjo.object:KongService:${scene.namespace}:taken`,
        RUN_TAG,
      ];
      await env().kong.admin("POST", "/services", { name, host: "another-cluster.invalid", tags });
      await scene.apply(
        ["KongGateway", "default", { adminApi: { url: scene.front.url } }],
        ["KongService", "taken", { name, url: "http://ours.invalid" }],
      );
    });

    it("is not written to: InstanceInUse names the cluster and the way out", async () => {
      const message = new RegExp(`1 of cluster ${cluster}.*spec\\.instance.*spec\\.takeOver`);
      const expected = { status: "False", reason: "InstanceInUse", message } as const;
      await scene.condition("KongGateway", "default", "Ready", expected);
      await scene.condition("KongService", "taken", "Programmed", { status: "Unknown" });
      assert.deepEqual(scene.front.writes, []);
      assert.equal((await scene.inKong("services", name))["host"], "another-cluster.invalid");
    });

    it("becomes ours with spec.takeOver, entities and all", async () => {
      const { id } = await scene.inKong("services", name);
      await scene.patch("KongGateway", "default", { takeOver: cluster });
      await scene.ready("KongGateway", "default");
      await scene.ready("KongService", "taken");
      const after = await scene.inKong("services", name);
      assert.equal(after.id, id);
      assert.equal(after["host"], "ours.invalid");
      assert.ok(!after.tags?.includes(`kjo.cluster:${cluster}`), String(after.tags));
    });
  },
);

describe("e2e: what a gateway says of itself", () => {
  const scene = useScene("says", { gateway: { drift: { intervalSeconds: 3600 } } });

  it("is its version, mode, router and ports, and how many entities of ours it has", async () => {
    await scene.apply(["KongConsumer", "one", {}], ["KongConsumer", "two", {}]);
    await scene.ready("KongConsumer", "one", "two");
    await eventually(async () => {
      const { status } = await scene.get("KongGateway", "default");
      assert.match(String(status?.["version"]), /^3\.\d+/);
      assert.equal(status?.["mode"], isDbless(process.env) ? "db-less" : "database");
      assert.match(String(status?.["routerFlavor"]), /traditional|expressions/);
      assert.ok((status?.["listeners"] as unknown[]).length > 0);
      assert.equal((status?.["entities"] as Record<string, number>)["consumers"], 2);
    });
  });

  it("is NotAnAdminAPI where something else answers", async () => {
    await scene.apply(["KongGateway", "wrong", { adminApi: { url: env().backends.a.url.replace(/^.*:/, LOCAL) } }]);
    await scene.condition("KongGateway", "wrong", "Ready", { status: "False", reason: "NotAnAdminAPI" });
    await scene.delete("KongGateway", "wrong");
    await scene.gone("KongGateway", "wrong");
  });
});

/** The backends are this machine's, whatever Kong calls it. */
const LOCAL = "http://127.0.0.1:";
