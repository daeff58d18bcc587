import assert from "node:assert/strict";
import { describeWithDatabase } from "./setup-database.ts";
import { eventually } from "./setup-eventually.ts";
import { useScene } from "./setup-scene.ts";
import { env } from "./setup.ts";

describeWithDatabase("e2e: prune", "what somebody puts beside ours is drift, and gone with the next load", () => {
  const scene = useScene("prune", { gateway: { drift: { intervalSeconds: 1 } } });
  const ours = ["a", "b", "c", "d"];

  before(async () => {
    await scene.apply(...ours.map((name) => ["KongService", name, { url: "http://x.invalid" }] as const));
    await scene.ready("KongService", ...ours);
  });

  /** Entities with our marks whose object is gone, as a lost finalizer leaves them. */
  async function orphan(...names: readonly string[]): Promise<void> {
    const { tags = [] } = await scene.inKong("services", scene.kongName("a"));
    for (const name of names) {
      const marks = tags?.map((tag) => (tag.startsWith("kjo.object:") ? tag.replace(/:a$/, `:${name}`) : tag));
      await env().kong.admin("POST", "/services", { name: scene.kongName(name), host: "x.invalid", tags: marks });
    }
  }

  async function services(): Promise<string[]> {
    return (await scene.ownedInKong()).map((name) => name.replace(`services/${scene.namespace}.`, "")).sort();
  }

  it("removes what carries our marks and belongs to no object, and says so in an Event of the KongGateway", async () => {
    await orphan("lost");
    await eventually(async () => assert.deepEqual(await services(), ours));
    await eventually(async () => {
      const [event] = await scene.events("KongGateway", "default", "OrphansRemoved");
      assert.match(event?.note ?? "", new RegExp(`KongService/${scene.namespace}/lost`));
    });
  });

  it("removes nothing where it would be more than maxPercent, and says so until somebody raises it", async () => {
    await orphan("p", "q", "r", "s");
    const message = /4 entities in Kong belong to no object.*spec\.prune\.maxPercent/;
    await scene.condition("KongGateway", "default", "Orphans", { status: "True", reason: "OverLimit", message });
    const { checks } = scene.front;
    await eventually(() => assert.ok(scene.front.checks >= checks + 2));
    assert.deepEqual(await services(), [...ours, "p", "q", "r", "s"]);
    await scene.ready("KongGateway", "default");
    await scene.patch("KongGateway", "default", { prune: { maxPercent: 60 } });
    await eventually(async () => assert.deepEqual(await services(), ours));
    await eventually(async () => {
      const { status } = await scene.get("KongGateway", "default");
      assert.ok(!status?.conditions?.some(({ type }) => type === "Orphans"));
    });
  });

  it("only reports with the policy Report", async () => {
    await scene.patch("KongGateway", "default", { prune: { policy: "Report" } });
    await scene.ready("KongGateway", "default");
    await orphan("seen");
    const expected = { status: "True", reason: "ReportOnly", message: /KongService\/\S+\/seen/ } as const;
    await scene.condition("KongGateway", "default", "Orphans", expected);
    assert.deepEqual(await services(), [...ours, "seen"]);
    await scene.patch("KongGateway", "default", { prune: { policy: "Delete" } });
    await eventually(async () => assert.deepEqual(await services(), ours));
  });

  it("gives an orphan back to an object that is made again", async () => {
    await scene.patch("KongGateway", "default", { prune: { policy: "Report" } });
    await orphan("again");
    const { id } = await scene.inKong("services", scene.kongName("again"));
    await eventually(async () => {
      const { status } = await scene.get("KongGateway", "default");
      assert.ok(status?.conditions?.some(({ type }) => type === "Orphans"));
    });
    await scene.apply(["KongService", "again", { url: "http://again.invalid" }]);
    await scene.ready("KongService", "again");
    const found = await scene.inKong("services", scene.kongName("again"));
    assert.deepEqual([found.id, found["host"]], [id, "again.invalid"]);
  });
});
