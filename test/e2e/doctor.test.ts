import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Finding } from "../../src/doctor/finding.ts";
import { needsDatabase } from "./setup-database.ts";
import { eventually } from "./setup-eventually.ts";
import { useScene } from "./setup-scene.ts";
import { env, OPERATOR_NAMESPACE } from "./setup.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const CRDS = fileURLToPath(new URL("../../crds", import.meta.url));

interface Diagnosis {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly findings: readonly Finding[];
}

/** `kjo doctor` as a process of its own. */
function doctor(...args: readonly string[]): Promise<Diagnosis> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, "doctor", ...args], (error, stdout, stderr) => {
      const findings = stdout.startsWith("{") ? (JSON.parse(stdout) as { findings: Finding[] }).findings : [];
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr, findings });
    });
  });
}

describe("kjo doctor", function () {
  this.timeout(90_000);
  const scene = useScene("doctor");

  function examine(...args: readonly string[]): Promise<Diagnosis> {
    const given = ["--kubeconfig", env().cluster.kubeconfig, "--operator-namespace", OPERATOR_NAMESPACE];
    return doctor(...given, "-n", scene.namespace, "-o", "json", ...args);
  }

  function assertFinding({ findings }: Diagnosis, wanted: Partial<Finding>, message: RegExp, remedy?: RegExp): void {
    const isWanted = (finding: Finding): boolean =>
      Object.entries(wanted).every(([name, value]) => finding[name as keyof Finding] === value) &&
      message.test(finding.message) &&
      (remedy === undefined || remedy.test(finding.remedy ?? ""));
    assert.ok(
      findings.some(isWanted),
      `no finding ${JSON.stringify(wanted)} ${message}: ${JSON.stringify(findings, undefined, 1)}`,
    );
  }

  it("finds no problem where all is well", async () => {
    await scene.apply(
      ["KongService", "a", { url: env().backends.a.url }],
      ["KongRoute", "a", { serviceRef: { name: "a" }, paths: [scene.path("/a")] }],
    );
    await scene.ready("KongRoute", "a");
    const diagnosis = await examine();
    assert.equal(diagnosis.code, 0, diagnosis.stdout + diagnosis.stderr);
    assertFinding(diagnosis, { check: "cluster", level: "ok" }, /Kubernetes v1\./);
    assertFinding(diagnosis, { check: "crds", level: "ok" }, /kinds are installed as this version has them/);
    assert.deepEqual(
      diagnosis.findings.filter(({ check, level }) => check === "crds" && level !== "ok"),
      [],
    );
    assertFinding(diagnosis, { check: "operator", level: "ok" }, /leads since/);
    assertFinding(diagnosis, { check: "access", subject: "you", level: "ok" }, /may do all/);
    const gateway = { check: "gateway", subject: `KongGateway ${scene.namespace}/default`, level: "ok" } as const;
    assertFinding(diagnosis, gateway, /Kong \d+\.\d+.* router /);
    assertFinding(diagnosis, gateway, /plugins are enabled/);
    assertFinding(diagnosis, gateway, new RegExp(`our instance ${scene.namespace}.default holds 1 services, 1 routes`));
    assertFinding(diagnosis, { check: "gateway", subject: gateway.subject }, /1337 is not Kong's port/);
    assertFinding(diagnosis, { check: "objects", level: "ok" }, /^3 of 3 are as they should be/);
  });

  it("names a Secret without its label, with the command, and never shows a value", async () => {
    await scene.secret("unlabelled", { key: `${scene.namespace}-doctor-key` }, {});
    const credentials = [{ type: "key-auth", secretRef: { name: "unlabelled" } }];
    await scene.apply(["KongConsumer", "user", { credentials }]);
    await scene.condition("KongConsumer", "user", "Ready", { status: "False", reason: "SecretNotFound" });
    const diagnosis = await examine();
    assert.equal(diagnosis.code, 1);
    assertFinding(
      diagnosis,
      { check: "secrets", level: "problem" },
      /lacks the label/,
      /kubectl label secret .* unlabelled kjo.dev\/secret=true/,
    );
    assertFinding(
      diagnosis,
      { check: "objects", level: "problem", subject: "Ready=False SecretNotFound" },
      /KongConsumer .*\/user/,
      /lacks the label/,
    );
    assert.ok(!diagnosis.stdout.includes("doctor-key"), "a Secret's value is shown");
    await scene.delete("KongConsumer", "user");
  });

  it("says of a gateway that is away that it is, and of its objects that they wait", async () => {
    await scene.apply(["KongGateway", "away", { adminApi: { url: "http://127.0.0.1:9" } }]);
    await scene.condition("KongGateway", "away", "Ready", { status: "False" });
    const diagnosis = await examine();
    const subject = `KongGateway ${scene.namespace}/away`;
    assertFinding(
      diagnosis,
      { check: "gateway", subject, level: "problem" },
      /cannot connect to the Admin API/,
      /is the gateway up/,
    );
    assertFinding(diagnosis, { check: "gateway", subject, level: "problem" }, /the operator says ConnectionRefused/);
    assert.equal(diagnosis.code, 1);
    await scene.delete("KongGateway", "away");
    await scene.gone("KongGateway", "away");
  });

  it("sees entities of another cluster under our instance", async function () {
    needsDatabase(this, "a second KongGateway needs a gateway of its own");
    const tags = [
      `kjo.instance:${scene.namespace}.held`,
      "kjo.cluster:6f0c2f9e-0000-4000-8000-000000000001",
      "kjo.object:KongService:a:b",
    ];
    await scene.apply(["KongGateway", "held", { adminApi: { url: scene.front.url } }]);
    await scene.ready("KongGateway", "held");
    const { id } = await env().kong.admin("POST", "/services", {
      name: `${scene.namespace}-held`,
      url: "http://a.invalid",
      tags,
    });
    try {
      const diagnosis = await examine();
      assertFinding(
        diagnosis,
        { check: "gateway", level: "problem" },
        /is held by another cluster, 6f0c2f9e/,
        /spec.takeOver: 6f0c2f9e/,
      );
    } finally {
      await env().kong.admin("DELETE", `/services/${id}`);
    }
    await scene.delete("KongGateway", "held");
  });

  it("finds a kind of another version, and one that is missing its field, with the command", async () => {
    const crd = "kongroutes.kjo.dev";
    const at = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/regex_priority/description";
    const patch = JSON.stringify([{ op: "replace", path: at, value: "An older text." }]);
    try {
      await env().cluster.kubectl(["patch", "crd", crd, "--type=json", "-p", patch]);
      const diagnosis = await examine();
      assertFinding(
        diagnosis,
        { check: "crds", subject: crd, level: "warning" },
        /differs .*spec\.regex_priority\.description/,
        /kubectl apply --server-side/,
      );
    } finally {
      await env().cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-f", CRDS]);
    }
  });

  it("says what a ServiceAccount without roles may not do", async () => {
    const diagnosis = await examine("--service-account", `${scene.namespace}/default`);
    const subject = `ServiceAccount ${scene.namespace}/default`;
    assertFinding(
      diagnosis,
      { check: "access", subject, level: "problem" },
      /may not list .*and \d+ more/,
      /manifests\/install.yaml/,
    );
    assert.equal(diagnosis.code, 1);
  });

  it("says that nobody leads where the Lease has run out or does not exist", async () => {
    const none = await examine("--lease-name", "no-such-lease");
    assertFinding(none, { check: "operator", level: "problem" }, /no operator has run here/, /start the operator/);
    await env().operator.stop();
    try {
      const released = await eventually(async () => {
        const diagnosis = await examine();
        assertFinding(diagnosis, { check: "operator", level: "problem" }, /nobody leads/);
        return diagnosis;
      });
      assert.equal(released.code, 1);
    } finally {
      await env().operator.start();
    }
  });

  it("looks at a gateway without any cluster", async () => {
    const diagnosis = await doctor("--kong", env().kong.adminUrl, "-o", "json");
    assert.equal(diagnosis.code, 0, diagnosis.stdout);
    assert.deepEqual([...new Set(diagnosis.findings.map(({ check }) => check))], ["gateway"]);
    assertFinding(diagnosis, { level: "ok" }, new RegExp(`instance ${scene.namespace}.default of cluster .* holds`));
  });

  it("is text for people unless asked otherwise, without colours where no terminal is", async () => {
    const { stdout, code } = await doctor("--kong", env().kong.adminUrl);
    assert.equal(code, 0);
    assert.match(stdout, /^gateway\n {2}ok {6}http/);
    assert.match(stdout, /\d+ ok, \d+ warnings, 0 problems, 0 skipped\n$/);
    assert.ok(!stdout.includes("\u001b"));
  });

  it("ends with 1 where the cluster cannot be reached, and says how to look for the reason", async () => {
    const file = path.join(os.tmpdir(), `${scene.namespace}-kubeconfig`);
    const cluster = { server: "https://127.0.0.1:9" };
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "a", cluster }],
      users: [{ name: "a", user: {} }],
      contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
      "current-context": "a",
    };
    await writeFile(file, JSON.stringify(config));
    try {
      const diagnosis = await doctor("--kubeconfig", file, "-o", "json");
      assertFinding(diagnosis, { check: "cluster", level: "problem" }, /ECONNREFUSED/, /kubectl cluster-info/);
      assert.equal(diagnosis.code, 1);
      const noContext = await doctor("--kubeconfig", file, "--context", "b", "-o", "json");
      assertFinding(noContext, { check: "cluster", level: "problem" }, /no context b/);
    } finally {
      await rm(file, { force: true });
    }
  });

  for (const [args, message] of [
    [["--no-such"], /no-such/],
    [["-o", "yaml"], /--output: must be text or json/],
    [["--kong", "ftp://a"], /--kong: must be http/],
    [["--service-account", "a"], /NAMESPACE\/NAME/],
  ] as const) {
    it(`ends with 2 for ${args.join(" ")}`, async () => {
      const { code, stderr } = await doctor(...args);
      assert.equal(code, 2);
      assert.match(stderr, message);
      assert.match(stderr, /see kjo doctor --help/);
    });
  }
});
