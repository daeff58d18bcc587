import { needsDatabase } from "./setup-database.ts";
import { useScene } from "./setup-scene.ts";
import { env } from "./setup.ts";

describe("e2e: objects that wait are woken", () => {
  const scene = useScene("wake-ups", { gateway: { drift: { intervalSeconds: 3600 } } });

  it("when what they refer to stands in Kong, although another part of it was refused", async () => {
    const targets = [{ consumerRef: { name: "half" } }];
    await scene.secret("rsa", { key: "wake-ups", algorithm: "RS256", rsa_public_key: "no key at all" });
    await scene.apply([
      "KongPluginBinding",
      "limit",
      { plugin: "rate-limiting", config: { minute: 5, policy: "local" }, targets },
    ]);
    await scene.condition("KongPluginBinding", "limit", "ResolvedRefs", { status: "False" });
    await scene.apply(["KongConsumer", "half", { credentials: [{ type: "jwt", secretRef: { name: "rsa" } }] }]);
    await scene.condition("KongConsumer", "half", "Programmed", { status: "False", reason: "Rejected" });
    await scene.ready("KongPluginBinding", "limit");
  });

  it("when the last object of a KongGateway that is going lives elsewhere", async function () {
    needsDatabase(this, "a second KongGateway needs a gateway of its own");
    await scene.apply(
      ["KongGateway", "former", { adminApi: { url: scene.front.url } }],
      ["KongService", "moves", { gatewayRef: { name: "former" }, url: env().backends.a.url }],
    );
    await scene.ready("KongService", "moves");
    await scene.delete("KongGateway", "former");
    await scene.condition("KongGateway", "former", "Ready", { status: "False", reason: "InUse" });
    await scene.patch("KongService", "moves", { gatewayRef: { name: "default" } });
    await scene.gone("KongGateway", "former");
    await scene.ready("KongService", "moves");
  });
});
