import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { kjo, type CommandResult } from "../dev/kjo-command.ts";
import { skip } from "../dev/skip.ts";
import { RUN, RUN_TAG } from "./setup-run.ts";
import { useScene } from "./setup-scene.ts";
import { env } from "./setup.ts";

const CANARY = `${RUN}-canary`;

describe("configuration as code", () => {
  const scene = useScene("code");
  const instance = `${RUN}-code.cli`;
  const tag = `${RUN_TAG}.code`;
  const outputs: string[] = [];
  let folder = "";

  before(async function () {
    folder = await mkdtemp(path.join(os.tmpdir(), "kjo-code-"));
    const { configuration } = await env().kong.admin<{ id: string; configuration: { database: string } }>("GET", "/");
    if (configuration.database === "off") skip(this, "a gateway without a database has one owner, here the operator");
  });

  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const file = (name: string): string => path.join(folder, name);

  async function run(...args: readonly string[]): Promise<CommandResult> {
    const result = await kjo(args, { env: { KJO_KONG_URL: env().kong.adminUrl } });
    outputs.push(result.stdout, result.stderr);
    return result;
  }

  async function must(code: number, ...args: readonly string[]): Promise<CommandResult> {
    const result = await run(...args);
    assert.equal(result.code, code, `kjo ${args.join(" ")}\n${result.stdout}\n${result.stderr}`);
    return result;
  }

  /** As a person would have made it with curl. */
  async function makeByHand(): Promise<void> {
    const { kong } = env();
    const post = (at: string, body: object) => kong.admin("POST", at, { ...body, tags: [tag] });
    const name = (part: string): string => `${RUN}-code-${part}`;
    const upstream = await post("/upstreams", { name: name("orders"), slots: 100 });
    await post(`/upstreams/${upstream.id}/targets`, { target: "192.0.2.10:80", weight: 7 });
    const service = await post("/services", { name: name("orders"), host: name("orders"), retries: 2 });
    const route = await post("/routes", {
      name: name("orders"),
      paths: [`/${name("orders")}`],
      service: { id: service.id },
    });
    const consumer = await post("/consumers", { username: name("app") });
    const under = `/consumers/${consumer.id}`;
    await post(`${under}/acls`, { group: name("gold") });
    await post(`${under}/key-auth`, { key: `${CANARY}-key` });
    await post(`${under}/jwt`, { key: `${CANARY}-issuer`, secret: `${CANARY}-jwt` });
    await post(`${under}/basic-auth`, { username: `${CANARY}-user`, password: `${CANARY}-password` });
    await post(`${under}/hmac-auth`, { username: `${CANARY}-hmac`, secret: `${CANARY}-hmac-secret` });
    await post(`${under}/oauth2`, {
      name: "app",
      client_id: `${CANARY}-client`,
      client_secret: `${CANARY}-client-secret`,
      redirect_uris: ["https://app.example/callback"],
    });
    const redis = { host: "redis.invalid", password: `${CANARY}-redis` };
    await post("/plugins", { name: "key-auth", service: { id: service.id } });
    await post("/plugins", { name: "cors", route: { id: route.id }, enabled: false });
    await post("/plugins", { name: "rate-limiting", consumer: { id: consumer.id }, config: { minute: 5, redis } });
    await post("/plugins", {
      name: "request-termination",
      route: { id: route.id },
      consumer: { id: consumer.id },
      config: { status_code: 418 },
    });
    // Global, and without effect on what others do with this gateway.
    await post("/plugins", { name: "request-size-limiting", enabled: false, instance_name: name("global") });
  }

  it("takes a gateway over that was made by hand: only the marks change, and a second look finds no difference", async () => {
    await makeByHand();
    const manifests = file("by-hand.yaml");
    const exported = ["export", "--format", "crd", "--tag", tag, "-n", "team-a", "--with-secrets", "-o", manifests];
    const { stderr } = await must(0, ...exported);
    assert.match(stderr, /basicauth_credentials of consumer .*: password: Kong keeps only a hash/);
    assert.equal((await stat(manifests)).mode & 0o777, 0o600);
    const common = ["-f", manifests, "--instance", instance];
    const planned = await must(2, "diff", ...common);
    const changes = planned.stdout.split("\n").filter((line) => /^[+~-]/.test(line));
    assert.ok(
      changes.length > 10 && changes.every((line) => line.startsWith("~") && line.includes("taken over")),
      planned.stdout,
    );
    const synced = await must(0, "sync", ...common);
    assert.match(synced.stdout, /: 0 created, \d+ changed, 0 removed/);
    await must(0, "diff", ...common, "--prune");
  });

  it("comes back from a decK file without a difference", async () => {
    const deck = file("kong.yaml");
    await must(0, "export", "--format", "deck", "--tag", tag, "--with-secrets", "-o", deck);
    assert.match(await readFile(deck, "utf8"), /^_format_version: "3\.0"$/m);
    const config = file("config");
    await must(0, "import", deck, "-o", config, "--namespace", "team-a", "--with-secrets");
    assert.equal((await stat(path.join(config, "secrets.yaml"))).mode & 0o777, 0o600);
    await must(0, "diff", "-f", config, "--instance", instance, "--prune");
  });

  it("writes no secret where it was not asked to", async () => {
    await must(0, "export", "--format", "deck", "--tag", tag);
    await must(0, "export", "--format", "crd", "--tag", tag);
    await must(0, "import", file("kong.yaml"));
    const { code, stderr } = await run("export", "--format", "deck", "--with-secrets");
    assert.equal(code, 1);
    assert.match(stderr, /--with-secrets needs -o FILE/);
  });

  it("names a changed field with both values, repairs it, and removes what is no longer described", async () => {
    const { kong } = env();
    const service = `${RUN}-code-orders`;
    await kong.admin("PATCH", `/services/${service}`, { retries: 9 });
    const config = ["-f", file("config"), "--instance", instance];
    const { stdout } = await must(2, "diff", ...config);
    assert.match(stdout, new RegExp(`^~ services ${service} .*: retries 9 → 2$`, "m"));
    const { stdout: json } = await must(2, "diff", ...config, "-o", "json");
    const { changes } = JSON.parse(json) as { changes: { type: string; fields: object[] }[] };
    assert.deepEqual(changes[0]?.fields, [{ path: "retries", before: 9, after: 2 }]);
    await must(0, "sync", ...config);
    assert.equal((await kong.find("services", service))?.["retries"], 2);
    const rest = path.join(file("config"), "kongconsumers.yaml");
    const secrets = path.join(file("config"), "secrets.yaml");
    await must(0, "sync", "-f", rest, "-f", secrets, "--instance", instance, "--prune");
    assert.equal(await kong.find("services", service), undefined);
    assert.ok(await kong.find("consumers", `${RUN}-code-app`));
    await must(1, "sync", "-f", "-", "--instance", instance, "--prune");
  });

  it("leaves an operator's objects to it, and acts in its place only when told its cluster", async () => {
    await scene.apply(
      ["KongService", "users", { url: "http://users.invalid" }],
      ["KongRoute", "users", { serviceRef: { name: "users" }, paths: [scene.path("/users")] }],
    );
    await scene.ready("KongRoute", "users");
    const kubeconfig = env().cluster.kubeconfig;
    const exported = await must(
      0,
      "export",
      "--format",
      "crd",
      "-n",
      scene.namespace,
      "--kubeconfig",
      kubeconfig,
      "-o",
      file("cluster.yaml"),
    );
    assert.equal(exported.stderr, "");
    const refused = await must(1, "sync", "-f", file("cluster.yaml"));
    assert.match(refused.stderr, /InstanceInUse/);
    const uid = (await scene.get("KongGateway", "default")).status?.["cluster"] as string;
    const same = await must(0, "diff", "-f", file("cluster.yaml"), "--cluster", uid, "--prune");
    assert.match(same.stdout, /no difference/);
    const deck = await must(0, "export", "--format", "deck", "-n", scene.namespace, "--kubeconfig", kubeconfig);
    assert.match(deck.stdout, new RegExp(`name: ${scene.kongName("users")}`));
  });

  it("leaves everybody else's entities as they were, and no secret in any output", async () => {
    const { foreign } = env();
    assert.deepEqual(await foreign.now(), foreign.before);
    assert.deepEqual(
      outputs.filter((text) => text.includes(CANARY)),
      [],
    );
  });
});
