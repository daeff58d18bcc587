import assert from "node:assert/strict";
import { skip } from "../dev/skip.ts";
import { USERS } from "../doubles/jenkins/users.ts";
import { eventually } from "../e2e/setup-eventually.ts";
import { conditionOf } from "../e2e/setup-cluster.ts";
import { env, useScene } from "./setup.ts";

describe("delivery: who the operator is for Jenkins", () => {
  const scene = useScene("identities");
  const user = (name: string) => USERS.find((each) => each.name === name)!;

  before(function () {
    if (!env().jenkins.double) skip(this, "needs users of the double, and an anonymous who may see nothing");
  });

  function builds(job: string): Promise<number> {
    return env()
      .jenkins.builds(job)
      .then(({ length }) => length);
  }

  it("a user with a password, by one crumb for many builds", async () => {
    const { jenkins } = env();
    const { name, password } = user("dev");
    await scene.secret("password", { user: name, password });
    await scene.server("password", { credentialsSecretRef: { name: "password" } });
    const job = scene.job("password");
    await jenkins.makeJob(job, { parameters: { KJO_BUILD_ID: "" } });
    const isCrumb = ({ path }: { path: string }): boolean => path.endsWith("/crumbIssuer/api/json");
    await eventually(async () =>
      assert.equal(conditionOf(await scene.get("JenkinsServer", "password"), "Ready")?.status, "True"),
    );
    const before = jenkins.front.requests.filter(isCrumb).length;
    for (const at of [1, 2, 3]) await scene.build(`password-${at}`, { job, jenkinsRef: { name: "password" } });
    for (const at of [1, 2, 3]) await scene.phase(`password-${at}`, "Succeeded");
    assert.equal(await builds(job), 3);
    assert.equal(jenkins.front.requests.filter(isCrumb).length, before);
    // Sessions end with Jenkins: the next build costs another crumb.
    await jenkins.double!.restart("graceful");
    await scene.build("password-4", { job, jenkinsRef: { name: "password" } });
    await scene.phase("password-4", "Succeeded");
    assert.equal(await builds(job), 4);
  });

  it("a user who may only read, with the job's remote-trigger token", async () => {
    const { name, token } = user("reader");
    const job = scene.job("remote");
    await env().jenkins.makeJob(job, { remoteToken: "remote-trigger-secret" });
    await scene.secret("reader", { user: name, token });
    await scene.secret("remote", { token: "remote-trigger-secret" });
    await scene.server("reader", { credentialsSecretRef: { name: "reader" } });
    await scene.build("not-permitted", { job, jenkinsRef: { name: "reader" } });
    await scene.phase("not-permitted", "Pending", /lacks hudson.model.Item.Build/);
    await scene.build("remote", { job, jenkinsRef: { name: "reader" }, tokenSecretRef: { name: "remote" } });
    await scene.phase("remote", "Succeeded");
    assert.equal(await builds(job), 1);
  });

  it("nobody, with the job's remote-trigger token: Submitted is the end", async () => {
    const [plain, withParameters] = [scene.job("blind"), scene.job("blind-parameters")];
    await env().jenkins.makeJob(plain, { remoteToken: "blind-secret" });
    await env().jenkins.makeJob(withParameters, { remoteToken: "blind-secret", parameters: { IMAGE: "" } });
    await scene.secret("blind", { token: "blind-secret" });
    await scene.server("nobody", {});
    const common = { jenkinsRef: { name: "nobody" }, tokenSecretRef: { name: "blind" } };
    await scene.build("blind", { job: plain, ...common });
    await scene.build("blind-parameters", {
      job: withParameters,
      parameters: [{ name: "IMAGE", value: "orders:2" }],
      ...common,
    });
    await scene.phase("blind", "Submitted", /without credentials nothing is learnt/);
    await scene.phase("blind-parameters", "Submitted");
    assert.equal(conditionOf(await scene.get("JenkinsBuild", "blind"), "Ready")?.reason, "Submitted");
    assert.deepEqual([await builds(plain), await builds(withParameters)], [1, 1]);
    assert.match(
      conditionOf(await scene.get("JenkinsServer", "nobody"), "Ready")?.message ?? "",
      /shows nothing to anonymous/,
    );
    assert.ok(env().jenkins.front.requests.every(({ path }) => !path.includes("secret")));
  });

  it("nobody, with a wrong token: nothing is built, and it is said", async () => {
    const job = scene.job("wrong-token");
    await env().jenkins.makeJob(job, { remoteToken: "right-token" });
    await scene.secret("wrong", { token: "wrong-token" });
    await scene.build("wrong-token", { job, jenkinsRef: { name: "nobody" }, tokenSecretRef: { name: "wrong" } });
    await scene.phase("wrong-token", "Pending", /token is wrong/);
    assert.equal(await builds(job), 0);
  });

  it("somebody whom Jenkins does not know: the server says so, and again when the Secret is right", async () => {
    await scene.secret("unknown", { user: "admin", token: "11aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" });
    await scene.server("unknown", { credentialsSecretRef: { name: "unknown" } });
    const ready = (reason: string) =>
      eventually(async () =>
        assert.equal(conditionOf(await scene.get("JenkinsServer", "unknown"), "Ready")?.reason, reason),
      );
    await ready("AuthFailed");
    await scene.secret("unknown", { user: "admin", token: user("admin").token });
    await ready("Connected");
  });
});
