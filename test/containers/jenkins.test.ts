import assert from "node:assert/strict";
import { GenericContainer, Wait, type StartedTestContainer } from "testcontainers";
import { engineOrSkip } from "./engine.ts";
import { pullOrSkip } from "./images.ts";

const JENKINS = "docker.io/jenkins/jenkins:lts-jdk21";
const PORT = 8080;
const START_LIMIT_MS = 10 * 60_000;

/** Only that one can be had and answers; what the operator does with it comes with the delivery kinds. */
describe("containers/Jenkins", () => {
  let jenkins: StartedTestContainer | undefined;

  before("start Jenkins", async function () {
    this.timeout(START_LIMIT_MS);
    await pullOrSkip(this, await engineOrSkip(this), JENKINS);
    jenkins = await new GenericContainer(JENKINS)
      .withEnvironment({ JAVA_OPTS: "-Djenkins.install.runSetupWizard=false" })
      .withExposedPorts(PORT)
      // 503 while it starts.
      .withWaitStrategy(Wait.forHttp("/api/json", PORT).forStatusCode(200))
      .withStartupTimeout(START_LIMIT_MS)
      .start();
  });

  after(async () => {
    await jenkins?.stop();
  });

  it("answers its remote API with its version", async () => {
    const response = await fetch(`http://${jenkins?.getHost()}:${jenkins?.getMappedPort(PORT)}/api/json`);
    assert.match(response.headers.get("x-jenkins") ?? "", /^\d+\.\d+/);
    assert.equal(((await response.json()) as { _class: string })._class, "hudson.model.Hudson");
  });
});
