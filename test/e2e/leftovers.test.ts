import assert from "node:assert/strict";
import { describeWithDatabase } from "./setup-database.ts";
import type { KongEntityFields } from "./setup-kong.ts";
import { isOfStaleRun, nameOfRun, RUN_TAG } from "./setup-run.ts";
import { sweepCluster, sweepKong } from "./setup-sweep.ts";
import { env, namespaceObject } from "./setup.ts";

const MINUTE_MS = 60_000;

describeWithDatabase(
  "e2e: what a crashed run of the suite left",
  "each scene has a gateway of its own, so nothing is left",
  () => {
    const crashed = nameOfRun(Date.now() - 70 * MINUTE_MS);
    const underWay = nameOfRun(Date.now() - 50 * MINUTE_MS);

    after(async () => {
      await sweepKong(env().kong, (text) => text.includes(underWay));
      await env().cluster.delete("Namespace", "", underWay);
    });

    it("is removed from Kong after an hour by name and by tag, and nothing else", async () => {
      const { kong } = env();
      const post = (path: string, body: object): Promise<KongEntityFields> => kong.admin("POST", path, body);
      const service = await post("/services", { name: `${crashed}-shop.api`, host: "x.invalid" });
      await post("/routes", {
        paths: [`/${crashed}`],
        service: { id: service.id },
        tags: [`kjo.instance:${crashed}.a`],
      });
      await post("/consumers", { username: `${crashed}-alice` });
      const young = await post("/services", { name: `${underWay}-shop`, host: "x.invalid", tags: [RUN_TAG] });
      assert.equal((await sweepKong(kong, isOfStaleRun)).length, 3);
      assert.equal(await kong.find("services", service.id), undefined);
      assert.deepEqual(await kong.find("services", young.id), young);
      assert.deepEqual(await env().foreign.now(), env().foreign.before);
    });

    it("is removed from the cluster after an hour, and nothing else", async () => {
      const { cluster } = env();
      await cluster.apply(namespaceObject(crashed));
      await cluster.apply(namespaceObject(underWay));
      await sweepCluster(cluster, isOfStaleRun);
      const isLeft = async (name: string): Promise<boolean> => {
        const found = await cluster.find("Namespace", "", name);
        return found !== undefined && found.metadata.deletionTimestamp === undefined;
      };
      assert.equal(await isLeft(crashed), false);
      assert.equal(await isLeft(underWay), true);
    });
  },
);
