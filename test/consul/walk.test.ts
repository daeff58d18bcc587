import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { openBackend, type KongBackend } from "../e2e/setup-backends.ts";
import { eventually } from "../e2e/setup-eventually.ts";
import { echoOf, type ProxyRequest } from "../e2e/setup-kong.ts";
import { LogSink } from "../e2e/setup-log-sink.ts";
import { useScene, type Spec } from "../e2e/setup-scene.ts";
import { env } from "../e2e/setup.ts";
import { ConsulAgent, consulOrSkip } from "./agent.ts";

const EVERYONE = ["0.0.0.0/0", "::/0"];
const PER_MINUTE = 5;

// In the order in which somebody new to all this goes: each step stands on those before it.
describe("a first day with the operator", () => {
  const instances: KongBackend[] = [];
  const sink = new LogSink();
  let consul: ConsulAgent;
  before(async function () {
    const program = await consulOrSkip(this);
    consul = await ConsulAgent.start(program);
    const host = process.env["KJO_E2E_HOST"];
    await sink.start(host);
    for (const name of ["order-1", "order-2", "order-3"]) instances.push(await openBackend(name, host));
  });
  after(async () => {
    await consul?.stop();
    for (const instance of instances) await instance.stop();
    if (consul) await sink.stop();
  });
  const scene = useScene("walk");
  const path = scene.path("/order");

  const bind = async (name: string, plugin: string, config: Spec): Promise<void> => {
    await scene.apply(["KongPluginBinding", name, { plugin, config, targets: [{ routeRef: { name: "order" } }] }]);
    await scene.ready("KongPluginBinding", name);
  };
  const unbind = async (...names: readonly string[]): Promise<void> => {
    for (const name of names) await scene.delete("KongPluginBinding", name);
    for (const name of names) await scene.gone("KongPluginBinding", name);
  };
  const keyOf = async (consumer: string): Promise<ProxyRequest> => {
    const { key = "" } = await secretData(`${consumer}-key`);
    return { headers: { apikey: key } };
  };

  it("begins with a service, a route on it and a request through the proxy", async () => {
    await scene.apply(
      ["KongService", "order", { url: env().backends.a.url }],
      ["KongRoute", "order", { serviceRef: { name: "order" }, paths: [path] }],
    );
    const asked = await scene.served(`${path}/42`);
    assert.equal(asked.backend, "a");
    assert.equal(asked.path, "/42");
    // A cluster that has just got these kinds takes a moment to tell kubectl of their category.
    await eventually(async () => {
      const { output } = await scene.kubectl("get", "kjo");
      assert.match(output, /kongservice\.kjo\.dev\/order .*True/);
      assert.match(output, /kongroute\.kjo\.dev\/order .*True/);
    });
  });

  it("goes on to tokens: 401 without one, 200 with one that is signed, 401 when that has expired", async () => {
    const credentials = [{ type: "jwt", secretRef: { name: "alice-jwt" }, generate: true, algorithm: "HS256" }];
    await scene.apply(["KongConsumer", "alice", { credentials }]);
    await bind("tokens", "jwt", { claims_to_verify: ["exp"] });
    await scene.ready("KongConsumer", "alice");
    const made = await secretData("alice-jwt");
    const now = Math.floor(Date.now() / 1000);
    const bearer = (exp: number): ProxyRequest => ({ headers: { authorization: `Bearer ${token(made, { exp })}` } });
    await scene.answered(401, path);
    const { headers } = await scene.served(path, bearer(now + 600));
    assert.equal(headers["x-consumer-username"], scene.kongName("alice"));
    const { text } = await scene.answered(401, path, bearer(now - 600));
    assert.match(text, /token expired/);
    await unbind("tokens");
    await scene.served(path);
  });

  it("to keys, and limits for each who has one: 429 for who asks too often, 200 for the other", async () => {
    for (const name of ["alice", "bob"]) {
      const credentials = [{ type: "key-auth", secretRef: { name: `${name}-key` }, generate: true }];
      await scene.apply(["KongConsumer", name, { credentials }]);
      await scene.ready("KongConsumer", name);
    }
    await bind("keys", "key-auth", {});
    await scene.answered(401, path);
    const [alice, bob] = [await keyOf("alice"), await keyOf("bob")];
    await scene.served(path, bob);
    await bind("limit", "rate-limiting", { minute: PER_MINUTE, limit_by: "consumer", policy: "local" });
    await eventually(async () => {
      // A minute may end while these are sent, and its count with it.
      const replies = [];
      for (let sent = 0; sent <= PER_MINUTE; sent += 1) replies.push(await env().kong.get(path, alice));
      const last = replies.at(-1);
      assert.equal(last?.status, 429, last?.text);
      assert.equal(last.headers["x-ratelimit-limit-minute"], String(PER_MINUTE));
    });
    await scene.served(path, bob);
    await unbind("limit", "keys");
    await scene.served(path);
  });

  it("to addresses: 403 for a denied one, and for all that are not allowed", async () => {
    await bind("addresses", "ip-restriction", { deny: EVERYONE });
    await scene.answered(403, path);
    await bind("addresses", "ip-restriction", { allow: EVERYONE });
    await scene.served(path);
    await bind("addresses", "ip-restriction", { allow: ["192.0.2.1"] });
    await scene.answered(403, path);
    await unbind("addresses");
    await scene.served(path);
  });

  it("to robots: 403 for those, 200 for people", async () => {
    await bind("robots", "bot-detection", { deny: ["harvester"] });
    await scene.answered(403, path, { headers: { "user-agent": "harvester/2.0" } });
    await scene.served(path, { headers: { "user-agent": "Mozilla/5.0" } });
  });

  it("to the log of every request, at a server of one's own", async () => {
    await bind("log", "http-log", { http_endpoint: sink.url, queue: { max_coalescing_delay: 0.1 } });
    await eventually(async () => {
      await scene.served(`${path}/logged`);
      const entry = sink.entries.find(({ request }) => request?.uri?.startsWith(`${path}/logged`) === true);
      assert.equal(entry?.response?.status, 200);
    });
    await unbind("log", "robots");
  });

  it("to an upstream whose targets are what Consul knows, coming and going", async () => {
    const register = (number: 1 | 2 | 3): Promise<void> =>
      consul.register(`order-${number}`, { service: "order", address: instances[number - 1]?.address ?? "" });
    await register(1);
    await scene.apply(["KongUpstream", "order", { backends: [{ consul: { address: consul.url, service: "order" } }] }]);
    await scene.ready("KongUpstream", "order");
    await scene.apply(["KongService", "order", { upstreamRef: { name: "order" } }]);
    await answering("order-1");
    await register(2);
    await register(3);
    await answering("order-1", "order-2", "order-3");
    await consul.deregister("order-1");
    await consul.fail("order-3");
    await answering("order-2");
    await consul.pass("order-3");
    await answering("order-2", "order-3");
  });

  it("and ends with kubectl delete, which leaves nothing in Kong", async () => {
    assert.ok((await scene.ownedInKong()).length >= 6);
    const { code, output } = await scene.kubectl("delete", "kjo", "--all", "--timeout=45s");
    assert.equal(code, 0, output);
    assert.deepEqual(await scene.objects(), []);
    assert.deepEqual(await scene.ownedInKong(), []);
    await scene.answered(404, path);
  });

  /** Waits until a row of requests reaches these instances and no others. */
  async function answering(...names: readonly string[]): Promise<void> {
    await eventually(async () => {
      const replies = await Promise.all(Array.from({ length: 30 }, () => env().kong.get(path)));
      assert.deepEqual([...new Set(replies.map((reply) => echoOf(reply).backend))].sort(), names);
    });
  }

  /** What the operator has put into a Secret. */
  async function secretData(name: string): Promise<Readonly<Record<string, string>>> {
    const { output } = await scene.kubectl("get", "secret", name, "-o", "json");
    const { data } = JSON.parse(output) as { data: Readonly<Record<string, string>> };
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]),
    );
  }
});

/** A token for who has these, signed with their secret. */
function token({ key = "", secret = "" }: Readonly<Record<string, string>>, claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const head = `${part({ alg: "HS256", typ: "JWT" })}.${part({ iss: key, ...claims })}`;
  return `${head}.${createHmac("sha256", secret).update(head).digest("base64url")}`;
}
