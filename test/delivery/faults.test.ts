import assert from "node:assert/strict";
import { skip } from "../dev/skip.ts";
import { eventually } from "../e2e/setup-eventually.ts";
import { pathOf } from "./jenkins.ts";
import type { Cut, Passing } from "./http-front.ts";
import { env, useScene } from "./setup.ts";

const MARKED = { parameters: { KJO_BUILD_ID: "" } };

describe("delivery: one build, whatever happens on the way", () => {
  const scene = useScene("faults");

  afterEach(() => env().jenkins.front.mend());

  /** Cuts the first request that starts a build of the job. */
  function cutStart(job: string, cut: Cut, times = 1): void {
    let left = times;
    env().jenkins.front.cutWhere(({ method, path }: Passing) => {
      if (method !== "POST" || !path.includes(`${pathOf(job)}/build`) || left === 0) return undefined;
      left -= 1;
      return cut;
    });
  }

  async function count(job: string): Promise<number> {
    return (await env().jenkins.builds(job)).length;
  }

  it("with Jenkins away at first: it is asked when it is back", async () => {
    const { jenkins } = env();
    const job = scene.job("away");
    await jenkins.makeJob(job, MARKED);
    await jenkins.front.down();
    await scene.build("away", { job });
    await scene.phase("away", "Pending", /cannot connect/);
    await jenkins.front.up();
    await scene.phase("away", "Succeeded");
    assert.equal(await count(job), 1);
  });

  for (const [cut, kind, options] of [
    ["before", "a job that carries the id", MARKED],
    ["after", "a job that carries the id", MARKED],
    ["before", "a job that nobody else asks for", {}],
  ] as const) {
    it(`with the connection cut ${cut} Jenkins has taken it, of ${kind}`, async () => {
      const name = `cut-${cut}-${kind.length}`;
      const job = scene.job(name);
      await env().jenkins.makeJob(job, options);
      cutStart(job, cut);
      await scene.build(name, { job });
      await scene.phase(name, "Submitting", /connection to Jenkins broke/);
      const { attempt } = await scene.phase(name, "Succeeded");
      assert.equal(attempt, cut === "before" ? 2 : 1);
      assert.equal(await count(job), 1);
    });
  }

  it("with the connection cut after Jenkins has taken it, of a job without the id: as onAmbiguous says", async () => {
    const job = scene.job("ambiguous");
    await env().jenkins.makeJob(job);
    cutStart(job, "after");
    await scene.build("ambiguous", { job });
    await scene.phase("ambiguous", "Lost", /declares no string parameter KJO_BUILD_ID/);
    assert.equal(await count(job), 1);
    cutStart(job, "after");
    await scene.build("ambiguous-again", { job, onAmbiguous: "Resubmit" });
    await scene.phase("ambiguous-again", "Succeeded");
    assert.equal(await count(job), 3);
  });

  it("with the object changed while Jenkins answers", async function () {
    const { jenkins, cluster } = env();
    if (!jenkins.double) skip(this, "needs the double's slow answer");
    const job = scene.job("changed");
    await jenkins.makeJob(job, MARKED);
    jenkins.double.setFault(({ method, path }) =>
      method === "POST" && path.includes(job) ? { kind: "stall", ms: 800 } : undefined,
    );
    await scene.build("changed", { job });
    await scene.phase("changed", "Submitting");
    await cluster.patch("JenkinsBuild", scene.namespace, "changed", { metadata: { labels: { changed: "yes" } } });
    await scene.phase("changed", "Succeeded");
    jenkins.double.setFault(() => undefined);
    assert.equal(await count(job), 1);
  });

  it("with Jenkins killed, and its queue lost", async function () {
    const { double } = env().jenkins;
    if (!double) skip(this, "needs a Jenkins that may be killed");
    const job = scene.job("killed");
    await env().jenkins.makeJob(job, { ...MARKED, seconds: 3, isConcurrent: false });
    await scene.build("killed-a", { job });
    await scene.phase("killed-a", "Running");
    await scene.build("killed-b", { job });
    await scene.phase("killed-b", "Queued");
    await double.restart("hard");
    await scene.phase("killed-a", "Aborted");
    const { attempt } = await scene.phase("killed-b", "Succeeded");
    assert.equal(attempt, 2);
    assert.equal(await count(job), 2);
  });

  it("with Jenkins started anew, and its queue kept", async function () {
    const { double } = env().jenkins;
    if (!double) skip(this, "needs a Jenkins that may be started anew");
    const job = scene.job("restarted");
    await env().jenkins.makeJob(job, { ...MARKED, seconds: 3, isConcurrent: false });
    await scene.build("restarted-a", { job });
    await scene.phase("restarted-a", "Running");
    await scene.build("restarted-b", { job });
    await scene.phase("restarted-b", "Queued");
    await double.restart("graceful", 1_500);
    const { attempt } = await scene.phase("restarted-b", "Succeeded");
    assert.equal(attempt, 1);
    assert.equal(await count(job), 2);
  });

  it("or none, when somebody takes it out of the queue while the operator is away", async function () {
    const { jenkins } = env();
    if (!jenkins.double) skip(this, "needs a clock that can be put forward");
    const job = scene.job("removed");
    await jenkins.makeJob(job, { ...MARKED, label: "nowhere" });
    await scene.build("removed", { job });
    const { queueId } = await scene.phase("removed", "Queued");
    await scene.stopOperator();
    await jenkins.send("POST", `/queue/cancelItem?id=${String(queueId)}`);
    // By now Jenkins has forgotten what became of the item.
    jenkins.double.clock.advance(6 * 60_000);
    await scene.startOperator();
    await scene.phase("removed", "Lost", /removed there/);
    assert.equal(await count(job), 0);
    await eventually(async () => assert.equal(await jenkins.queueLength(job), 0));
  });

  it("which is Aborted when somebody takes it out of the queue", async () => {
    const { jenkins } = env();
    const job = scene.job("taken-out");
    await jenkins.makeJob(job, { ...MARKED, label: "nowhere" });
    await scene.build("taken-out", { job });
    const { queueId } = await scene.phase("taken-out", "Queued");
    await jenkins.send("POST", `/queue/cancelItem?id=${String(queueId)}`);
    await scene.phase("taken-out", "Aborted", /taken out of Jenkins' queue/);
  });
});
