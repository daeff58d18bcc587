import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { startControlPlane } from "../controlplane/control-plane.ts";
import { ControlPlaneUnavailableError, findTools, type Tool } from "../controlplane/tools.ts";
import { HelmUnavailableError, findHelm } from "../dev/helm.ts";

const VARIABLES = ["PATH", "XDG_CACHE_HOME", "KUBEBUILDER_ASSETS", "KJO_TEST_KUBECONFIG"] as const;
/** Does what `go build -o FILE` does to the caller: prints what it compiles, takes its time, writes the file. */
const GO = `#!/bin/sh
if [ "$1" = env ]; then echo go1.99.0; exit 0; fi
echo "built" >> "$(dirname "$0")/builds"
while [ "$1" != -o ]; do shift; done
sleep 0.3
echo "#!/bin/sh" > "$2"
chmod +x "$2"
`;
const OLD_GO = `#!/bin/sh
echo "go: go.mod requires go >= 1.26.0 (running go 1.19; GOTOOLCHAIN=local)" >&2
exit 1
`;
const FAILING_GO = `#!/bin/sh
if [ "$1" = env ]; then echo go1.99.0; exit 0; fi
echo "main.go:1: no such thing" >&2
exit 3
`;

describe("test/controlplane/tools", () => {
  const saved = Object.fromEntries(VARIABLES.map((name) => [name, process.env[name]]));
  let folder: string;
  let lines: string[];
  const log = (line: string) => void lines.push(line);

  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), "kjo-tools-"));
    lines = [];
    for (const name of VARIABLES) delete process.env[name];
    process.env["XDG_CACHE_HOME"] = path.join(folder, "cache");
    process.env["PATH"] = `${path.join(folder, "bin")}:/usr/bin:/bin`;
  });

  afterEach(async () => {
    for (const [name, value] of Object.entries(saved)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await fs.rm(folder, { recursive: true, force: true });
  });

  async function program(file: string, text = "#!/bin/sh\n"): Promise<string> {
    const whole = path.join(folder, file);
    await fs.mkdir(path.dirname(whole), { recursive: true });
    await fs.writeFile(whole, text, { mode: 0o755 });
    return whole;
  }

  it("takes the programs of KUBEBUILDER_ASSETS first, then those of the PATH", async () => {
    process.env["KUBEBUILDER_ASSETS"] = path.join(folder, "assets");
    const etcd = await program("assets/etcd");
    const server = await program("assets/kube-apiserver");
    await program("bin/etcd");
    await program("bin/kube-apiserver");
    const scheduler = await program("bin/kube-scheduler");
    const tools = await findTools(["etcd", "kube-apiserver", "kube-scheduler"], log);
    assert.deepEqual(tools, { etcd, "kube-apiserver": server, "kube-scheduler": scheduler });
  });

  it("builds all of it where the PATH has no API server, once for two that ask at the same time", async () => {
    await program("bin/go", GO);
    await program("bin/kubectl");
    const needed: Tool[] = ["etcd", "kubectl"];
    const [one, other] = await Promise.all([findTools(needed, log), findTools(needed, log)]);
    assert.deepEqual(one, other);
    assert.ok(one.kubectl?.startsWith(path.join(folder, "cache/kong-jenkins-operator/controlplane/")));
    await fs.access(one.kubectl as string, fs.constants.X_OK);
    assert.equal(await fs.readFile(path.join(folder, "bin/builds"), "utf8"), "built\n");
    assert.equal(
      lines.filter((line) => line.startsWith("Building the Kubernetes control plane with go1.99.0")).length,
      1,
    );
    assert.deepEqual(await findTools(needed, log), one);
  });

  it("says what is missing, and each way to get it, where there is no Go", async function () {
    await withoutGo();
    await assert.rejects(findTools(["etcd", "kube-apiserver"], log), (error: Error) => {
      assert.ok(error instanceof ControlPlaneUnavailableError);
      for (const word of ["etcd, kube-apiserver", "Go is not installed", "KUBEBUILDER_ASSETS", "KJO_TEST_KUBECONFIG"]) {
        assert.ok(error.message.includes(word), error.message);
      }
      return true;
    });
    await assert.rejects(findHelm(log), HelmUnavailableError);
  });

  it("says so where Go is too old", async () => {
    await program("bin/go", OLD_GO);
    await assert.rejects(findTools(["etcd"], log), {
      constructor: ControlPlaneUnavailableError,
      message: /requires go >= 1\.26\.0/,
    });
  });

  it("fails with the last lines of a build that fails, and leaves nothing of it", async () => {
    await program("bin/go", FAILING_GO);
    await assert.rejects(findTools(["etcd"], log), /ended with code 3; its last lines:\n {2}main\.go:1: no such thing/);
    assert.deepEqual(await fs.readdir(path.join(folder, "cache/kong-jenkins-operator/controlplane")), []);
  });

  it("uses the cluster of KJO_TEST_KUBECONFIG as it is", async () => {
    const kubectl = await program("bin/kubectl");
    const kubeconfig = path.join(folder, "kubeconfig");
    process.env["KJO_TEST_KUBECONFIG"] = kubeconfig;
    await fs.writeFile(
      kubeconfig,
      `current-context: b
clusters: [{ name: a, cluster: { server: "https://a.test" } }, { name: b, cluster: { server: "https://b.test" } }]
contexts: [{ name: a, context: { cluster: a } }, { name: b, context: { cluster: b } }]
`,
    );
    const { stop, ...controlPlane } = await startControlPlane();
    assert.deepEqual(controlPlane, { kubeconfig, kubectl, url: "https://b.test" });
    await stop();
    await fs.access(kubeconfig);
  });

  /** A PATH without the machine's own Go, whichever folder that is in. */
  async function withoutGo(): Promise<void> {
    await fs.mkdir(path.join(folder, "bin"), { recursive: true });
    process.env["PATH"] = path.join(folder, "bin");
  }
});
