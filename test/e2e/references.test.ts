import assert from "node:assert/strict";
import { needsDatabase } from "./setup-database.ts";
import { RUN } from "./setup-run.ts";
import { useScene } from "./setup-scene.ts";
import { env } from "./setup.ts";

describe("e2e: references", () => {
  const scene = useScene("references", { gateway: { drift: { intervalSeconds: 3600 } } });

  it("lets objects that come before what they refer to wait and serves them when it is there", async () => {
    const path = scene.path("/early");
    await scene.apply(
      ["KongPluginBinding", "early", { plugin: "key-auth", targets: [{ routeRef: { name: "early" } }] }],
      ["KongRoute", "early", { serviceRef: { name: "early" }, paths: [path] }],
      ["KongService", "early", { upstreamRef: { name: "early" } }],
      ["KongConsumer", "early", { credentials: [{ type: "key-auth", secretRef: { name: "early" } }] }],
    );
    const missing = (field: RegExp) => ({ status: "False", reason: "RefNotFound", message: field }) as const;
    await scene.condition(
      "KongService",
      "early",
      "ResolvedRefs",
      missing(/^spec\.upstreamRef: KongUpstream \S+\/early/),
    );
    await scene.condition("KongConsumer", "early", "ResolvedRefs", { status: "False", reason: "SecretNotFound" });
    await scene.condition("KongRoute", "early", "Ready", { status: "Unknown" });
    await scene.secret("early", { key: `${RUN}-early-key` });
    await scene.apply(["KongUpstream", "early", { targets: [{ target: env().backends.a.address }] }]);
    await scene.served(path, { headers: { apikey: `${RUN}-early-key` } });
    for (const kind of ["KongUpstream", "KongService", "KongRoute", "KongPluginBinding", "KongConsumer"]) {
      await scene.ready(kind, "early");
    }
  });

  it("says which service a route is waiting for", async () => {
    await scene.apply(["KongRoute", "lonely", { serviceRef: { name: "nobody" }, paths: [scene.path("/lonely")] }]);
    const message = /^spec\.serviceRef: KongService \S+\/nobody does not exist/;
    await scene.condition("KongRoute", "lonely", "ResolvedRefs", { status: "False", reason: "RefNotFound", message });
    assert.equal(await env().kong.find("routes", scene.kongName("lonely")), undefined);
  });

  it("answers a reference to a certificate with ResolvedRefs=False", async () => {
    await scene.apply(
      ["KongService", "tls", { url: "https://tls.invalid", clientCertificateRef: { name: "client" } }],
      ["KongService", "ca", { url: "https://tls.invalid", caCertificateRefs: [{ name: "root" }] }],
      ["KongUpstream", "tls", { clientCertificateRef: { name: "client" } }],
    );
    const refused = (message: RegExp) => ({ status: "False", message }) as const;
    await scene.condition("KongService", "tls", "ResolvedRefs", refused(/spec\.clientCertificateRef: KongCertificate/));
    await scene.condition(
      "KongService",
      "ca",
      "ResolvedRefs",
      refused(/spec\.caCertificateRefs\[0\]: KongCACertificate/),
    );
    await scene.condition(
      "KongUpstream",
      "tls",
      "ResolvedRefs",
      refused(/spec\.clientCertificateRef: KongCertificate/),
    );
  });

  it("moves a route to another service in one write", async () => {
    await scene.apply(
      ["KongService", "a", { url: env().backends.a.url }],
      ["KongService", "b", { url: env().backends.b.url }],
      ["KongRoute", "moving", { serviceRef: { name: "a" }, paths: [scene.path("/moving")] }],
    );
    assert.equal((await scene.served(scene.path("/moving"))).backend, "a");
    await scene.ready("KongService", "b");
    scene.front.reset();
    await scene.patch("KongRoute", "moving", { serviceRef: { name: "b" } });
    await scene.ready("KongRoute", "moving");
    assert.equal(scene.front.writes.length, 1);
    const { id } = await scene.inKong("services", scene.kongName("b"));
    assert.deepEqual((await scene.inKong("routes", scene.kongName("moving")))["service"], { id });
  });

  it("names a gatewayRef that leads nowhere and connects the object when the gateway comes", async function () {
    needsDatabase(this, "a second KongGateway needs a gateway of its own");
    await scene.apply(["KongService", "elsewhere", { url: "http://x.invalid", gatewayRef: { name: "later" } }]);
    const expected = { status: "False", reason: "GatewayNotFound", message: /^spec\.gatewayRef: KongGateway/ } as const;
    await scene.condition("KongService", "elsewhere", "ResolvedRefs", expected);
    await scene.apply(["KongGateway", "later", { adminApi: { url: scene.front.url } }]);
    await scene.ready("KongService", "elsewhere");
    assert.deepEqual((await scene.get("KongService", "elsewhere")).status?.["gateway"], {
      namespace: scene.namespace,
      name: "later",
      instance: `${scene.namespace}.later`,
    });
  });
});
