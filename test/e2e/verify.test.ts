import assert from "node:assert/strict";
import { conditionOf } from "./setup-cluster.ts";
import { needsDatabase } from "./setup-database.ts";
import { eventually } from "./setup-eventually.ts";
import { useScene } from "./setup-scene.ts";
import { env } from "./setup.ts";

/** What a real Kong needs at most to serve a change, with what the operator adds to be sure of it. */
const SERVED_WITHIN_MS = 20_000;
const SLOW = { timeoutMs: SERVED_WITHIN_MS };
const SECOND_GATEWAY = "a second KongGateway needs a gateway of its own";

describe("verified routes", function () {
  this.timeout(90_000);
  const scene = useScene("verify");

  async function serving(name: string, status: "True" | "False" | "Unknown", reason: string): Promise<void> {
    await scene.condition("KongRoute", name, "Serving", { status, reason }, SLOW);
  }

  async function hasEvent(name: string, type: string, reason: string): Promise<void> {
    await eventually(async () => {
      const events = await scene.events("KongRoute", name, reason);
      assert.ok(events.some((event) => event.type === type));
    }, SLOW);
  }

  before(async () => {
    await scene.patch("KongGateway", "default", { proxy: { url: env().kong.proxyUrl } });
    await scene.apply(
      ["KongService", "a", { url: env().backends.a.url }],
      [
        "KongRoute",
        "served",
        { serviceRef: { name: "a" }, paths: [scene.path("/served")], verify: { intervalSeconds: 1 } },
      ],
    );
    await scene.ready("KongRoute", "served");
  });

  it("says Serving once the proxy answers, and not before", async () => {
    await eventually(async () => {
      const serving = conditionOf(await scene.get("KongRoute", "served"), "Serving");
      assert.ok(serving, "no condition yet");
      if (serving.status !== "True") assert.equal(`${serving.status} ${serving.reason}`, "Unknown WaitingForProxy");
    }, SLOW);
    await serving("served", "True", "Served");
    assert.equal((await env().kong.get(scene.path("/served"))).status, 200);
  });

  it("leaves a status that says the same as it is", async () => {
    await serving("served", "True", "Served");
    const before = await scene.get("KongRoute", "served");
    const asked = () => env().operator.metric("kjo_route_verifications_total", { result: "Served" });
    const askedBefore = await asked();
    await eventually(async () => assert.ok((await asked()) > askedBefore + 2), SLOW);
    const after = await scene.get("KongRoute", "served");
    assert.equal(after.metadata.resourceVersion, before.metadata.resourceVersion);
  });

  it("tells of a loss and of the end of it, in condition, Event and metric", async () => {
    await scene.apply(
      ["KongService", "lossy", { url: env().backends.a.url }],
      [
        "KongRoute",
        "lossy",
        {
          serviceRef: { name: "lossy" },
          paths: [scene.path("/lossy")],
          verify: { intervalSeconds: 1, required: true },
        },
      ],
    );
    await serving("lossy", "True", "Served");
    await scene.ready("KongRoute", "lossy");
    const gone = {
      plugin: "request-termination",
      config: { status_code: 503, message: "closed for today" },
      targets: [{ serviceRef: { name: "lossy" } }],
    };
    await scene.apply(["KongPluginBinding", "closed", gone]);
    await serving("lossy", "False", "UnexpectedStatus");
    await scene.condition("KongRoute", "lossy", "Serving", { status: "False", message: /503.*closed for today/ }, SLOW);
    await scene.condition("KongRoute", "lossy", "Ready", { status: "False", reason: "UnexpectedStatus" }, SLOW);
    await hasEvent("lossy", "Warning", "UnexpectedStatus");
    const labels = { namespace: scene.namespace, name: "lossy" };
    assert.equal(await env().operator.metric("kjo_route_serving", labels), 0);
    await scene.delete("KongPluginBinding", "closed");
    await serving("lossy", "True", "Served");
    await scene.ready("KongRoute", "lossy");
    await hasEvent("lossy", "Normal", "Served");
    assert.equal(await env().operator.metric("kjo_route_serving", labels), 1);
  });

  it("asks as the route matches: host, header, method and path of its own", async () => {
    const route = {
      serviceRef: { name: "a" },
      hosts: ["*.example.com", scene.host("matched")],
      paths: [`~${scene.path("/re/[0-9]+$")}`, scene.path("/matched")],
      methods: ["POST", "HEAD"],
      headers: { "x-verify": ["v1"] },
      verify: {},
    };
    await scene.apply(["KongRoute", "matched", route]);
    await serving("matched", "True", "Served");
  });

  it("says NoRouteMatched where its request is not the route's own", async () => {
    const verify = { path: scene.path("/elsewhere"), deadlineSeconds: 1 };
    await scene.apply(["KongRoute", "strayed", { serviceRef: { name: "a" }, paths: [scene.path("/strayed")], verify }]);
    await serving("strayed", "False", "NoRouteMatched");
    await scene.condition("KongRoute", "strayed", "Ready", { status: "True" });
    await scene.patch("KongRoute", "strayed", { verify: { path: scene.path("/strayed/1") } });
    await serving("strayed", "True", "Served");
  });

  it("waits with Ready where verify is required", async () => {
    const verify = { required: true, path: scene.path("/nowhere"), deadlineSeconds: 600 };
    await scene.apply([
      "KongRoute",
      "required",
      { serviceRef: { name: "a" }, paths: [scene.path("/required")], verify },
    ]);
    await serving("required", "Unknown", "WaitingForProxy");
    await scene.condition("KongRoute", "required", "Ready", { status: "Unknown", reason: "WaitingForProxy" });
    await scene.condition("KongRoute", "required", "Reconciling", { status: "True" });
    await scene.condition("KongRoute", "required", "Programmed", { status: "True" });
  });

  it("sends a header from a Secret, and asks again when the Secret changes", async () => {
    await scene.secret("key", { key: `${scene.namespace}-key-1` });
    await scene.secret("asks", { apikey: "none of the keys" });
    await scene.apply(
      ["KongConsumer", "user", { credentials: [{ type: "key-auth", secretRef: { name: "key" } }] }],
      [
        "KongRoute",
        "keyed",
        {
          serviceRef: { name: "a" },
          paths: [scene.path("/keyed")],
          verify: {
            intervalSeconds: 2,
            deadlineSeconds: 1,
            headersFrom: [{ name: "apikey", secretRef: { name: "asks", key: "apikey" } }],
          },
        },
      ],
      ["KongPluginBinding", "keyed", { plugin: "key-auth", targets: [{ routeRef: { name: "keyed" } }] }],
    );
    await scene.ready("KongPluginBinding", "keyed");
    await scene.condition("KongRoute", "keyed", "Serving", { status: "False", message: /401/ }, SLOW);
    await scene.secret("asks", { apikey: `${scene.namespace}-key-1` });
    await serving("keyed", "True", "Served");
    const text = JSON.stringify(await scene.get("KongRoute", "keyed"));
    assert.ok(!text.includes(`${scene.namespace}-key-1`), "the key is in the status");
  });

  it("says what is missing where the gateway's proxy is not known, and goes on when it is", async function () {
    needsDatabase(this, SECOND_GATEWAY);
    await scene.apply([
      "KongGateway",
      "blind",
      { adminApi: { url: scene.front.url }, instance: `${scene.namespace}.default` },
    ]);
    const route = { gatewayRef: { name: "blind" }, paths: [scene.path("/blind")], verify: { expectStatus: [503] } };
    await scene.apply(["KongRoute", "blind", route]);
    await serving("blind", "Unknown", "NoProxy");
    await scene.condition("KongRoute", "blind", "Ready", { status: "True" });
    await scene.patch("KongGateway", "blind", { proxy: { url: env().kong.proxyUrl } });
    await serving("blind", "True", "Served");
  });

  it("says ProxyUnreachable where nothing listens", async function () {
    needsDatabase(this, SECOND_GATEWAY);
    await scene.patch("KongGateway", "blind", { proxy: { url: "http://127.0.0.1:9" } });
    await serving("blind", "False", "ProxyUnreachable");
  });

  it("knows after a restart what it has told, and writes nothing", async () => {
    await serving("served", "True", "Served");
    const before = await scene.get("KongRoute", "served");
    await env().operator.stop();
    await env().operator.start();
    await eventually(async () => {
      assert.ok((await env().operator.metric("kjo_route_verifications_total", { result: "Served" })) > 0);
    }, SLOW);
    const after = await scene.get("KongRoute", "served");
    assert.equal(after.metadata.resourceVersion, before.metadata.resourceVersion);
  });
});
