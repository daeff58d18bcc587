import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { inOwnNetwork, podAddress } from "../dev/own-network.ts";
import { skip } from "../dev/skip.ts";

const TELL = `process.send({ pid: process.pid, pod: process.env.KJO_NO_OWN_NETWORK ?? "own" }); setInterval(() => {}, 1000)`;

describe("a network namespace of a suite's own", () => {
  it("is of the very process that was spawned, which talks to its parent and gets its signals", async function () {
    const { command, args, env } = await inOwnNetwork(process.execPath, ["-e", TELL]);
    if (command === process.execPath) skip(this, env["KJO_NO_OWN_NETWORK"] ?? "");
    const stdio = ["ignore", "ignore", "ignore", "ipc"] as const;
    const child = spawn(command, args, { env, stdio: [...stdio], detached: true });
    const [message] = (await once(child, "message")) as [unknown];
    assert.deepEqual(message, { pid: child.pid, pod: "own" });
    process.kill(-(child.pid as number), "SIGTERM");
    const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
    assert.deepEqual([code, signal], [null, "SIGTERM"]);
  });

  it("is not used with a Kong or a cluster elsewhere, and says so", () => {
    for (const name of ["KONG_ADMIN_URL", "KJO_TEST_KUBECONFIG"]) {
      const found = podAddress({ [name]: "x" });
      assert.ok("reason" in found && found.reason.startsWith(name), JSON.stringify(found));
    }
    assert.deepEqual(podAddress({ KONG_ADMIN_URL: "x", KJO_E2E_HOST: "10.1.2.3" }), { address: "10.1.2.3" });
  });
});
