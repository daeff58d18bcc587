import assert from "node:assert/strict";
import { describeWithDatabase } from "./setup-database.ts";
import type { KongEntityFields } from "./setup-kong.ts";
import { RUN, RUN_TAG } from "./setup-run.ts";
import { useScene } from "./setup-scene.ts";
import { env } from "./setup.ts";

describeWithDatabase(
  "e2e: adoption and letting go",
  "it has one owner, whose configuration is all it holds, so there is nothing to adopt",
  () => {
    const scene = useScene("adoption", { gateway: { drift: { intervalSeconds: 3600 } } });

    /** Something that stood in Kong before us. */
    const existing = (collection: string, body: object): Promise<KongEntityFields> =>
      env().kong.admin("POST", `/${collection}`, { ...body, tags: [RUN_TAG, "team-x"] });

    it("takes over by override a service that is different, changes it and keeps its id", async () => {
      const name = `${RUN}-override`;
      const before = await existing("services", { name, host: "old.invalid", retries: 1 });
      await scene.apply(["KongService", "override", { name, url: env().backends.a.url, adopt: { mode: "override" } }]);
      await scene.ready("KongService", "override");
      const after = await scene.inKong("services", name);
      assert.equal(after.id, before.id);
      assert.equal(after["retries"], 5);
      assert.ok(after.tags?.includes(`kjo.object:KongService:${scene.namespace}:override`), String(after.tags));
      assert.deepEqual((await scene.get("KongService", "override")).status?.["kong"], { id: before.id, name });
    });

    it("lets a route use what was adopted, and removes both at the end", async () => {
      const path = scene.path("/adopted");
      await scene.apply(["KongRoute", "adopted", { serviceRef: { name: "override" }, paths: [path] }]);
      await scene.served(path);
      await scene.delete("KongRoute", "adopted");
      await scene.delete("KongService", "override");
      await scene.gone("KongService", "override");
      assert.equal(await env().kong.find("services", `${RUN}-override`), undefined);
    });

    it("takes over by match only what is as the object says, and names the fields that are not", async () => {
      const name = `${RUN}-match`;
      const before = await existing("services", { name, host: "same.invalid", port: 8080, retries: 1 });
      await scene.apply(["KongService", "match", { name, url: "http://same.invalid:8080", adopt: { mode: "match" } }]);
      const expected = { status: "False", reason: "AdoptMismatch", message: /differs in retries:/ } as const;
      await scene.condition("KongService", "match", "Programmed", expected);
      assert.deepEqual(await scene.inKong("services", name), before);
      await scene.patch("KongService", "match", { retries: 1 });
      await scene.ready("KongService", "match");
      assert.equal((await scene.inKong("services", name)).id, before.id);
    });

    it("takes over by id, also under another name", async () => {
      const before = await existing("services", { name: `${RUN}-by-id`, host: "by-id.invalid" });
      const adopt = { mode: "override", id: before.id };
      await scene.apply(["KongService", "by-id", { url: "http://by-id.invalid", adopt }]);
      await scene.ready("KongService", "by-id");
      const after = await scene.inKong("services", before.id);
      assert.equal(after["name"], scene.kongName("by-id"));
    });

    it("says that the id to be adopted is not there", async () => {
      const adopt = { mode: "override", id: "5b0f2f4e-0000-4000-8000-000000000000" };
      await scene.apply(["KongService", "no-id", { url: "http://no-id.invalid", adopt }]);
      const expected = { status: "False", reason: "AdoptNotFound", message: /spec\.adopt\.id/ } as const;
      await scene.condition("KongService", "no-id", "Programmed", expected);
    });

    it("takes over a consumer with its credential, and an upstream with its targets", async () => {
      const username = `${RUN}-adopted`;
      const consumer = await existing("consumers", { username });
      const key = `${RUN}-adopted-key`;
      const credential = await existing(`consumers/${consumer.id}/key-auth`, { key });
      const upstream = await existing("upstreams", { name: `${username}.test` });
      await existing(`upstreams/${upstream.id}/targets`, { target: "10.1.1.1:80", weight: 7 });
      await scene.secret("adopted", { key });
      const adopt = { mode: "override" };
      await scene.apply(
        ["KongConsumer", "a", { username, credentials: [{ type: "key-auth", secretRef: { name: "adopted" } }], adopt }],
        ["KongUpstream", "a", { name: `${username}.test`, targets: [{ target: "10.1.1.1:80", weight: 70 }], adopt }],
      );
      await scene.ready("KongConsumer", "a");
      await scene.ready("KongUpstream", "a");
      assert.equal((await scene.inKong("consumers", username)).id, consumer.id);
      const keys = await env().kong.list(`/consumers/${consumer.id}/key-auth`);
      assert.deepEqual(
        keys.map(({ id }) => id),
        [credential.id],
      );
      const targets = await env().kong.list(`/upstreams/${upstream.id}/targets`);
      assert.deepEqual(
        targets.map(({ target, weight }) => ({ target, weight })),
        [{ target: "10.1.1.1:80", weight: 70 }],
      );
    });

    it("does not adopt what another object of ours has", async () => {
      const name = `${RUN}-ours`;
      await scene.apply(["KongService", "owner", { name, url: "http://owner.invalid" }]);
      await scene.ready("KongService", "owner");
      await scene.apply(["KongService", "thief", { name, url: "http://thief.invalid", adopt: { mode: "override" } }]);
      const message = new RegExp(`belongs to KongService ${scene.namespace}/owner`);
      await scene.condition("KongService", "thief", "Programmed", { status: "False", reason: "Conflict", message });
    });

    it("leaves an entity in Kong without our marks where the deletionPolicy is Orphan", async () => {
      const path = scene.path("/orphan");
      const tags = [RUN_TAG];
      await scene.apply(
        ["KongService", "orphan", { url: env().backends.a.url, deletionPolicy: "Orphan", tags }],
        ["KongRoute", "orphan", { serviceRef: { name: "orphan" }, paths: [path], deletionPolicy: "Orphan", tags }],
      );
      await scene.served(path);
      const before = await scene.inKong("services", scene.kongName("orphan"));
      await scene.delete("KongRoute", "orphan");
      await scene.delete("KongService", "orphan");
      await scene.gone("KongService", "orphan");
      await scene.gone("KongRoute", "orphan");
      const after = await scene.inKong("services", scene.kongName("orphan"));
      assert.equal(after.id, before.id);
      assert.deepEqual(after.tags, tags);
      await scene.served(path);
    });

    it("takes an orphan back by adopt", async () => {
      await scene.apply(["KongService", "orphan", { url: env().backends.b.url, adopt: { mode: "override" } }]);
      await scene.ready("KongService", "orphan");
      const { id } = await scene.inKong("routes", scene.kongName("orphan"));
      await env().kong.admin("DELETE", `/routes/${id}`);
    });

    it("follows the gateway's deletionPolicy where the object has none", async () => {
      await scene.patch("KongGateway", "default", { deletionPolicy: "Orphan" });
      await scene.apply(["KongConsumer", "kept", { tags: [RUN_TAG] }]);
      await scene.ready("KongConsumer", "kept");
      await scene.delete("KongConsumer", "kept");
      await scene.gone("KongConsumer", "kept");
      assert.deepEqual((await scene.inKong("consumers", scene.kongName("kept"))).tags, [RUN_TAG]);
      await scene.patch("KongGateway", "default", { deletionPolicy: "Delete" });
    });
  },
);
