import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startOwnControlPlane, type ControlPlane } from "../controlplane/control-plane.ts";
import { controlPlaneOrSkip } from "../controlplane/suite.ts";
import { startChild } from "../dev/child-process.ts";
import { processesNaming } from "../dev/processes.ts";

const run = promisify(execFile);
const START = fileURLToPath(new URL("../fixtures/start-control-plane.ts", import.meta.url));

describe("test/controlplane", () => {
  let controlPlane: ControlPlane;

  before(async function () {
    const components = ["controller-manager", "scheduler", "kwok"] as const;
    controlPlane = await controlPlaneOrSkip(this, () => startOwnControlPlane({ components, auditLog: true }));
  });

  after(async () => controlPlane?.stop());

  async function kubectl(...args: string[]): Promise<string> {
    const { stdout } = await run(controlPlane.kubectl, ["--kubeconfig", controlPlane.kubeconfig, ...args]);
    return stdout.trim();
  }

  it("rolls a Deployment out to Available on the simulated node", async () => {
    await kubectl("create", "deployment", "web", "--image=example.test/web:1", "--replicas=3");
    await kubectl("rollout", "status", "deployment/web", "--timeout=20s");
    const pods = await kubectl("get", "pods", "--selector=app=web", "-o", "jsonpath={.items[*].status.phase}");
    assert.equal(pods, "Running Running Running");
  });

  it("completes a Job", async () => {
    await kubectl("create", "job", "once", "--image=example.test/once:1");
    await kubectl("wait", "--for=condition=complete", "job/once", "--timeout=20s");
  });

  it("ends a deleted namespace with all that is in it", async () => {
    await kubectl("create", "namespace", "short-lived");
    await kubectl("create", "configmap", "a", "--namespace=short-lived");
    await kubectl("delete", "namespace", "short-lived", "--timeout=20s");
    assert.equal(await kubectl("get", "namespace", "short-lived", "--ignore-not-found"), "");
  });

  it("writes each request to the audit log, with its user and verb", async () => {
    await kubectl("get", "configmaps", "--namespace=audited");
    const lines = (await fs.readFile(controlPlane.auditLogPath as string, "utf8")).trim().split("\n");
    const events = lines.map((line) => JSON.parse(line));
    const event = events.find(({ objectRef }) => objectRef?.namespace === "audited");
    assert.deepEqual([event.user.username, event.verb, event.objectRef.resource], ["kjo-admin", "list", "configmaps"]);
  });

  it("leaves no process and no file behind after stop", async () => {
    const folder = path.dirname(controlPlane.kubeconfig);
    assert.notDeepEqual(await processesNaming(folder), []);
    await controlPlane.stop();
    assert.deepEqual(await processesNaming(folder), []);
    await assert.rejects(fs.access(folder), { code: "ENOENT" });
  });
});

describe("test/controlplane, when its process is killed", () => {
  it("leaves no process and no file behind", async function () {
    this.timeout(120_000);
    await controlPlaneOrSkip(this);
    let folder = "";
    const { promise: ready, resolve } = Promise.withResolvers<void>();
    const child = await startChild("starter", process.execPath, [START], {
      onLine: (line) => {
        folder = path.dirname(line);
        resolve();
      },
    });
    await Promise.race([ready, child.exited.then(() => assert.fail(child.lastLines().join("\n")))]);
    assert.equal((await processesNaming(folder)).length, 2);
    child.signal("SIGKILL");
    await child.exited;
    await until(async () => (await processesNaming(folder)).length === 0);
    await until(async () => !(await exists(folder)));
  });
});

async function exists(file: string): Promise<boolean> {
  return fs.access(file).then(
    () => true,
    () => false,
  );
}

async function until(isDone: () => Promise<boolean>, deadlineMs = 20_000): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!(await isDone())) {
    if (Date.now() > deadline) assert.fail(`not after ${deadlineMs} ms`);
    await delay(100);
  }
}
