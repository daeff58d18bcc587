import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { controlPlaneOrSkip } from "../controlplane/suite.ts";
import { processesNaming } from "../dev/processes.ts";

const CLUSTER = fileURLToPath(new URL("../dev/cluster.ts", import.meta.url));

describe("npm run cluster", () => {
  let folder: string;
  let state: string;

  before(async function () {
    await controlPlaneOrSkip(this);
    folder = await fs.mkdtemp(path.join(os.tmpdir(), "kjo-cluster-"));
    state = path.join(folder, "a cluster's state"); // a name that a shell must have quoted
  });

  after(async () => {
    if (folder === undefined) return;
    await shell(`${cluster("down")}`);
    await fs.rm(folder, { recursive: true, force: true });
  });

  const cluster = (command: string) => `"$NODE" "$CLUSTER" ${command} --state "$STATE"`;

  async function shell(script: string): Promise<{ code: number; stdout: string; stderr: string }> {
    const env = { ...process.env, NODE: process.execPath, CLUSTER, STATE: state };
    const child = spawn("/bin/sh", ["-c", script], { env, stdio: ["ignore", "pipe", "pipe"] });
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk) => (output.stdout += chunk));
    child.stderr.on("data", (chunk) => (output.stderr += chunk));
    const [code] = await once(child, "close");
    return { code, ...output };
  }

  it("has no environment to print before it is up", async () => {
    const { code, stdout, stderr } = await shell(cluster("env"));
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /npm run cluster -- up/);
  });

  it("starts once for two that ask at the same time, and stays", async function () {
    this.timeout(120_000);
    const [one, other] = await Promise.all([shell(cluster("up")), shell(cluster("up"))]);
    assert.deepEqual([one.code, other.code], [0, 0], one.stderr + other.stderr);
    const urls = [one, other].map(({ stdout }) => /The cluster is up at (\S+)\./.exec(stdout)?.[1]);
    assert.ok(urls[0]);
    assert.equal(urls[0], urls[1]);
  });

  it("prints what a shell needs to reach it", async () => {
    const { stdout, stderr } = await shell(`eval "$(${cluster("env")})"; kubectl get nodes --output=name`);
    assert.equal(stdout, "node/kjo-node\n", stderr);
  });

  it("ends at down, which is no error the second time", async () => {
    assert.equal((await processesNaming(state)).length, 1);
    assert.deepEqual(await shell(cluster("down")), { code: 0, stdout: "The cluster has been stopped.\n", stderr: "" });
    assert.deepEqual(await processesNaming(state), []);
    assert.deepEqual(await shell(cluster("down")), { code: 0, stdout: "No cluster is running.\n", stderr: "" });
  });
});
