import assert from "node:assert/strict";
import { skip } from "../dev/skip.ts";
import { eventually } from "../e2e/setup-eventually.ts";
import { parameterOf } from "./jenkins.ts";
import { env, useScene } from "./setup.ts";

describe("delivery: a JenkinsBuild runs its job once and is followed to its result", () => {
  const scene = useScene("builds");

  it("of a job without parameters", async () => {
    const { jenkins } = env();
    const job = scene.job("plain");
    await jenkins.makeJob(job);
    await scene.build("plain", { job });
    const status = await scene.phase("plain", "Succeeded", /SUCCESS/);
    assert.deepEqual([status["number"], status["result"]], [1, "SUCCESS"]);
    assert.match(String(status["url"]), new RegExp(`${job}/1/$`));
    assert.equal((await jenkins.builds(job)).length, 1);
  });

  it("of a job with parameters, which carries the build's id", async () => {
    const { jenkins } = env();
    const job = scene.job("parameters");
    await jenkins.makeJob(job, { parameters: { IMAGE: "none", KJO_BUILD_ID: "" } });
    const { metadata } = await scene.build("parameters", { job, parameters: [{ name: "IMAGE", value: "a b&c=d/é" }] });
    await scene.phase("parameters", "Succeeded");
    const [build, ...more] = await jenkins.builds(job);
    assert.deepEqual(more, []);
    assert.equal(parameterOf(build!, "IMAGE"), "a b&c=d/é");
    assert.equal(parameterOf(build!, "KJO_BUILD_ID"), (metadata as { uid?: string }).uid);
  });

  it("twice, for two objects that ask for the same", async () => {
    const { jenkins } = env();
    const job = scene.job("twice");
    await jenkins.makeJob(job, { parameters: { KJO_BUILD_ID: "" }, seconds: 1, isConcurrent: false });
    await scene.build("twice-a", { job });
    await scene.build("twice-b", { job });
    await scene.phase("twice-a", "Succeeded");
    await scene.phase("twice-b", "Succeeded");
    assert.equal((await jenkins.builds(job)).length, 2);
  });

  it("of a job in a folder, and of a branch", async function () {
    const { jenkins } = env();
    const folder = scene.job("folder");
    if (!(await jenkins.makeFolder(folder))) skip(this, "the plugin cloudbees-folder is not there");
    await jenkins.makeJob(`${folder}/in it`);
    await scene.build("in-folder", { job: `${folder}/in it` });
    await scene.phase("in-folder", "Succeeded");
    if (!jenkins.double) return;
    jenkins.double.createJob(`${folder}/feature%2Fx`, "<project></project>");
    await scene.build("branch", { job: folder, branch: "feature/x" });
    const { url } = await scene.phase("branch", "Succeeded");
    assert.match(String(url), /feature%252Fx\/1\/$/);
  });

  it("of a Pipeline, with its stages", async function () {
    const { jenkins } = env();
    const job = scene.job("pipeline");
    const script = "node { stage('Build') { sleep 1 }\nstage('Notify Kong') { echo 'ok' } }";
    if (!(await jenkins.makePipeline(job, script, ["KJO_BUILD_ID"])))
      skip(this, "the plugin workflow-job is not there");
    await scene.build("pipeline", { job });
    const { stages } = await scene.phase("pipeline", "Succeeded");
    if (stages === undefined && !jenkins.double) skip(this, "the plugin pipeline-rest-api is not there");
    const names = (stages as { name: string; status: string }[]).map(({ name, status }) => `${name} ${status}`);
    assert.deepEqual(names, ["Build SUCCESS", "Notify Kong SUCCESS"]);
  });

  it("to a failure", async () => {
    const job = scene.job("fails");
    await env().jenkins.makeJob(job, { exit: 1 });
    await scene.build("fails", { job });
    await scene.phase("fails", "Failed", /FAILURE/);
    const { status } = await scene.get("JenkinsBuild", "fails");
    const types = status?.conditions?.map(({ type, status: value }) => `${type} ${value}`);
    assert.deepEqual(types, ["Accepted True", "Ready False", "ResolvedRefs True", "Stalled True"]);
  });

  it("to UNSTABLE, which is Ready where the build says so", async () => {
    const job = scene.job("unstable");
    await env().jenkins.makeJob(job, { exit: 2 });
    env().jenkins.double?.setResult(job, "UNSTABLE");
    await scene.build("unstable", { job });
    await scene.build("unstable-fine", { job, unstable: "Success" });
    for (const [name, ready] of [
      ["unstable", "False"],
      ["unstable-fine", "True"],
    ] as const) {
      const { conditions } = await scene.phase(name, "Unstable");
      assert.equal(
        (conditions as { type: string; status: string }[]).find(({ type }) => type === "Ready")?.status,
        ready,
      );
    }
  });

  it("from the queue, which says what it waits for", async () => {
    const job = scene.job("queue");
    await env().jenkins.makeJob(job, { seconds: 6, isConcurrent: false, parameters: { KJO_BUILD_ID: "" } });
    await scene.build("first", { job });
    await scene.phase("first", "Running");
    await scene.build("second", { job });
    await scene.phase("second", "Queued", /already in progress/);
    await scene.cancel("second");
    await scene.phase("second", "Aborted", /queue/);
    await scene.cancel("first");
    await scene.phase("first", "Aborted");
    assert.deepEqual(
      (await env().jenkins.builds(job)).map(({ result }) => result),
      ["ABORTED"],
    );
  });

  it("for no longer than its timeouts: in the queue and running", async () => {
    const { jenkins } = env();
    const [waits, runs] = [scene.job("waits"), scene.job("runs")];
    await jenkins.makeJob(waits, { label: "nowhere" });
    await jenkins.makeJob(runs, { seconds: 60 });
    await scene.build("waits", { job: waits, timeouts: { queueSeconds: 5 } });
    await scene.build("runs", { job: runs, timeouts: { buildSeconds: 5 } });
    await scene.phase("waits", "TimedOut");
    await scene.phase("runs", "TimedOut");
    await eventually(async () => assert.equal(await jenkins.queueLength(waits), 0));
    assert.deepEqual(
      (await jenkins.builds(runs)).map(({ result }) => result),
      ["ABORTED"],
    );
  });

  for (const [what, options, spec, message] of [
    ["a parameter that the job lacks", {}, { parameters: [{ name: "NOPE", value: "1" }] }, /no parameter NOPE/],
    [
      "a value that is no choice",
      { choices: { ENV: ["dev", "prod"] } },
      { parameters: [{ name: "ENV", value: "moon" }] },
      /takes for ENV one of dev, prod, not "moon"/,
    ],
    ["a disabled job", { isDisabled: true }, {}, /is disabled/],
    [
      "the parameter of the build's id",
      { parameters: { KJO_BUILD_ID: "" } },
      { parameters: [{ name: "KJO_BUILD_ID", value: "mine" }] },
      /take it out of spec.parameters/,
    ],
  ] as const) {
    it(`not at all for ${what}, and says so`, async () => {
      const name = what.replaceAll(/\W+/g, "-").toLowerCase();
      const job = scene.job(name);
      await env().jenkins.makeJob(job, options);
      await scene.build(name, { job, ...spec });
      await scene.phase(name, "Pending", message);
      assert.deepEqual(await env().jenkins.builds(job), []);
    });
  }

  it("not at all for a job that is not there, and says so", async () => {
    await scene.build("nowhere", { job: scene.job("nowhere") });
    await scene.phase("nowhere", "Pending", /not there, or the user may not see it/);
  });

  it("not at all for a folder, and says so", async function () {
    const folder = scene.job("only-folder");
    if (!(await env().jenkins.makeFolder(folder))) skip(this, "the plugin cloudbees-folder is not there");
    await scene.build("only-folder", { job: folder });
    await scene.phase("only-folder", "Pending", /is a folder/);
  });

  it("for good: its wish cannot be changed", async () => {
    await assert.rejects(scene.build("plain", { job: "another" }), /create another JenkinsBuild/);
  });

  it("and tells how the server is", async () => {
    const { status } = await scene.get("JenkinsServer", "ci");
    assert.equal(status?.["user"], env().jenkins.user);
    assert.equal(typeof status?.["version"], "string");
    assert.equal(status?.conditions?.find(({ type }) => type === "Ready")?.status, "True");
  });
});
